import type { RDD } from '../../rdd/rdd.js'
import type { KeyedState } from '../state/keyed-state.js'

/** The RDD of another operator for a batch time; `undefined` where it gives none. Computed at most once per batch. */
export type Read = <U>(parent: Operator<U>, time: number) => Promise<RDD<U> | undefined>

/**
 * The one contract of the graph: a plain object that computes the RDD of a batch from those of its parents.
 * Windows, joins, state and sources add no second mechanism. Times and durations are milliseconds.
 */
export interface Operator<out T = unknown> {
  /** What it is, as the user wrote it: `map`, `updateStateByKey`. */
  readonly kind: string
  /** What a plan and a fingerprint show of it: plain JSON, never a function. */
  readonly params: Readonly<Record<string, unknown>>
  readonly parents: readonly Operator[]
  readonly slideMs: number
  /** How far behind the batch time this operator reads its parents: they keep their RDDs that long. 0 for most. */
  readonly lookbackMs: number
  /** Called only at times on its slide, in order of time, once per time (again only after it has failed). */
  compute(time: number, read: Read): Promise<RDD<T> | undefined> | RDD<T> | undefined
  /** True when a user's function is given the parents' RDDs themselves, and so may act on them several times. */
  readonly handsOutRDD?: boolean
  /** Streams of data from outside: computed in every batch, whoever reads them. */
  readonly source?: boolean
  /** What this operator keeps between batches. Its presence makes the operator stateful: it is evaluated in every batch. */
  readonly state?: OperatorState
}

export interface OperatorState {
  /** Tables by name; most operators have one, `state`. Their changes of a batch are part of the commit record. */
  readonly tables: Readonly<Record<string, KeyedState<unknown>>>
  /** Version of the stored form of the values, and how older ones are read. */
  readonly version: number
  readonly migrate?: ((old: unknown, from: number) => unknown) | undefined
}
