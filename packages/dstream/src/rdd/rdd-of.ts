import type { Partitioner } from '../base/keys/partitioner.js'
import type { PartitionSource } from './plan/lineage.js'

import { RDD, type RDDFactory } from './rdd.js'
import { source } from './transformations/steps.js'

/** Makes the RDD of a source: one partition per part, read again at every evaluation unless `shared`. */
export function rddOf<T>(
  context: RDDFactory,
  parts: readonly PartitionSource<T>[],
  options?: { readonly partitioner?: Partitioner | undefined; readonly shared?: boolean | undefined },
): RDD<T> {
  return new RDD(context, source('source', parts, options))
}
