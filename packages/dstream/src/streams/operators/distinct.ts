import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { asksFor, type PartitionOptions } from '../../base/keys/partitioner.js'

/**
 * Passes each record of a batch once, by the equality of keys: the first that came, in order of arrival. Batches are
 * independent; `dedupByKey` works across batches.
 *
 * Law: `distinct() = countByValue().map(([record]) => record)`.
 */
export function distinct<T extends Key>(parent: Operator<T>, options: PartitionOptions = {}): Operator<T> {
  return eachRDD('distinct', parent, (rdd) =>
    // An RDD's own default, the partitions of its records, would make the order depend on how they arrived.
    rdd.distinct(asksFor(options) ? options : { numPartitions: rdd.context.defaultParallelism }),
  )
}
