import type { MaybePromise } from '../../base/maybe-promise.js'
import type { BroadcastDigests } from './broadcasts.js'
import type { AnyFunction, EncodedRecords, PairTable, ReadableSplit, StepOp } from './records.js'

/** The address of a function: the id of its operator or output and its slot there, or its name among the engine's own. */
export type FunctionAddress = string

/** A narrow step of a stage. */
export interface PlannedStep {
  readonly op: StepOp
  readonly f: FunctionAddress
}

/** The functions of a stage as plain data. It is the same for all partitions that go through the same steps. */
export interface StagePlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly PlannedStep[]
  /** Makes the combiner of a new key; `undefined` where the first value is the combiner. */
  readonly create: FunctionAddress | undefined
  readonly merge: FunctionAddress
  /** True when the first value of a key is copied, since `merge` may change it. */
  readonly ownsValues: boolean
}

/** The functions of a stage that ends in an output: its function is called with each partition. */
export interface CallPlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly PlannedStep[]
  readonly call: FunctionAddress
}

/** The attempt of an output to which a call belongs. */
export interface CalledAttempt {
  /** The batch time in milliseconds. */
  readonly time: number
  readonly attempt: number
  readonly replayed: boolean
}

/** One partition of a stage that can be done elsewhere. */
export interface Task<P extends StagePlan | CallPlan = StagePlan | CallPlan> {
  readonly partition: number
  /** One object for all partitions that go through the same steps one after the other. */
  readonly plan: P
  readonly input: TaskInput
  /** The attempt for which the function of a {@link CallPlan} is called. */
  readonly attempt?: CalledAttempt | undefined
  /** What the broadcasts are that the task may read. */
  readonly broadcasts?: BroadcastDigests | undefined
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

/** The records of a partition, the received bytes of them, or the split of a source where they are. */
export type TaskInput =
  { readonly records: readonly unknown[] } | { readonly encoded: EncodedRecords } | { readonly split: ReadableSplit }

/** Returns the address of a user's function, `undefined` for one that has none. */
export type AddressOf = (f: AnyFunction) => FunctionAddress | undefined

/** The map side of a shuffle: each partition of an RDD is combined by key on its own, before the tables are merged. */
export interface MapSide {
  /** The partitions; 0 where no record moves, so that each partition is combined alone anyway. */
  readonly numPartitions: number
  /** Returns the task of a partition; `undefined` where it can only be done here. */
  taskOf(partition: number, addressOf: AddressOf): Task<StagePlan> | undefined
  /** Combines a partition in this thread. */
  combine(partition: number): MaybePromise<PairTable>
}

/** The calls of an output's function, one a partition. */
export interface PartitionCalls {
  /** The partitions that are still to be called, in order: an earlier attempt may have done the others. */
  readonly partitions: readonly number[]
  /** Evaluates the records that this thread keeps anyway, so that tasks can take them along. */
  prepare(addressOf: AddressOf): MaybePromise<void>
  /** Returns the task of a partition; `undefined` where it can only be done here. */
  taskOf(partition: number, addressOf: AddressOf): Task<CallPlan> | undefined
  /** Calls the function in this thread. */
  call(partition: number): MaybePromise<void>
  /** Notes that the function was called elsewhere, and that the call has ended well. */
  called(partition: number): void
}

/**
 * The port between a plan and what executes it. A plan is cut into stages at its shuffles. A runner executes the map side of a
 * shuffle, one task a partition: in this thread, on others, or elsewhere. The calls of an output by partition end a plan, and
 * are tasks too.
 */
export interface StageRunner {
  /** Whether tasks are done elsewhere too. */
  readonly hasWorkers: boolean
  /**
   * Whether a map side is a stage of its own. The answer depends on the plan alone, and never on what is idle, since it decides
   * in which order values are combined.
   */
  takes(side: MapSide): boolean
  /**
   * Gives `merge` the table of each partition, in order of the partitions. A task that fails elsewhere is done again by
   * `combine`, so that errors and left out records are those of one thread.
   */
  run(side: MapSide, merge: (table: PairTable) => MaybePromise<void>): Promise<void>
  /**
   * Calls an output's function with each partition. When a call has failed, no further one begins, and the promise rejects once
   * those that are under way have ended. A task whose call has not begun or whose fate is unknown is done again by `call`.
   */
  call(calls: PartitionCalls): Promise<void>
}
