import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Maps all records of a partition at once, with the index of the partition, from 0.
 *
 * Law: for `f` that ignores the index, the same as `mapPartitions`.
 */
export function mapPartitionsWithIndex<T, U>(
  parent: Operator<T>,
  f: (index: number, records: Iterable<T>) => Iterable<U>,
): Operator<U> {
  return eachRDD('mapPartitionsWithIndex', parent, (rdd) => rdd.mapPartitionsWithIndex(f))
}
