import type { Key } from '../../../base/keys/key.js'
import type { Partitioner } from '../../../base/keys/partitioner.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import { rddOf } from '../../../rdd/rdd-of.js'
import type { KeyedState } from '../../state/keyed-state.js'

/**
 * Returns an RDD of all states as of a committed version, which reads the table without copying it: one partition per
 * partition of the table. `partitioner` becomes the partitioner of the RDD; with `null` the RDD has none.
 */
export function stateRDD<K extends Key, S>(
  sc: RDDContext,
  table: KeyedState<S>,
  version: number,
  partitioner: Partitioner | null = table.partitioner ?? null,
): RDD<[K, S]> {
  const parts = Array.from({ length: table.numPartitions }, (_, i) => ({
    iterate: () => table.partition(i, version) as Iterable<[K, S]>,
  }))
  return rddOf(sc, parts, { partitioner: partitioner ?? undefined })
}
