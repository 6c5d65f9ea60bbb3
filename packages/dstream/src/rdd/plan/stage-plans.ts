import type { SavedForm } from '../../base/ports.js'
import type { Groups } from '../../base/text/groups.js'
import type { StepOp } from './records.js'

/**
 * The address of a function: the id of its operator or output and its slot there, or its name among the engine's own. That of a
 * function which a user's function makes in each batch has the batch time as well.
 */
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
  /** Merges a value into the combiner of its key; `null` where the pairs stay as they are. */
  readonly merge: FunctionAddress | null
  /** True when the first value of a key is copied, since `merge` may change it. */
  readonly ownsValues: boolean
}

/** The functions of a stage that ends in an output: its function is called with each partition. */
export interface CallPlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly PlannedStep[]
  readonly call: FunctionAddress
  /** Whether what the function returns is wanted. */
  readonly returns?: boolean | undefined
}

/** The steps of a stage that ends in the parts of a saved directory. */
export interface SavePlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly PlannedStep[]
  readonly save: SavedForm
  /** Where the records have groups, which text shows as Spark does. */
  readonly groups: Groups | undefined
}

/** The functions of a stage that ends in records which several operators read. */
export interface KeepPlan {
  /** The narrow steps, the lowest first. */
  readonly steps: readonly PlannedStep[]
  /** The readers of the records that are done by the same task. */
  readonly readers: readonly ReaderPlan[]
  /** Whether the records go back. Those of a partition on which a reader has failed do so anyway. */
  readonly keeps: boolean
}

/** The functions of a reader from the kept records on: of a map side, or of a chain to further records that several operators read. */
export type ReaderPlan = (StagePlan | KeepPlan) & {
  /** Whether they are given copies, since later batches read the records too. */
  readonly copies: boolean
}

/** The update of a partition of a state, by the functions of its operator. */
export interface UpdatePlan {
  /** The id of the operator. */
  readonly state: string
  /** Tasks of a partition go to the worker that has done its last one, which keeps a copy of the partition. */
  readonly partition: number
}

/** The merging of the blocks that map sides have left for one bucket of their keys. */
export interface MergePlan {
  /** Merges two values of a key; `null` where the pairs follow one another as they are. */
  readonly combiners: FunctionAddress | null
  /** Whether the driver asks where the keys came first, since it needs them in the order of one table. */
  readonly keepsOrder: boolean
}

/** The functions of a stage of any kind. */
export type AnyPlan = StagePlan | CallPlan | SavePlan | KeepPlan | UpdatePlan | MergePlan

/** The buckets into which a worker divides a large table, which then stays where the worker is. */
export interface Division {
  readonly buckets: number
  /** The bytes up to which a table is sent as a whole. */
  readonly mostBytes: number
}
