import type { Log } from '../log/log.js'
import type { Journal } from '../journal/journal.js'
import type { FramePayload } from '../log/frame.js'
import type { Checkpoint, CheckpointLimits, CheckpointOptions, CommitRecord, SnapshotSource } from './checkpoint.js'
import type { PendingOutput } from './pending-outputs.js'
import { encodeCommit, type CommitHead, type CommitRest } from './commit-frames.js'
import type { StoredState } from './stored-state.js'
import { ENTRIES_PER_FRAME, keepSnapshots, writeSnapshot } from './snapshot.js'

const WRITING = 'Writing a snapshot'

export interface CheckpointWriterOptions {
  readonly options: CheckpointOptions
  readonly limits: Required<CheckpointLimits>
  readonly journal: Journal
  readonly log: Log
  readonly head: CommitHead
  /** Sequence numbers of the good snapshots that are there, oldest first. */
  readonly snapshots: readonly number[]
  /** What was recovered: commits say what has changed, a snapshot says all. */
  readonly state: Pick<
    StoredState,
    'lastCommitted' | 'metadata' | 'positions' | 'held' | 'pendingOutputs' | 'forgotten' | 'changed'
  >
  readonly committed: (time: number) => void
  readonly snapshotFirst: boolean
  /** From which batch time on the interval between snapshots is counted. */
  readonly snapshotAt: number
  readonly release: () => Promise<void>
}

/** Commits one record per batch, and writes snapshots beside it when the log has grown enough or the time has come. */
export class CheckpointWriter implements Checkpoint {
  readonly journal: Journal
  readonly #o: CheckpointWriterOptions
  #snapshots: number[]
  #sinceSnapshot = 0
  #lastSnapshotBytes = 0
  #due: boolean
  /** Batch time of the last snapshot, or of the last attempt. */
  #snapshotAt: number
  /** Whether any commit since the last snapshot has more to it than its end. */
  #changed: boolean
  #writing: Promise<void> | undefined
  #last: { readonly time: number; readonly rest: CommitRest } | undefined
  readonly #metadata: Map<string, unknown>
  readonly #positions: Map<string, unknown>
  #forgotten: number

  constructor(options: CheckpointWriterOptions) {
    this.#o = options
    this.journal = options.journal
    this.#snapshots = [...options.snapshots]
    this.#due = options.snapshotFirst
    this.#snapshotAt = options.snapshotAt
    this.#changed = options.state.changed
    const { lastCommitted, metadata, positions, held, pendingOutputs, forgotten } = options.state
    this.#metadata = new Map(metadata)
    this.#positions = new Map(positions)
    this.#forgotten = forgotten
    if (lastCommitted !== undefined) this.#last = { time: lastCommitted, rest: this.#rest(held, pendingOutputs) }
  }

  async commit(record: CommitRecord): Promise<void> {
    const payloads = await encodeCommit(record, this.#o.options.yielder.begin())
    await this.#o.log.append(payloads)
    this.#o.committed(record.time)
    this.#sinceSnapshot += sizeOf(payloads)
    this.#changed ||= payloads.length > 1
    for (const [operator, value] of record.metadata ?? []) {
      if (value === undefined) this.#metadata.delete(operator)
      else this.#metadata.set(operator, value)
    }
    for (const [operator, position] of record.positions ?? []) this.#positions.set(operator, position)
    this.#forgotten = Math.max(this.#forgotten, record.forget ?? -Infinity)
    this.#last = { time: record.time, rest: this.#rest(record.held ?? new Map(), record.pendingOutputs ?? []) }
  }

  /** All small things, for a snapshot. */
  #rest(held: ReadonlyMap<string, number>, pendingOutputs: readonly PendingOutput[]): CommitRest {
    return {
      metadata: [...this.#metadata],
      unremembered: [],
      positions: [...this.#positions],
      held: [...held],
      pendingOutputs,
      forget: this.#forgotten === -Infinity ? undefined : this.#forgotten,
    }
  }

  snapshotIfDue(source: () => SnapshotSource): void {
    if (this.#writing !== undefined || !(this.#due || this.#hasGrown || this.#isTime)) return
    this.#start(source).catch((error: unknown) => this.#o.options.onSnapshotError?.(error))
  }

  get #hasGrown(): boolean {
    return this.#sinceSnapshot >= Math.max(this.#o.limits.snapshotBytes, this.#lastSnapshotBytes)
  }

  get #isTime(): boolean {
    const { snapshotMs = Infinity } = this.#o.options
    return this.#changed && this.#last !== undefined && this.#last.time - this.#snapshotAt >= snapshotMs
  }

  async snapshot(source: () => SnapshotSource): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined)
    await this.#start(source)
  }

  /** At once, not a moment later: the views are of this commit, and `close` waits for what has begun. */
  #start(source: () => SnapshotSource): Promise<void> {
    const last = this.#last
    if (last === undefined) return Promise.resolve()
    this.#due = false
    this.#sinceSnapshot = 0
    this.#snapshotAt = last.time
    this.#changed = false
    const writing = this.#write(source(), last, this.#o.log.next)
      .catch((error: unknown) => {
        // What it was to hold is still to be held: with an interval there is another attempt when that has passed.
        this.#changed = true
        throw error
      })
      .finally(() => (this.#writing = undefined))
    this.#writing = writing
    return writing
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined)
    await this.#o.log.idle()
    await this.#o.release()
  }

  async #write(
    source: SnapshotSource,
    last: { readonly time: number; readonly rest: CommitRest },
    next: number,
  ): Promise<void> {
    const { options, head, log } = this.#o
    const { storage, steps, yielder } = options
    const turns = yielder.begin()
    let frames = 0
    const slice = {
      size: turns.size,
      pause: () => {
        options.onWork?.(WRITING, ++frames * ENTRIES_PER_FRAME, undefined, 'keys')
        return turns.pause()
      },
    }
    try {
      // The commits that come now go to a new file, so that the old ones can go as a whole.
      log.rollNext()
      this.#lastSnapshotBytes = await writeSnapshot(storage, { head, next, ...last }, source, slice, steps)
    } finally {
      options.onWork?.(WRITING, frames, frames, 'keys')
      for (const view of source.tables) view.release()
    }
    this.#snapshots = [...this.#snapshots.filter((other) => other !== next), next]
    await this.#compact()
  }

  /** Old snapshots go, and then the commits that the oldest one left holds already. */
  async #compact(): Promise<void> {
    const { options, limits, log } = this.#o
    this.#snapshots = this.#snapshots.slice(-limits.keepSnapshots)
    await keepSnapshots(options.storage, this.#snapshots)
    const covered = this.#snapshots[0]!
    const endOf = (segment: number): number => log.segments.find((first) => first > segment) ?? Infinity
    await log.deleteOldest((segment) => this.#snapshots.length === limits.keepSnapshots && endOf(segment) <= covered)
  }
}

function sizeOf(payloads: readonly FramePayload[]): number {
  return payloads.reduce((sum, parts) => sum + parts.reduce((bytes, part) => bytes + part.length, 0), 0)
}
