import type { MaybePromise } from '../../base/maybe-promise.js'
import type { PackingRule } from '../../base/packing-rule.js'
import type { ChangeCounts, EncodedPieces } from '../../base/values/encoded-changes.js'
import type { BroadcastDigests } from './broadcasts.js'
import type { BodyRun, Built } from './body-run.js'
import type { AnyFunction, EncodedRecords, PairTable, ReadableSplit } from './records.js'
import type {
  AnyPlan,
  CallPlan,
  Division,
  FunctionAddress,
  KeepPlan,
  MergePlan,
  ReaderPlan,
  SavePlan,
  StagePlan,
  UpdatePlan,
} from './stage-plans.js'
import type { StateInput } from './state-input.js'

export type { BodyInput, BodyRun, Built } from './body-run.js'
export type {
  AnyPlan,
  CallPlan,
  Division,
  FunctionAddress,
  KeepPlan,
  MergePlan,
  PlannedStep,
  ReaderPlan,
  SavePlan,
  StagePlan,
  UpdatePlan,
} from './stage-plans.js'
export type { StateBase, StateInput } from './state-input.js'

/** The attempt of an output to which a call belongs. */
export interface CalledAttempt {
  /** The batch time in milliseconds. */
  readonly time: number
  readonly attempt: number
  readonly replayed: boolean
}

/** One partition of a stage that can be done elsewhere. */
export interface Task<P extends AnyPlan = AnyPlan> {
  readonly partition: number
  /** One object for all partitions that go through the same steps one after the other. */
  readonly plan: P
  readonly input: TaskInput
  /** The attempt for which the function of a {@link CallPlan} is called. */
  readonly attempt?: CalledAttempt | undefined
  /** The URI of the folder for the part of a {@link SavePlan}. */
  readonly folder?: string | undefined
  /** Set where the table of a {@link StagePlan} may stay where the worker is. */
  readonly division?: Division | undefined
  /** What the broadcasts are that the task may read. */
  readonly broadcasts?: BroadcastDigests | undefined
  /** The runs of users' functions that have made functions of the plan. */
  readonly bodies?: readonly BodyRun[] | undefined
  /** Aborted when the result is not waited for any longer. */
  readonly signal?: AbortSignal | undefined
  /** Adds the records that were counted elsewhere to the counters here. */
  count(counts: TaskCounts): void
}

/** The counts of a task. */
export interface TaskCounts {
  /** The records that each step took in, and those that it gave out. */
  readonly taken: readonly number[]
  readonly given: readonly number[]
  /** The records that were read of a split. */
  readonly read?: number | undefined
}

/** The bytes of a received block, and the codec that decodes them. */
export type ReceivedBytes = Pick<EncodedRecords, 'bytes' | 'codec'>

/** The records of a partition, the received bytes of them, or the split of a source where they are. */
export type TaskInput =
  | {
      readonly records: readonly unknown[]
      /** Whether this thread has made them, so that it could go on with them. */
      readonly isMadeHere?: boolean | undefined
    }
  | { readonly encoded: EncodedRecords }
  | { readonly split: ReadableSplit }
  | { readonly state: StateInput }

/** Returns the address of a user's function, `undefined` for one that has none. */
export type AddressOf = (f: AnyFunction) => FunctionAddress | undefined

/** Partitions that may be stages of their own. */
export interface Divided {
  readonly numPartitions: number
  /** Whether tasks can be made of a partition, as the plan says: also when its records are here by now. */
  mayMove(partition: number, addressOf: AddressOf): boolean
}

/** The map side of a shuffle: each partition of an RDD is combined by key on its own, before the tables are merged. */
export interface MapSide extends Divided {
  /** The partitions; 0 where no record moves, so that each partition is combined alone anyway. */
  readonly numPartitions: number
  /** Evaluates what this thread has to make below the steps, so that tasks can take it along. */
  prepare(addressOf: AddressOf): MaybePromise<void>
  /** Returns the task of a partition; `undefined` where it can only be done here. */
  taskOf(partition: number, addressOf: AddressOf): Task<StagePlan> | undefined
  /** Returns what the stage of the records below has made of a partition already, and forgets it; `undefined` for nothing. */
  takeMade(partition: number): MadeTable | undefined
  /** Combines a partition in this thread. */
  combine(partition: number): MaybePromise<PairTable>
  readonly reduce: ReduceSide
  /** Lets the evaluation yield to the event loop after so many pairs. */
  yieldIfDue(pairs: number): MaybePromise<void>
}

/** The reduce side of a shuffle, which may be done where the map sides were done. */
export interface ReduceSide {
  /** Merges two values of a key; `undefined` where the pairs follow one another as they are. */
  readonly merge: AnyFunction | undefined
  /** The buckets of the keys, by their hash. */
  readonly buckets: number
  /** Whether the result is one table, with the order of its keys; else each bucket is a partition of the result. */
  readonly keepsOrder: boolean
}

/** The tables of a map side, which are merged in this thread. */
export interface Merging {
  /** Merges the table of the next partition. */
  add(table: PairTable): MaybePromise<void>
  /** Returns what was merged so far, and begins anew. */
  take(): PairTable
  /** Whether large tables may stay where they were made: what reads the result can take it from there. */
  readonly mayLeave: boolean
}

/** A result that workers have merged: one table, or one for each partition. */
export type MergedElsewhere = { readonly table: PairTable } | { readonly partitions: readonly PairTable[] }

/** The tables of a map side that have stayed where they were made, in blocks by partition of the result. */
export interface LeftTables {
  /** The pairs of all tables. */
  readonly pairs: number
  /** How a task merges their blocks. */
  readonly plan: MergePlan
  /** Merges the tables, so that the result is here. */
  merged(): Promise<PairTable | readonly PairTable[]>
  /** Lets go of them. */
  release(): void
}

/** The table that a map side's partition has been combined into by the stage below it, or the error with which that ended. */
export type MadeTable =
  | { readonly by: 'worker' | 'here'; readonly table: PairTable }
  | { readonly by: 'here'; readonly error: unknown }
  /** A worker has failed, so that the partition is combined again. */
  | { readonly by: 'failed' }

/** Records that several operators read, and that are kept in this thread for them. */
export interface KeptRecords {
  /** The partitions that are not kept yet, in order. */
  readonly partitions: readonly number[]
  /**
   * Returns the task of a partition; `undefined` where it can only be done here.
   *
   * @param mayRide whether workers do a reader at all
   */
  taskOf(partition: number, addressOf: AddressOf, mayRide: (reader: ReaderPlan) => boolean): Task<KeepPlan> | undefined
  /** Evaluates a partition in this thread, also for the readers of the tasks. */
  evaluate(partition: number): MaybePromise<void>
  /** Keeps what a worker has made of a partition. */
  adopt(partition: number, made: MadeElsewhere): MaybePromise<void>
}

/** What a worker has made of a partition whose records are kept. */
export interface MadeElsewhere {
  /** The records, which are decoded as they are read; `undefined` where no reader needs them. */
  readonly chunks: Iterable<readonly unknown[]> | undefined
  /** What each reader of the plan has made of them; `undefined` for one that has failed. */
  readonly readers: readonly (MadeByReader | undefined)[]
}

/** What a reader of kept records has made: the table of a map side, or the records of a chain. */
export type MadeByReader = TaskCounts & ({ readonly table: PairTable } | MadeElsewhere)

/** What an output does with each partition: the calls of its function, or the writing of a part. */
export interface PartitionCalls {
  /** The partitions that are still to be done, in order: an earlier attempt may have done the others. */
  readonly partitions: readonly number[]
  /** Evaluates the records that this thread keeps anyway, so that tasks can take them along. */
  prepare(addressOf: AddressOf): MaybePromise<void>
  /** Returns the task of a partition; `undefined` where it can only be done here. */
  taskOf(partition: number, addressOf: AddressOf): Task<CallPlan | SavePlan> | undefined
  /** Does a partition in this thread. */
  call(partition: number): MaybePromise<void>
  /** Notes that a partition was done elsewhere, and that this has ended well. */
  called(partition: number, result: unknown): void
}

/** The update of a state, a partition at a time. */
export interface StateUpdates {
  /** The partitions of the state. */
  readonly numPartitions: number
  /** Those with something to do, in order. */
  readonly partitions: readonly number[]
  /** The user's functions that the update calls. */
  readonly functions: readonly AnyFunction[]
  /** The tables that have the pairs of the batch; `undefined` where these are here. */
  readonly left: LeftTables | undefined
  /** Returns the task of a partition. */
  taskOf(partition: number): Task<UpdatePlan>
  /** Returns the task for a worker that has no copy of the partition. */
  withBase(task: Task): Task
  /** Updates a partition in this thread. */
  update(partition: number): MaybePromise<void>
  /** Applies what a worker has made of a partition. */
  adopt(partition: number, updated: UpdatedElsewhere): MaybePromise<void>
}

/** What a worker has made of a partition of a state. */
export interface UpdatedElsewhere {
  /** The name of the copy that it has now. */
  readonly copy: string
  readonly changes: EncodedPieces
  readonly counts: ChangeCounts
  /** The entries before the update, where they were asked for. */
  readonly entries: EncodedPieces | undefined
  /** The records that the update emits, in chunks that are decoded as they are read. */
  readonly emitted: Iterable<readonly unknown[]>
}

/**
 * The port between a plan and what executes it. A plan is cut into stages at its shuffles. A runner executes the map side of a
 * shuffle, one task a partition: in this thread, on others, or elsewhere. The calls of an output by partition end a plan, and
 * are tasks too.
 */
export interface StageRunner {
  /** Learns which functions a user's function has made in a batch, before anything of it is evaluated. */
  built(built: Built): void
  /** Whether tasks are done elsewhere too. */
  readonly hasWorkers: boolean
  /** When partitions of states that workers update are kept as bytes. */
  readonly packing: PackingRule
  /** Whether large tables may stay where they were made. */
  readonly keepsTables: boolean
  /**
   * Whether partitions are stages of their own. The answer depends on the plan alone, and never on what is idle or evaluated
   * already, since it decides in which order values are combined.
   */
  takes(side: Divided): boolean
  /** Takes a block that is stored: its task may begin before its batch, where the last batch of its stream had one like it. */
  begin(block: ReceivedBytes): void
  /** Notes that a batch of a stream of blocks is made. */
  newBatch(stream: number): void
  /**
   * Evaluates records that several operators read, which are kept here. Returns `undefined` where no task is worth it: they are
   * then evaluated as they are read. A task that fails elsewhere is done again by `evaluate`.
   *
   * @throws the error of the first partition that has failed
   */
  keep(records: KeptRecords): Promise<void> | undefined
  /**
   * Gives `merging` the table of each partition, in order of the partitions. A task that fails elsewhere is done again by
   * `combine`, so that errors and left out records are those of one thread. Returns what workers have merged, where they have
   * merged all tables, and the tables themselves, where they may stay and some have; the result is the same.
   */
  run(side: MapSide, merging: Merging): Promise<MergedElsewhere | LeftTables | undefined>
  /**
   * Calls an output's function with each partition. When a call has failed, no further one begins, and the promise rejects once
   * those that are under way have ended. A task whose call has not begun or whose fate is unknown is done again by `call`.
   */
  call(calls: PartitionCalls): Promise<void>
  /**
   * Updates the partitions of a state. Returns `undefined` where no task is worth it: they are then updated in this thread. What
   * workers have made of partitions is adopted in order of the partitions; a task that fails elsewhere is done again by `update`, in
   * its place in that order.
   *
   * @throws the error of the first partition that has failed
   */
  update(updates: StateUpdates): Promise<void> | undefined
}
