import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * The same records in exactly `numPartitions` partitions, spread evenly.
 *
 * Law: the records of a batch, as a multiset, stay what they were.
 */
export function repartition<T>(parent: Operator<T>, numPartitions: number): Operator<T> {
  return eachRDD('repartition', parent, (rdd) => rdd.repartition(numPartitions), { numPartitions })
}
