import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { add } from './internal/sums.js'

/**
 * Counts how often each value occurs in a batch, as pairs of value and count in order of first arrival.
 *
 * Law: `countByValue() = mapToPair(x => [x, 1]).reduceByKey((a, b) => a + b)`.
 */
export function countByValue<T extends Key>(
  parent: Operator<T>,
  options: PartitionOptions = {},
): Operator<[T, number]> {
  const one = (record: T): [T, number] => [record, 1]
  return eachRDD('countByValue', parent, (rdd) => rdd.mapToPair(one).reduceByKey(add, options), {
    functions: [one, add],
  })
}
