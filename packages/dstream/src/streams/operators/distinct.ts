import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { asksFor, type PartitionOptions } from '../../base/keys/partitioner.js'

/**
 * Each record of a batch once, by the equality of keys; the first that came stays, in order of arrival. Nothing is
 * remembered from batch to batch: that is `dedupByKey`.
 *
 * Law: `distinct() = countByValue().map(([record]) => record)`.
 */
export function distinct<T extends Key>(parent: Operator<T>, options: PartitionOptions = {}): Operator<T> {
  return eachRDD('distinct', parent, (rdd) =>
    // Not in the partitions that the records came in, as an RDD does it: that would decide about their order.
    rdd.distinct(asksFor(options) ? options : { numPartitions: rdd.context.defaultParallelism }),
  )
}
