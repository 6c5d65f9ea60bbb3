import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Maps all records of a partition at once, as an iterable. The loop over a partition does not pause: a long partition blocks
 * the event loop.
 *
 * Law: for `f` that treats records one by one, the same as `flatMap`.
 */
export function mapPartitions<T, U>(parent: Operator<T>, f: (records: Iterable<T>) => Iterable<U>): Operator<U> {
  return eachRDD('mapPartitions', parent, (rdd) => rdd.mapPartitions(f))
}
