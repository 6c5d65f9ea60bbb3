import type { Block } from '../blocks/block.js'
import type { Codec } from '../../base/codec.js'
import type { AppendRetry } from '../log/log.js'
import type { Journal } from '../journal/journal.js'
import type { PendingOutput } from './pending-outputs.js'
import type { ReportWork, Storage, Yielder } from '../../base/ports.js'
import type { BatchGrid } from '../../base/time/batch-times.js'
import type { CrashHook } from '../../base/crash-points.js'

/** The description of an operator in a checkpoint, by which stored state is matched with a program. */
export interface OperatorSignature {
  readonly id: string
  /** False when the user gave the id with `uid`. */
  readonly derived: boolean
  readonly kind: string
  /** A hash of the kinds and parameters of all ancestors, without slides (streams/graph/fingerprint.ts). */
  readonly fingerprint: string
  /** The fingerprint with slides, which checkpoints of earlier versions hold. */
  readonly formerFingerprint?: string | undefined
  /** The slide in milliseconds; absent from checkpoints of earlier versions. */
  readonly slideMs?: number | undefined
  /** The names of its tables; empty for an operator that keeps only remembered RDDs. */
  readonly tables: readonly string[]
  /** The version of the stored form of its values. */
  readonly version: number
  /** Converts a value of an older version. Without it, another version is refused. */
  readonly migrate?: ((old: unknown, from: number) => unknown) | undefined
  /** The stream id in this run, for a source with a receiver. Its blocks in the journal have the operator's id. */
  readonly streamId?: number
}

/** A stored key of a table. `touched` is the batch time of its last update. */
export interface TableEntry {
  readonly key: unknown
  readonly value: unknown
  readonly touched: number
  /** Orders the keys that were touched in one batch; only its order matters. */
  readonly touchSequence?: number | undefined
}

/** The change of one key in a batch. A new key comes after all keys of the table. */
export interface TableChange extends TableEntry {
  readonly gone: boolean
}

/** The changes of one table. An operator that has advanced by two batches in one commit has two entries, in order. */
export interface TableChanges {
  readonly operator: string
  readonly table: string
  readonly changes: Iterable<TableChange>
  /** Whether the changes leave the table without a key. */
  readonly isEmptied?: boolean
}

/** The contents of an RDD that a later window reads again. */
export interface RememberedContents {
  /** The records of each partition, or pairs that are made as they are read. */
  readonly partitions: readonly (
    readonly unknown[] | (Iterable<readonly [unknown, unknown]> & { readonly size: number })
  )[]
  /** Whether the keys lie in the partitions of their hashes. Windows unite such RDDs partition by partition. */
  readonly isByHash: boolean
}

/** The contents of the RDD of an operator for a batch time. */
export interface Remembered extends RememberedContents {
  readonly operator: string
  readonly time: number
  /** The partitions as a frame of a commit, where they have been encoded already. */
  readonly frame?: Uint8Array
}

/**
 * The changes of a batch, which become durable all together or not at all. `lagging` and `pendingOutputs` are complete
 * and replace the former ones; the other fields are differences.
 */
export interface CommitRecord {
  readonly time: number
  readonly tables: readonly TableChanges[]
  /** The contents of RDDs that later batches will read. */
  readonly remembered?: readonly Remembered[]
  /** Operator id → the last batch time whose remembered contents are no longer read, with all times before it. */
  readonly unremembered?: ReadonlyMap<string, number>
  /** Operator id of a source with positions → the position at which its next batch begins. */
  readonly positions?: ReadonlyMap<string, unknown>
  /** The operators that have failed → their last time before the failure. All of them. */
  readonly lagging?: ReadonlyMap<string, number>
  /** The batches that wait for outputs. All of them. */
  readonly pendingOutputs?: readonly PendingOutput[]
  /** The last batch time that will never be run or read again; its blocks and allocations may be deleted. */
  readonly forget?: number
}

/** A table as of a batch time, for a snapshot. It stays unchanged until it is released. */
export interface TableView {
  readonly operator: string
  readonly table: string
  /** Returns the entries in order of first arrival. */
  entries(): Iterable<TableEntry>
  release(): void
}

/**
 * The large parts of the state as of the last commit. The checkpoint itself knows the small ones, such as positions.
 */
export interface SnapshotSource {
  readonly tables: readonly TableView[]
  readonly remembered: readonly Remembered[]
}

/** The batch times of earlier runs, for the program that continues from them. */
export interface StoredTimes {
  /** The grids of the earlier runs. The last one is that of the run that wrote the checkpoint. */
  readonly grids: readonly BatchGrid[]
  readonly lastCommitted: number | undefined
  /** The times of the batches that were begun and not committed, ascending. */
  readonly pending: readonly number[]
  /** The oldest batch time of which anything is kept. */
  readonly oldest: number
}

/** The contents of a checkpoint directory. */
export interface Recovered {
  /** False for a first start, when there was no checkpoint. */
  readonly resumed: boolean
  readonly zeroTime: number
  /** The identity of the job, which stays the same as long as the job continues from its checkpoint. */
  readonly job: string
  /** The grids of the earlier runs, then that of this run. */
  readonly grids: readonly BatchGrid[]
  /** The batch interval of the run that wrote the checkpoint, in milliseconds. */
  readonly batchMs: number
  /** The time of the last committed batch; `undefined` before the first commit. */
  readonly lastCommitted: number | undefined
  /**
   * Returns the migrated entries in order of first arrival; `undefined` for a new operator. Entries are decoded during
   * the iteration, so iterate once.
   */
  table(operator: string, table: string): Iterable<TableEntry> | undefined
  readonly remembered: readonly Remembered[]
  readonly positions: ReadonlyMap<string, unknown>
  readonly lagging: ReadonlyMap<string, number>
  readonly pendingOutputs: readonly PendingOutput[]
  /**
   * The times of the batches that were allocated and not committed, ascending. Run them again, with
   * `journal.allocation(time)`.
   */
  readonly pending: readonly number[]
  /** The blocks that have no batch yet. */
  readonly waiting: readonly Block[]
  /**
   * Messages for the user, such as a damaged snapshot that was replaced by an older one, or a torn tail that was cut
   * off.
   */
  readonly warnings: readonly string[]
}

/** The thresholds of the background work. */
export interface CheckpointLimits {
  /** The size in bytes above which a log of the journal or of commits continues in a new file; default 32 MiB. */
  readonly segmentBytes?: number
  /**
   * A snapshot is due when the commits since the last one are larger than that snapshot and than this, in bytes;
   * default 4 MiB.
   */
  readonly snapshotBytes?: number
  /** The number of snapshots that are kept; default 2. */
  readonly keepSnapshots?: number
}

export interface CheckpointOptions {
  readonly storage: Storage
  readonly operators: readonly OperatorSignature[]
  /** The zero time of a first start. */
  readonly zeroTime: number
  /** The identity of a new job. It is also used for a checkpoint of an earlier version, which holds none. */
  readonly newJob?: string | undefined
  readonly batchMs: number
  /**
   * Returns the grids of this run, which continues from earlier ones. By default this run has the times of the last
   * one.
   */
  readonly gridsAfter?: ((stored: StoredTimes) => readonly BatchGrid[]) | undefined
  /** The version of this library, which is stored for readers of the checkpoint. */
  readonly engine: string
  /** The treatment of a checkpoint that the storage holds; default `resume`. */
  readonly existing?: 'resume' | 'refuse' | 'discard' | undefined
  /** The ids of the program's outputs. */
  readonly outputs?: readonly string[] | undefined
  /** The ids of outputs in the checkpoint whose batches may be dropped. */
  readonly allowDroppedOutputs?: readonly string[] | undefined
  /** The ids of operators in the checkpoint whose state may be dropped. */
  readonly allowDropped?: readonly string[] | undefined
  /** Returns the codec that decodes recovered blocks of a stream; `undefined` refuses the start and names the codec. */
  codec(streamId: number, id: string): Codec<unknown> | undefined
  readonly yielder: Yielder
  /** Returns the time of the clock, in milliseconds, which the journal stores with each batch. */
  readonly now: () => number
  /** Called at each crash point; only tests give it. */
  readonly onCrashPoint?: CrashHook | undefined
  readonly limits?: CheckpointLimits | undefined
  /** The retries of a failed append; by default there are none. */
  readonly retry?: AppendRetry | undefined
  /**
   * The batch time in milliseconds after which a snapshot is due, if a state or the records for a window have changed
   * meanwhile. By default only the size of the log counts.
   */
  readonly snapshotMs?: number | undefined
  /** Called when a snapshot in the background has failed. The job continues and its log grows. */
  onSnapshotError?(error: unknown): void
  /** Receives how far a recovery or a snapshot is. */
  readonly onWork?: ReportWork | undefined
}

/**
 * The durable state of a job: a commit for each batch, snapshots, and the journal of received data. There is one for
 * each started context, and it owns the lock of the storage.
 */
export interface Checkpoint {
  readonly journal: Journal
  /** Resolves when the record is durable, and with it the batch is done. A failed commit may be tried again. */
  commit(record: CommitRecord): Promise<void>
  /**
   * Takes the views of the state as of the last commit and writes them in the background, in slices and at most once at
   * a time, if enough has changed since the last snapshot or the interval has passed. Call it after each commit.
   */
  snapshotIfDue(source: () => SnapshotSource): void
  /** Writes a snapshot, due or not. Resolves when it is durable. */
  snapshot(source: () => SnapshotSource): Promise<void>
  /** Ends the background work and releases the lock. */
  close(): Promise<void>
}
