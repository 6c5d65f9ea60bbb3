import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * Maps all records of a partition at once to pairs of key and value.
 *
 * Law: the records are those of `mapPartitions(f)`.
 */
export function mapPartitionsToPair<T, K extends Key, V>(
  parent: Operator<T>,
  f: (records: Iterable<T>) => Iterable<readonly [K, V]>,
): Operator<[K, V]> {
  return eachRDD('mapPartitionsToPair', parent, (rdd) => rdd.mapPartitionsToPair(f))
}
