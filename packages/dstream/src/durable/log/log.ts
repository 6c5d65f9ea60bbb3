import { DStreamError } from '../../base/errors/base.js'
import { DamagedError } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import {
  encodeFile,
  encodeFrames,
  type FileKind,
  type Frame,
  type FramePayload,
  PREAMBLE_BYTES,
  readFrames,
} from './frame.js'

/** A file of a log, as it was read. */
export interface Segment {
  readonly file: string
  /** The sequence number of its head, which is the first of its frames. */
  readonly first: number
  /** The first frame, which describes the log as of the beginning of the file. */
  readonly head: Frame
  readonly frames: readonly Frame[]
  /** The sequence number of the first frame of the next file. */
  readonly next: number
  /** The offset at which the last good frame ends. */
  readonly end: number
  /** The number of bytes behind that offset, which a crash has left. */
  readonly torn: number
}

function nameOf(folder: string, first: number): string {
  return `${folder}/${String(first).padStart(16, '0')}.log`
}

/** Returns the files of a log, oldest first. Files with any other name are ignored. */
export async function listLog(storage: Storage, folder: string): Promise<string[]> {
  const files = await storage.list(`${folder}/`)
  return files.filter((file) => /^\d{16}\.log$/.test(file.slice(folder.length + 1)))
}

/** Returns the sequence number of the first frame of the next file; `undefined` for the newest file. */
export function endOfFile(files: readonly string[], i: number): number | undefined {
  const next = files[i + 1]
  return next === undefined ? undefined : Number(/(\d{16})\.log$/.exec(next)![1])
}

/**
 * Reads all files of a log, in order. Accepts only the remains of a crash or of a failed append: a torn tail in the
 * newest file, and in any other file a tail behind the frames from which the next file continues.
 *
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function readLog(storage: Storage, folder: string, kind: FileKind): Promise<readonly Segment[]> {
  const files = await listLog(storage, folder)
  const segments: Segment[] = []
  for (const [i, file] of files.entries()) {
    const bytes = await storage.read(file)
    if (bytes === undefined) throw new DamagedError(file, 0, 'it has gone while it was to be read')
    const segment = readSegment(file, kind, bytes, endOfFile(files, i))
    const before = segments.at(-1)
    if (before !== undefined && before.next !== segment.first) {
      const missing = `what was written between it and ${file} is missing (frames ${before.next} to ${segment.first - 1})`
      throw new DamagedError(before.file, before.end, missing)
    }
    segments.push(segment)
  }
  return segments
}

/** @throws `checkpoint-damaged`, `checkpoint-newer-format` */
function readSegment(file: string, kind: FileKind, bytes: Uint8Array, until: number | undefined): Segment {
  const { first, frames, end, torn } = readFrames(file, kind, bytes, { tail: until === undefined, until })
  const [head, ...rest] = frames
  // A new file is put as a whole with its head, so that a crash cannot leave a file without one.
  if (head === undefined) throw new DamagedError(file, PREAMBLE_BYTES, 'it does not begin with a good frame')
  return { file, first, head, frames: rest, next: first + frames.length, end, torn }
}

/** The crash points of one log. */
export interface LogCrashPoints {
  readonly beforeAppend: (onCrashPoint: CrashHook | undefined) => Promise<void> | void
  readonly appended: (onCrashPoint: CrashHook | undefined) => Promise<void> | void
  readonly rolled: (onCrashPoint: CrashHook | undefined) => Promise<void> | void
}

export function logCrashPoints(name: string): LogCrashPoints {
  return {
    beforeAppend: crashPoint(`${name}:before-append`),
    appended: crashPoint(`${name}:appended`),
    rolled: crashPoint(`${name}:rolled`),
  }
}

export interface LogOptions {
  readonly storage: Storage
  readonly folder: string
  readonly kind: FileKind
  /** The size in bytes above which the log continues in a new file. */
  readonly segmentBytes: number
  /** Returns the head of a new file. */
  readonly head: () => FramePayload
  readonly points: LogCrashPoints
  readonly onCrashPoint: CrashHook | undefined
  readonly retry?: AppendRetry | undefined
}

/** The retries of an append that a passing fault of the disk has failed. */
export interface AppendRetry {
  /** The longest time of retrying in milliseconds, over consecutive failed appends. */
  readonly forMs: number
  /** Resolves after the given number of milliseconds. */
  readonly pause: (ms: number) => Promise<void>
  /** Called once when an append fails, with its error. `recovered` is called once when appends succeed again. */
  readonly failed: (error: unknown) => void
  readonly recovered: (afterMs: number) => void
}

/** The first and the longest pause between two attempts, in milliseconds. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/** The codes of faults that can pass. A lost lock, a foreign change or damage cannot. */
const passing = ['disk-full', 'storage-failed', 'storage-unwritable', 'file-not-trusted']

function canPass(error: unknown): boolean {
  return !(error instanceof DStreamError) || passing.includes(error.code)
}

interface Entry {
  readonly payloads: readonly FramePayload[]
  readonly applied: (segment: number) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface OpenSegment {
  readonly file: string
  readonly first: number
}

/**
 * A log in consecutive files. Entries that arrive during an append are appended together afterwards (group commit).
 *
 * After a failed append the disk may hold any part of it, and a second sync of the same file would not tell which. The
 * log therefore continues in a new file, and the frames of the old file end where the new one begins. No copy is made,
 * since a disk that is nearly full has no room for one.
 */
export class Log {
  readonly #options: LogOptions
  #segments: OpenSegment[] = []
  #next = 0
  #size = 0
  #queue: Entry[] = []
  #draining: Promise<void> | undefined
  /** True after a failed append, when the bytes behind the confirmed frames are unknown. */
  #unsure = false
  #rollNext = false
  /** The time over which appends have failed in a row, counted in pauses. */
  #failingMs = 0

  constructor(options: LogOptions) {
    this.#options = options
  }

  /**
   * Continues a log that was read. Makes the bytes durable that a killed process has left unsynced, and begins a new
   * file.
   */
  async begin(read: readonly Segment[]): Promise<void> {
    const { storage } = this.#options
    const newest = read.at(-1)
    if (newest !== undefined) await storage.append(newest.file, new Uint8Array(0))
    this.#segments = read.map(({ file, first }) => ({ file, first }))
    this.#next = newest?.next ?? 0
    // A run that wrote nothing has left a file with a head only; the new file replaces it.
    if (newest !== undefined && newest.frames.length === 0) {
      this.#segments.pop()
      this.#next = newest.first
    }
    await this.#roll()
  }

  /** The sequence number of the next frame. All frames before it are confirmed. */
  get next(): number {
    return this.#next
  }

  /** The sequence numbers at which the files begin, oldest first. The last file is open. */
  get segments(): readonly number[] {
    return this.#segments.map(({ first }) => first)
  }

  /**
   * Appends all the frames or none. Once they are durable, calls `applied` with the file that holds them, in the order
   * of the log and before any other change of that file. Then the promise resolves.
   */
  append(payloads: readonly FramePayload[], applied: (segment: number) => void = () => undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ payloads, applied, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Makes the next append begin a new file. */
  rollNext(): void {
    this.#rollNext = true
  }

  /** Deletes the oldest files while `unneeded` returns true for them. Never deletes the open file. */
  async deleteOldest(unneeded: (segment: number) => boolean): Promise<void> {
    while (this.#segments.length > 1 && unneeded(this.#segments[0]!.first)) {
      await this.#options.storage.delete(this.#segments[0]!.file)
      this.#segments.shift()
    }
  }

  /** Resolves when no append is under way. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      let group: Entry[] = []
      try {
        await this.#options.points.beforeAppend(this.#options.onCrashPoint)
        await this.#retrying(async () => {
          if (this.#unsure || this.#rollNext || this.#size >= this.#options.segmentBytes) await this.#roll()
          if (group.length === 0) group = this.#queue.splice(0)
          await this.#write(group.flatMap(({ payloads }) => payloads))
        })
        for (const { applied } of group) applied(this.#open.first)
        await this.#options.points.appended(this.#options.onCrashPoint)
        for (const { resolve } of group) resolve()
      } catch (error) {
        // An empty group means that the file could not be made ready, so all entries in the queue fail.
        for (const { reject } of group.length > 0 ? group : this.#queue.splice(0)) reject(error)
      }
    }
    this.#draining = undefined
  }

  /** Tries an append again while its failure can pass and the time for retries is not used up. */
  async #retrying(append: () => Promise<void>): Promise<void> {
    const { retry } = this.#options
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await append()
        break
      } catch (error) {
        if (retry === undefined || !canPass(error) || this.#failingMs >= retry.forMs) throw error
        if (this.#failingMs === 0) retry.failed(error)
        await retry.pause(pauseMs)
        this.#failingMs += pauseMs
      }
    }
    if (this.#failingMs > 0) retry?.recovered(this.#failingMs)
    this.#failingMs = 0
  }

  async #write(payloads: readonly FramePayload[]): Promise<void> {
    const { storage, kind } = this.#options
    const { file, first } = this.#open
    const bytes = encodeFrames(kind, first, this.#next, payloads)
    this.#unsure = true
    await storage.append(file, bytes)
    this.#unsure = false
    this.#next += payloads.length
    this.#size += bytes.length
  }

  async #roll(): Promise<void> {
    const { storage, folder, kind, head, points, onCrashPoint } = this.#options
    const file = nameOf(folder, this.#next)
    const bytes = encodeFile(kind, this.#next, [head()])
    await storage.put(file, bytes)
    // The file is opened at once. If it were deleted before its first append, that append would create it without a
    // head.
    await storage.append(file, new Uint8Array(0))
    await points.rolled(onCrashPoint)
    this.#segments.push({ file, first: this.#next })
    this.#next++
    this.#size = bytes.length
    this.#rollNext = false
    this.#unsure = false
  }

  get #open(): OpenSegment {
    return this.#segments.at(-1)!
  }
}
