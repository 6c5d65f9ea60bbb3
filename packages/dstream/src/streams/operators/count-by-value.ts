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
  return eachRDD('countByValue', parent, (rdd) => rdd.mapToPair<T, number>(withOne).reduceByKey(add, options), {
    functions: [withOne, add],
  })
}

/** The same function in every batch, so that it is known before the batch. */
function withOne<T>(record: T): [T, number] {
  return [record, 1]
}
