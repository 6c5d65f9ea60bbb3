import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'

/**
 * Reduces the values of each key of a batch to one value. `f` is associative and commutative. Keys in order of first arrival.
 *
 * Law: per key, `out = values.reduce(f)`.
 */
export function reduceByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  options: PartitionOptions = {},
): Operator<[K, V]> {
  return eachRDD('reduceByKey', parent, (rdd) => rdd.reduceByKey(f, options), { functions: [f] })
}
