import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Groups } from '../../base/text/groups.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { RecordErrorHandler } from '../../rdd/plan/record-policy.js'
import type { RDD } from '../../rdd/rdd.js'
import type { KeyedState } from '../state/keyed-state.js'

/** Reads the RDDs of operators. Each is computed at most once. */
export interface Read {
  /** Returns the RDD of an operator for a batch time; `undefined` when the operator gives none. */
  <U>(parent: Operator<U>, time: number): MaybePromise<RDD<U> | undefined>
  /**
   * Returns the times in (afterMs, untilMs] at which an operator has an RDD, oldest first. They need not be one slide apart:
   * an earlier run may have had another interval or slide, and batches may be left out between two runs.
   */
  times(parent: Operator, afterMs: number, untilMs: number): readonly number[]
  /** Whether no data of the batches in (afterMs, untilMs] has been dropped: an earlier run may have kept less of them. */
  isWhole(parent: Operator, afterMs: number, untilMs: number): boolean
}

/**
 * The one contract of the graph: a plain object that computes the RDD of a batch from those of its parents.
 * Windows, joins, state and sources add no second mechanism. Times and durations are milliseconds.
 */
export interface Operator<out T = unknown> {
  /** The name of the operator in the user's program: `map`, `updateStateByKey`. */
  readonly kind: string
  /** The parameters that a plan shows and a fingerprint covers: plain JSON, never a function. */
  readonly params: Readonly<Record<string, unknown>>
  readonly parents: readonly Operator[]
  readonly slideMs: number
  /** The time before the batch from which on this operator reads its parents: they keep their RDDs that long. 0 for most. */
  readonly lookbackMs: number
  /**
   * Computes the RDD of a batch. Called in order of time, once per time on its slide; again only after a failure. Other
   * times of a parent than that of the batch come from `read.times`.
   */
  compute(time: number, read: Read): MaybePromise<RDD<T> | undefined>
  /** True when a user's function gets the parents' RDDs themselves, and so may run several actions on them. */
  readonly handsOutRDD?: boolean
  /**
   * Calls the user's function that makes the RDD of a batch from those of the parents. Where its text allows it, a worker calls it
   * too, for the functions that it makes. Present only with an `rddFunction`.
   */
  readonly body?: (rdds: readonly RDD<never>[], time: number) => unknown
  /** The user's function that gets the RDDs, where its text may prove that each is evaluated once. */
  readonly rddFunction?: RDDFunction
  /**
   * The user's functions that the operator applies to single records. Another thread finds a function by the id of its operator
   * and its index here, its slot.
   */
  readonly functions?: readonly AnyFunction[]
  /** The user's functions that merge what partitions were combined to; they have the slots behind the others. */
  readonly mergers?: readonly AnyFunction[]
  /**
   * Makes the RDD ahead in which `compute` combines its parent's records by key, and evaluates nothing of it: its map side is known
   * then to what evaluates the parent. Present where `compute` evaluates it at once.
   */
  mapSide?(time: number, read: Read): MaybePromise<void>
  /** True for a stream of external data, which is computed in every batch even when no output reads it. */
  readonly source?: boolean
  /** The place of the engine's own groups in the records, where there are any. */
  readonly groups?: Groups | undefined
  /** The state that this operator keeps between batches. With it, the operator is evaluated in every batch. */
  readonly state?: OperatorState
}

/** A user's function that is given RDDs. */
export interface RDDFunction {
  readonly f: (...args: never[]) => unknown
  /**
   * The number of RDDs, which are its first parameters; the name of the property of its first parameter that is the RDD; or that its
   * first parameter is an array of them.
   */
  readonly rdds: number | string | { readonly array: true }
  /** True when the function returns an RDD to the engine. */
  readonly returnsRDD?: boolean
}

export interface OperatorState {
  /** Tables by name; most operators have one, `state`. Their changes of a batch are part of the commit record. */
  readonly tables: Readonly<Record<string, KeyedState<unknown>>>
  /** The version of the stored form of the values; `migrate` reads older ones. */
  readonly version: number
  readonly migrate?: ((old: unknown, from: number) => unknown) | undefined
  /** How a partition of the table `state` is updated on its own, where it can be: a worker then updates a copy of it. */
  readonly update?: PartitionUpdate | undefined
}

/** The update of one partition of a state. It reads and changes no other one, and nothing else. */
export interface PartitionUpdate<S = any, T = any, E = any> {
  /** The user's functions that it calls. */
  readonly functions: readonly AnyFunction[]
  /**
   * Changes the table for the records of a batch, and returns what it emits.
   *
   * @param table the table with its other partitions, or a copy of the partition alone
   */
  run(table: KeyedState<S>, records: Iterable<T>, place: UpdatePlace): MaybePromise<readonly E[]>
}

/** The place of a partition's update. */
export interface UpdatePlace {
  /** The index of the partition in `table`: 0 for a copy. */
  readonly partition: number
  /** The batch time in milliseconds. */
  readonly time: number
  /** Whether an error of a user's function may leave a record out. */
  readonly onRecordError: RecordErrorHandler
  /** Runs a loop that may pause after any element. */
  readonly each: Each
}

/** Calls a function for each element, with pauses for the event loop between some of them. */
export type Each = <T>(elements: Iterable<T>, each: (element: T) => void) => Promise<void>
