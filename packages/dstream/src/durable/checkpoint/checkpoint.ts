import type { Block } from '../blocks/block.js'
import type { Codec } from '../../base/codec.js'
import type { AppendRetry } from '../log/log.js'
import type { Journal } from '../journal/journal.js'
import type { PendingOutput } from './pending-outputs.js'
import type { ReportWork, Storage, Yielder } from '../../base/ports.js'
import type { BatchGrid } from '../../base/time/batch-times.js'
import type { CrashHook } from '../../base/crash-points.js'

/** What a checkpoint knows of an operator: enough to tell whether the state that it finds is this one's. */
export interface OperatorSignature {
  readonly id: string
  /** False when the user gave the id with `uid`. */
  readonly derived: boolean
  readonly kind: string
  /** Of kinds and parameters of the whole ancestry, slides excepted (graph/fingerprint.ts). */
  readonly fingerprint: string
  /** The fingerprint with slides, under which checkpoints of earlier versions know the operator. */
  readonly formerFingerprint?: string | undefined
  /** In milliseconds; absent from checkpoints of earlier versions. */
  readonly slideMs?: number | undefined
  /** Names of its tables; empty for an operator that keeps nothing but metadata or remembered RDDs. */
  readonly tables: readonly string[]
  /** Version of the stored form of its values. */
  readonly version: number
  /** Reads values of an older version. Without it another version is refused. */
  readonly migrate?: ((old: unknown, from: number) => unknown) | undefined
  /** For a source with a receiver: the stream id of this life. Its journalled blocks are kept under the operator's id. */
  readonly streamId?: number
}

/** One key of a table as it is stored. `touched` is the batch time of its last update. */
export interface TableEntry {
  readonly key: unknown
  readonly value: unknown
  readonly touched: number
  /** Orders the keys touched in one batch; only compared. */
  readonly touchSequence?: number | undefined
}

/** What a batch did to one key; a key that is new comes after all that the table holds. */
export interface TableChange extends TableEntry {
  readonly gone: boolean
}

/** Changes of one table. An operator that has passed two batch times in one commit is named twice, in order. */
export interface TableChanges {
  readonly operator: string
  readonly table: string
  readonly changes: Iterable<TableChange>
}

/** The contents of an RDD that a later window reads again. */
export interface Remembered {
  readonly operator: string
  readonly time: number
  /** The records of each, or pairs that are made as they are read. */
  readonly partitions: readonly (
    readonly unknown[] | (Iterable<readonly [unknown, unknown]> & { readonly size: number })
  )[]
  /** The partitions as a frame of a commit, where they have been encoded already. */
  readonly frame?: Uint8Array
}

/**
 * What a batch has changed. Everything of it becomes durable together, or nothing. Fields that hold the whole (`held`,
 * `pendingOutputs`) replace what was there; the others are differences.
 */
export interface CommitRecord {
  readonly time: number
  readonly tables: readonly TableChanges[]
  /** Small plain metadata of operators that has changed; `undefined` removes it. */
  readonly metadata?: ReadonlyMap<string, unknown>
  /** RDD contents that later batches will read. */
  readonly remembered?: readonly Remembered[]
  /** Operator id → its remembered contents up to and with this time are read no more. */
  readonly unremembered?: ReadonlyMap<string, number>
  /** Operator id of a source with positions → where its next batch begins. */
  readonly positions?: ReadonlyMap<string, unknown>
  /** Operators that have failed and are still at an earlier time, and that time. All of them. */
  readonly held?: ReadonlyMap<string, number>
  /** Batches that wait for outputs. All of them. */
  readonly pendingOutputs?: readonly PendingOutput[]
  /** No batch up to and with this time will be run or read again: its blocks and allocations may go. */
  readonly forget?: number
}

/** One table as it was at a batch time, for a snapshot: it stays so until it is released. */
export interface TableView {
  readonly operator: string
  readonly table: string
  /** In order of first arrival. */
  entries(): Iterable<TableEntry>
  release(): void
}

/** The big parts of the state as of the last commit. Metadata, positions and the like are known to the checkpoint. */
export interface SnapshotSource {
  readonly tables: readonly TableView[]
  readonly remembered: readonly Remembered[]
}

/** The batch times of earlier runs, for the program that goes on from them. */
export interface StoredTimes {
  /** The last grid is that of the run that wrote the checkpoint. */
  readonly grids: readonly BatchGrid[]
  readonly lastCommitted: number | undefined
  /** Batches that were begun and not committed, ascending. */
  readonly pending: readonly number[]
  /** The oldest batch of which anything is kept. */
  readonly oldest: number
}

/** What a directory held. */
export interface Recovered {
  /** False: nothing was there, this is a first start. */
  readonly resumed: boolean
  readonly zeroTime: number
  /** The identity of the job, the same as long as it goes on from its checkpoint. */
  readonly job: string
  /** Those of earlier runs, then that of this run. */
  readonly grids: readonly BatchGrid[]
  /** The interval of the run that wrote the checkpoint. */
  readonly batchMs: number
  /** Time of the last committed batch; `undefined` before the first commit. */
  readonly lastCommitted: number | undefined
  /** Entries in order of first arrival, migrated; decoded while iterated, so iterate once. `undefined`: the operator is new. */
  table(operator: string, table: string): Iterable<TableEntry> | undefined
  readonly metadata: ReadonlyMap<string, unknown>
  readonly remembered: readonly Remembered[]
  readonly positions: ReadonlyMap<string, unknown>
  readonly held: ReadonlyMap<string, number>
  readonly pendingOutputs: readonly PendingOutput[]
  /** Times of batches that were allocated and not committed, ascending: run them again. Allocations: `journal.allocation(time)`. */
  readonly pending: readonly number[]
  /** Blocks that no batch has yet. */
  readonly waiting: readonly Block[]
  /** What a user must be told: a damaged snapshot that an older one replaced, a torn tail that was cut off. */
  readonly warnings: readonly string[]
}

/** Thresholds of the background work. */
export interface CheckpointLimits {
  /** A journal or commit segment beyond this size is followed by another, in bytes; default 32 MiB. */
  readonly segmentBytes?: number
  /** A snapshot is due when the commits since the last one outweigh it and this, in bytes; default 4 MiB. */
  readonly snapshotBytes?: number
  /** Snapshots that are kept; default 2. */
  readonly keepSnapshots?: number
}

export interface CheckpointOptions {
  readonly storage: Storage
  readonly operators: readonly OperatorSignature[]
  /** Used when nothing is there yet. */
  readonly zeroTime: number
  /** The identity of the job, used when nothing is there yet, or a checkpoint of an earlier version, which has none. */
  readonly newJob?: string | undefined
  readonly batchMs: number
  /** Returns the grids of this run, which goes on from earlier ones; by default it has the times of the last one. */
  readonly gridsAfter?: ((stored: StoredTimes) => readonly BatchGrid[]) | undefined
  /** Version of this library, kept for the reader of a checkpoint. */
  readonly engine: string
  /** What to do when the storage holds a checkpoint; default `resume`. */
  readonly existing?: 'resume' | 'refuse' | 'discard' | undefined
  /** Ids of the program's outputs. */
  readonly outputs?: readonly string[] | undefined
  /** Ids of outputs of the checkpoint whose batches may be dropped. */
  readonly allowDroppedOutputs?: readonly string[] | undefined
  /** Ids of operators of the checkpoint whose state may be dropped. */
  readonly allowDropped?: readonly string[] | undefined
  /** The codec that reads recovered blocks of a stream; `undefined` refuses the start, naming the codec. */
  codec(streamId: number, id: string): Codec<unknown> | undefined
  readonly yielder: Yielder
  /** Cuts at named steps; only tests have one. */
  readonly steps?: CrashHook | undefined
  readonly limits?: CheckpointLimits | undefined
  /** How long a failed append is tried again; by default it is not. */
  readonly retry?: AppendRetry | undefined
  /**
   * A snapshot is due too when so much batch time has passed since the last one and a state, or what a window reads again,
   * has changed meanwhile. By default only the size of the log counts.
   */
  readonly snapshotMs?: number | undefined
  /** A snapshot in the background has failed: the job goes on, its log grows. */
  onSnapshotError?(error: unknown): void
  /** Receives how far a recovery or a snapshot is. */
  readonly onWork?: ReportWork | undefined
}

/**
 * What is kept between lives: a commit per batch, snapshots beside it, the journal of received data. One per started
 * context; it owns the lock of the storage.
 */
export interface Checkpoint {
  readonly journal: Journal
  /** Resolves when the record is durable: then the batch is done, for good. A failed commit may be tried again. */
  commit(record: CommitRecord): Promise<void>
  /**
   * Call after each commit. When enough has changed since the last snapshot, or the interval has passed, takes the views of
   * the state as of that commit and writes them in the background, in slices; at most one at a time.
   */
  snapshotIfDue(source: () => SnapshotSource): void
  /** The same, due or not, and resolves when it is durable. */
  snapshot(source: () => SnapshotSource): Promise<void>
  /** Ends the background work and gives the lock back. */
  close(): Promise<void>
}
