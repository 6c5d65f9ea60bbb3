import { PairColumns } from '../../../rdd/execution/pair-columns.js'
import type { PartitionData } from '../../../rdd/plan/lineage.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import { inSlices } from './in-slices.js'

export function sizeOf(pairs: PartitionData): number {
  return 'size' in pairs ? pairs.size : pairs.length
}

/** Returns the pairs of all partitions, one after the other, as columns. */
export async function columnsOf<K, V>(
  sc: RDDContext,
  partitions: readonly PartitionData<readonly [K, V]>[],
): Promise<PairColumns<K, V>> {
  if (partitions.length === 1 && partitions[0] instanceof PairColumns) return partitions[0] as PairColumns<K, V>
  const sizes = partitions.map(sizeOf)
  const length = sizes.reduce((sum, size) => sum + size, 0)
  // Allocates the full length at once: growing the arrays costs more than filling them.
  const keys = new Array<K>(length)
  const values = new Array<V>(length)
  let at = 0
  for (const [p, pairs] of partitions.entries()) {
    const rest = pairs[Symbol.iterator]() as Iterator<readonly [K, V]>
    await inSlices(sc, sizes[p]!, (from, until) => {
      for (let i = from; i < until; i++, at++) {
        const [key, value] = rest.next().value as readonly [K, V]
        keys[at] = key
        values[at] = value
      }
    })
  }
  return new PairColumns(keys, values)
}
