import { DStreamError } from '../../base/errors/base.js'
import type { Storage } from '../../base/ports.js'
import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import { encodeFile, encodeFrames, type FileKind, type FramePayload } from './frame.js'
import { nameOf, type LogSegment } from './read-log.js'

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

/**
 * Returns the frames of an entry, when its group is formed: all earlier groups have been appended or have failed by then. All
 * entries of a group become durable, or none.
 */
type FramesOfGroup = (group: number) => readonly FramePayload[]

interface Entry {
  readonly frames: readonly FramePayload[] | FramesOfGroup
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
  #groups = 0
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
  async begin(read: readonly LogSegment[]): Promise<void> {
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
  append(
    frames: readonly FramePayload[] | FramesOfGroup,
    applied: (segment: number) => void = () => undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ frames, applied, resolve, reject })
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
      let payloads: readonly FramePayload[] = []
      try {
        await this.#options.points.beforeAppend(this.#options.onCrashPoint)
        await this.#retrying(async () => {
          if (this.#unsure || this.#rollNext || this.#size >= this.#options.segmentBytes) await this.#roll()
          if (group.length === 0) {
            group = this.#queue.splice(0)
            payloads = this.#framesOf(group)
          }
          await this.#write(payloads)
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

  #framesOf(group: readonly Entry[]): readonly FramePayload[] {
    const number = ++this.#groups
    return group.flatMap(({ frames }) => (typeof frames === 'function' ? frames(number) : frames))
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
