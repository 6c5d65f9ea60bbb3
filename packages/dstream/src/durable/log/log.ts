import { DStreamError } from '../../base/errors/base.js'
import { DamagedError } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import {
  encodeFile,
  encodeFrames,
  type FileKind,
  type Frame,
  FRAME_HEADER_BYTES,
  type FramePayload,
  PREAMBLE_BYTES,
  readFrames,
} from './frame.js'

/** A file of a log, as it was read. */
export interface Segment {
  readonly file: string
  /** Sequence number of its head, the first of its frames. */
  readonly first: number
  /** What the log says about itself at the beginning of each file. */
  readonly head: Frame
  readonly frames: readonly Frame[]
  /** Sequence number of the first frame of the next file. */
  readonly next: number
  /** Where its last good frame ends. */
  readonly end: number
  /** Bytes behind it that a crash has left. */
  readonly torn: number
}

function nameOf(folder: string, first: number): string {
  return `${folder}/${String(first).padStart(16, '0')}.log`
}

/** The files of a log, oldest first. What has a name of another form is somebody else's, and let be. */
export async function listLog(storage: Storage, folder: string): Promise<string[]> {
  const files = await storage.list(`${folder}/`)
  return files.filter((file) => /^\d{16}\.log$/.test(file.slice(folder.length + 1)))
}

/** Returns the sequence number of the first frame of the file that follows; `undefined` for the newest. */
export function endOfFile(files: readonly string[], i: number): number | undefined {
  const next = files[i + 1]
  return next === undefined ? undefined : Number(/(\d{16})\.log$/.exec(next)![1])
}

/**
 * Reads all files of a log, in order. Only what a crash or a failed append may leave is accepted: a torn tail in the newest
 * file, and in another one a tail behind the frames that the next file goes on from.
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
  // A new file is put as a whole, head included: a crash cannot leave one without.
  if (head === undefined) throw new DamagedError(file, PREAMBLE_BYTES, 'it does not begin with a good frame')
  return { file, first, head, frames: rest, next: first + frames.length, end, torn }
}

/** The steps of one log, which is where a crash can cut it. */
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
  /** A file beyond this size is followed by another. */
  readonly segmentBytes: number
  /** The head of a new file, as of now. */
  readonly head: () => FramePayload
  readonly points: LogCrashPoints
  readonly onCrashPoint: CrashHook | undefined
  readonly retry?: AppendRetry | undefined
}

/** How long an append that a passing fault of the disk has failed is tried again. */
export interface AppendRetry {
  /** In milliseconds, over all appends in a row that have failed. */
  readonly forMs: number
  /** Resolves after so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>
  /** Told once when an append fails, with its error, and once when appends succeed again, with the time they took. */
  readonly failed: (error: unknown) => void
  readonly recovered: (afterMs: number) => void
}

/** The first and the longest pause between two attempts, in milliseconds. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/** Faults of the disk that can pass. A lost lock, a foreign change or damage does not. */
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
 * A log in files that follow one another. Entries that come while an append is under way are appended together next.
 *
 * After a failed append it is unknown how much of it the disk holds, and a second sync of the same file would not tell: the
 * log goes on in a new file. The frames of the old one end where the new one begins. No copy is made, since a disk that is
 * nearly full has no room for one.
 */
export class Log {
  readonly #options: LogOptions
  #segments: OpenSegment[] = []
  #next = 0
  #size = 0
  #queue: Entry[] = []
  #draining: Promise<void> | undefined
  /** True after an append has failed: what stands behind the confirmed frames is unknown. */
  #unsure = false
  #rollNext = false
  /** For how long appends have failed in a row, counted in pauses. */
  #failingMs = 0

  constructor(options: LogOptions) {
    this.#options = options
  }

  /** Bytes that a payload takes in the file beside its own. */
  static readonly overhead = FRAME_HEADER_BYTES

  /** Goes on after what was read: what a killed process has left unsynced is made durable, and a new file begins. */
  async begin(read: readonly Segment[]): Promise<void> {
    const { storage } = this.#options
    const newest = read.at(-1)
    if (newest !== undefined) await storage.append(newest.file, new Uint8Array(0))
    this.#segments = read.map(({ file, first }) => ({ file, first }))
    this.#next = newest?.next ?? 0
    // A life in which nothing was written has left a file with a head only; the new one takes its place.
    if (newest !== undefined && newest.frames.length === 0) {
      this.#segments.pop()
      this.#next = newest.first
    }
    await this.#roll()
  }

  /** Sequence number of the next frame: all before are confirmed. */
  get next(): number {
    return this.#next
  }

  /** Sequence numbers at which files begin, oldest first; the last one is open. */
  get segments(): readonly number[] {
    return this.#segments.map(({ first }) => first)
  }

  /**
   * Appends frames, all or none. When they are durable `applied` is called with the file they are in, in order of the log
   * and before anything else happens to it; then the promise resolves.
   */
  append(payloads: readonly FramePayload[], applied: (segment: number) => void = () => undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ payloads, applied, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** The next append begins a new file. */
  rollNext(): void {
    this.#rollNext = true
  }

  /** Deletes the oldest files while `unneeded` says so; never the open one. */
  async deleteOldest(unneeded: (segment: number) => boolean): Promise<void> {
    while (this.#segments.length > 1 && unneeded(this.#segments[0]!.first)) {
      await this.#options.storage.delete(this.#segments[0]!.file)
      this.#segments.shift()
    }
  }

  /** Resolves when nothing is under way. */
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
        // Without a group it was the file that could not be made ready: nobody can be served then.
        for (const { reject } of group.length > 0 ? group : this.#queue.splice(0)) reject(error)
      }
    }
    this.#draining = undefined
  }

  /** Tries an append again while its failure can pass and the time for that is not used up. */
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
    // Opened at once: a file that is deleted before its first append would be made anew, without its head.
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
