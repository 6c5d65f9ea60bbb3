import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Spreads the records evenly over exactly `numPartitions` partitions.
 *
 * Law: the records of a batch, as a multiset, stay the same.
 */
export function repartition<T>(parent: Operator<T>, numPartitions: number): Operator<T> {
  return eachRDD('repartition', parent, (rdd) => rdd.repartition(numPartitions), { params: { numPartitions } })
}
