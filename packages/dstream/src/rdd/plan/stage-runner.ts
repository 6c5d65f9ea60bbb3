import type { MaybePromise } from '../../base/maybe-promise.js'
import type { AnyFunction, EncodedRecords, PairTable, StepOp } from './records.js'

/** The address of a function: the id of its operator and its slot there, or its name among the engine's own. */
export type FunctionAddress = string

/** The functions of a stage as plain data. It is the same for all partitions that go through the same steps. */
export interface StagePlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly { readonly op: StepOp; readonly f: FunctionAddress }[]
  /** Makes the combiner of a new key; `undefined` where the first value is the combiner. */
  readonly create: FunctionAddress | undefined
  readonly merge: FunctionAddress
  /** True when the first value of a key is copied, since `merge` may change it. */
  readonly ownsValues: boolean
}

/** One partition of a map side that can be combined elsewhere. */
export interface Task {
  readonly partition: number
  readonly plan: StagePlan
  readonly input: { readonly records: readonly unknown[] } | { readonly encoded: EncodedRecords }
  /** Adds the records that each step took in and gave out elsewhere to the counters here. */
  count(taken: readonly number[], given: readonly number[]): void
}

/** Returns the address of a user's function, `undefined` for one that has none. */
export type AddressOf = (f: AnyFunction) => FunctionAddress | undefined

/** The map side of a shuffle: each partition of an RDD is combined by key on its own, before the tables are merged. */
export interface MapSide {
  /** The partitions; 0 where no record moves, so that each partition is combined alone anyway. */
  readonly numPartitions: number
  /** Returns the task of a partition; `undefined` where it can only be done here. */
  taskOf(partition: number, addressOf: AddressOf): Task | undefined
  /** Combines a partition in this thread. */
  combine(partition: number): MaybePromise<PairTable>
}

/**
 * The port between a plan and what executes it. A plan is cut into stages at its shuffles. A runner executes the map side of a
 * shuffle, one task a partition: in this thread, on others, or elsewhere.
 */
export interface StageRunner {
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
}
