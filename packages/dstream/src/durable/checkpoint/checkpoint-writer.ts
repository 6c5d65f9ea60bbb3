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
  readonly checkpointOptions: CheckpointOptions
  readonly limits: Required<CheckpointLimits>
  readonly journal: Journal
  readonly log: Log
  readonly head: CommitHead
  /** The sequence numbers of the good snapshots, oldest first. */
  readonly snapshots: readonly number[]
  /** The recovered state. Commits hold changes, and a snapshot holds everything. */
  readonly state: Pick<
    StoredState,
    'lastCommitted' | 'positions' | 'lagging' | 'pendingOutputs' | 'forgotten' | 'changed'
  >
  readonly committed: (time: number) => void
  readonly snapshotFirst: boolean
  /** The batch time from which the interval between snapshots is counted. */
  readonly snapshotAt: number
  readonly release: () => Promise<void>
}

/** Commits one record per batch. Writes a snapshot when the log has grown enough or the interval has passed. */
export class CheckpointWriter implements Checkpoint {
  readonly journal: Journal
  readonly #options: CheckpointWriterOptions
  #snapshots: number[]
  #sinceSnapshot = 0
  #lastSnapshotBytes = 0
  #due: boolean
  /** The batch time of the last snapshot, or of the last attempt. */
  #snapshotAt: number
  /** Whether any commit since the last snapshot contained changes. */
  #changed: boolean
  #writing: Promise<void> | undefined
  #last: { readonly time: number; readonly rest: CommitRest } | undefined
  readonly #positions: Map<string, unknown>
  #forgotten: number

  constructor(options: CheckpointWriterOptions) {
    this.#options = options
    this.journal = options.journal
    this.#snapshots = [...options.snapshots]
    this.#due = options.snapshotFirst
    this.#snapshotAt = options.snapshotAt
    this.#changed = options.state.changed
    const { lastCommitted, positions, lagging, pendingOutputs, forgotten } = options.state
    this.#positions = new Map(positions)
    this.#forgotten = forgotten
    if (lastCommitted !== undefined) this.#last = { time: lastCommitted, rest: this.#rest(lagging, pendingOutputs) }
  }

  async commit(record: CommitRecord): Promise<void> {
    const payloads = await encodeCommit(record, this.#options.checkpointOptions.yielder.begin())
    await this.#options.log.append(payloads)
    this.#options.committed(record.time)
    this.#sinceSnapshot += sizeOf(payloads)
    this.#changed ||= payloads.length > 1
    for (const [operator, position] of record.positions ?? []) this.#positions.set(operator, position)
    this.#forgotten = Math.max(this.#forgotten, record.forget ?? -Infinity)
    this.#last = { time: record.time, rest: this.#rest(record.lagging ?? new Map(), record.pendingOutputs ?? []) }
  }

  /** Returns the small parts of the state, for a snapshot. */
  #rest(lagging: ReadonlyMap<string, number>, pendingOutputs: readonly PendingOutput[]): CommitRest {
    return {
      metadata: [],
      unremembered: [],
      positions: [...this.#positions],
      held: [...lagging],
      pendingOutputs,
      forget: this.#forgotten === -Infinity ? undefined : this.#forgotten,
    }
  }

  snapshotIfDue(source: () => SnapshotSource): void {
    if (this.#writing !== undefined || !(this.#due || this.#hasGrown || this.#isTime)) return
    this.#start(source).catch((error: unknown) => this.#options.checkpointOptions.onSnapshotError?.(error))
  }

  get #hasGrown(): boolean {
    return this.#sinceSnapshot >= Math.max(this.#options.limits.snapshotBytes, this.#lastSnapshotBytes)
  }

  get #isTime(): boolean {
    const { snapshotMs = Infinity } = this.#options.checkpointOptions
    return this.#changed && this.#last !== undefined && this.#last.time - this.#snapshotAt >= snapshotMs
  }

  async snapshot(source: () => SnapshotSource): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined)
    await this.#start(source)
  }

  /**
   * Begins a snapshot at once, since the views are those of this commit and `close` waits for every write that has
   * begun.
   */
  #start(source: () => SnapshotSource): Promise<void> {
    const last = this.#last
    if (last === undefined) return Promise.resolve()
    this.#due = false
    this.#sinceSnapshot = 0
    this.#snapshotAt = last.time
    this.#changed = false
    const writing = this.#write(source(), last, this.#options.log.next)
      .catch((error: unknown) => {
        // The snapshot failed, so its changes are still unsaved. With an interval, there is another attempt when that
        // has passed.
        this.#changed = true
        throw error
      })
      .finally(() => (this.#writing = undefined))
    this.#writing = writing
    return writing
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined)
    await this.#options.log.idle()
    await this.#options.release()
  }

  async #write(
    source: SnapshotSource,
    last: { readonly time: number; readonly rest: CommitRest },
    next: number,
  ): Promise<void> {
    const { checkpointOptions, head, log } = this.#options
    const { storage, onCrashPoint, yielder } = checkpointOptions
    const turns = yielder.begin()
    let frames = 0
    const slice = {
      size: turns.size,
      pause: () => {
        checkpointOptions.onWork?.(WRITING, ++frames * ENTRIES_PER_FRAME, undefined, 'keys')
        return turns.pause()
      },
    }
    try {
      // Later commits go to a new file, so that the old files can be deleted as a whole.
      log.rollNext()
      this.#lastSnapshotBytes = await writeSnapshot(storage, { head, next, ...last }, source, slice, onCrashPoint)
    } finally {
      checkpointOptions.onWork?.(WRITING, frames, frames, 'keys')
      for (const view of source.tables) view.release()
    }
    this.#snapshots = [...this.#snapshots.filter((other) => other !== next), next]
    await this.#compact()
  }

  /** Deletes old snapshots, and then the commits that the oldest remaining snapshot contains. */
  async #compact(): Promise<void> {
    const { checkpointOptions, limits, log } = this.#options
    this.#snapshots = this.#snapshots.slice(-limits.keepSnapshots)
    await keepSnapshots(checkpointOptions.storage, this.#snapshots)
    const covered = this.#snapshots[0]!
    const endOf = (segment: number): number => log.segments.find((first) => first > segment) ?? Infinity
    await log.deleteOldest((segment) => this.#snapshots.length === limits.keepSnapshots && endOf(segment) <= covered)
  }
}

function sizeOf(payloads: readonly FramePayload[]): number {
  return payloads.reduce((sum, parts) => sum + parts.reduce((bytes, part) => bytes + part.length, 0), 0)
}
