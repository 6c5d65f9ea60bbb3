import type { Log } from '../journal/log.js'
import type { Journal } from '../journal/journal.js'
import type { Payload } from '../journal/frame.js'
import type { Checkpoint, CheckpointLimits, CheckpointOptions, CommitRecord, SnapshotSource } from './checkpoint.js'
import { encodeCommit, type CommitHead, type CommitRest } from './commit-frames.js'
import { deleteSnapshot, encodeSnapshot, putSnapshot } from './snapshot.js'

export interface CheckpointWriterOptions {
  readonly options: CheckpointOptions
  readonly limits: Required<CheckpointLimits>
  readonly journal: Journal
  readonly log: Log
  readonly head: CommitHead
  /** Sequence numbers of the snapshots that are there, oldest first. */
  readonly snapshots: readonly number[]
  readonly committed: (time: number) => void
  readonly snapshotFirst: boolean
  readonly release: () => Promise<void>
}

/** Commits one record per batch, and writes snapshots beside it when the log has grown enough. */
export class CheckpointWriter implements Checkpoint {
  readonly journal: Journal
  readonly #o: CheckpointWriterOptions
  #snapshots: number[]
  #sinceSnapshot = 0
  #lastSnapshotBytes = 0
  #due: boolean
  #writing: Promise<void> | undefined
  #last: { readonly time: number; readonly rest: CommitRest } | undefined
  #metadata = new Map<string, unknown>()

  constructor(options: CheckpointWriterOptions) {
    this.#o = options
    this.journal = options.journal
    this.#snapshots = [...options.snapshots]
    this.#due = options.snapshotFirst
  }

  async commit(record: CommitRecord): Promise<void> {
    const payloads = await encodeCommit(record, this.#o.options.yielder.begin())
    await this.#o.log.append(payloads)
    this.#o.committed(record.time)
    this.#sinceSnapshot += sizeOf(payloads)
    for (const [operator, value] of record.metadata ?? []) this.#metadata.set(operator, value)
    this.#last = {
      time: record.time,
      rest: {
        metadata: [...this.#metadata],
        unremembered: [],
        positions: [...(record.positions ?? [])],
        held: [...(record.held ?? [])],
        failed: record.failed ?? [],
        forget: record.forget,
      },
    }
  }

  snapshotIfDue(source: () => SnapshotSource): void {
    const { limits, options } = this.#o
    const enough = Math.max(limits.snapshotBytes, this.#lastSnapshotBytes)
    if (this.#writing !== undefined || (!this.#due && this.#sinceSnapshot < enough)) return
    this.snapshot(source).catch((error: unknown) => options.onSnapshotError?.(error))
  }

  async snapshot(source: () => SnapshotSource): Promise<void> {
    await this.#writing?.catch(() => undefined)
    const last = this.#last
    if (last === undefined) return
    this.#due = false
    this.#sinceSnapshot = 0
    this.#writing = this.#write(source(), last, this.#o.log.next)
    try {
      await this.#writing
    } finally {
      this.#writing = undefined
    }
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined)
    await this.#o.log.idle()
    await this.#o.release()
  }

  async abandon(): Promise<void> {
    await this.#o.release()
  }

  async #write(
    source: SnapshotSource,
    last: { readonly time: number; readonly rest: CommitRest },
    next: number,
  ): Promise<void> {
    const { options, head, log } = this.#o
    const { storage, steps, yielder } = options
    try {
      // The commits that come now go to a new file, so that the old ones can go as a whole.
      log.rollNext()
      const bytes = await encodeSnapshot({ head, next, ...last }, source, yielder.begin())
      await putSnapshot(storage, next, bytes, steps)
      this.#lastSnapshotBytes = bytes.length
    } finally {
      for (const view of source.tables) view.release()
    }
    this.#snapshots = [...this.#snapshots.filter((other) => other !== next), next]
    await this.#compact()
  }

  /** Old snapshots go, and then the commits that the oldest one left holds already. */
  async #compact(): Promise<void> {
    const { options, limits, log } = this.#o
    while (this.#snapshots.length > limits.keepSnapshots) {
      await deleteSnapshot(options.storage, this.#snapshots[0]!)
      this.#snapshots.shift()
    }
    const covered = this.#snapshots[0]!
    const endOf = (segment: number): number => log.segments.find((first) => first > segment) ?? Infinity
    await log.deleteOldest((segment) => this.#snapshots.length === limits.keepSnapshots && endOf(segment) <= covered)
  }
}

const sizeOf = (payloads: readonly Payload[]): number =>
  payloads.reduce((sum, parts) => sum + parts.reduce((bytes, part) => bytes + part.length, 0), 0)
