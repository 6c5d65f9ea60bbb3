import type { Key } from '../../../base/keys/key.js'
import type { Partitioner } from '../../../base/keys/partitioner.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import { rddOf } from '../../../rdd/rdd-of.js'
import type { KeyedState } from '../../state/keyed-state.js'

/**
 * All states as of a committed version, read where they are: one partition per partition of the table. `partitioner` is
 * what the RDD says of how its keys are spread; nothing for `null`.
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

/** Runs one version of some tables: committed when `change` is through, as if it had not begun when it throws. */
export async function withStateVersion(
  tables: readonly KeyedState<any>[],
  version: number,
  change: () => Promise<void> | void,
): Promise<void> {
  for (const table of tables) table.begin(version)
  try {
    await change()
  } catch (error) {
    for (const table of tables) table.rollback()
    throw error
  }
  for (const table of tables) table.commit()
}
