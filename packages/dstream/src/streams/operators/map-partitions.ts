import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * All records of a partition at once, as an iterable. A partition is not cut into slices: a long one holds the event loop.
 *
 * Law: for `f` that treats records one by one, the same as `flatMap`.
 */
export function mapPartitions<T, U>(parent: Operator<T>, f: (records: Iterable<T>) => Iterable<U>): Operator<U> {
  return eachRDD('mapPartitions', parent, (rdd) => rdd.mapPartitions(f))
}

/** `mapPartitions` to pairs. */
export function mapPartitionsToPair<T, K extends Key, V>(
  parent: Operator<T>,
  f: (records: Iterable<T>) => Iterable<readonly [K, V]>,
): Operator<[K, V]> {
  return eachRDD('mapPartitionsToPair', parent, (rdd) => rdd.mapPartitionsToPair(f))
}

/** `mapPartitions` that is told the partition's place, from 0. */
export function mapPartitionsWithIndex<T, U>(
  parent: Operator<T>,
  f: (index: number, records: Iterable<T>) => Iterable<U>,
): Operator<U> {
  return eachRDD('mapPartitionsWithIndex', parent, (rdd) => rdd.mapPartitionsWithIndex(f))
}
