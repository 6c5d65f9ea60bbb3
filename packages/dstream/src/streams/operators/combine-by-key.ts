import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'

/** The functions that combine the values of one key: for the first value, each further value, and two combined ones. */
export interface Combiner<V, C> {
  readonly create: (value: V) => C
  readonly merge: (combined: C, value: V) => C
  readonly mergeCombiners: (a: C, b: C) => C
}

/**
 * Aggregates by key, within each partition and then across partitions in their order.
 *
 * Law: `combineByKey(v => v, f, f) = reduceByKey(f)`.
 */
export function combineByKey<K extends Key, V, C>(
  parent: Operator<readonly [K, V]>,
  combiner: Combiner<V, C>,
  options: PartitionOptions = {},
): Operator<[K, C]> {
  const { create, merge, mergeCombiners } = combiner
  return eachRDD('combineByKey', parent, (rdd) => rdd.combineByKey(create, merge, mergeCombiners, options), {
    functions: [create, merge],
    mergers: [mergeCombiners],
  })
}
