import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import { keyOf, type Key } from '../keys/key.js'
import { partitionerOf } from '../keys/partitioner.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import { lend } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { inVersion, stateRDD } from './state-rdd.js'
import { seedStates, type StatefulOperator, type StateOptions } from './update-state-by-key.js'

/** All keys of a partition with their new values and states, to the states that are kept. */
export type PartitionUpdate<K extends Key, V, K2 extends Key, S> = (
  entries: Iterable<[K, V[], S | undefined]>,
) => Iterable<readonly [K2, S]>

/**
 * The whole-partition form of `updateStateByKey`: `update` sees every known and every new key of a partition at once, and
 * what it gives is the new state: it may change, add and drop keys. A partition is not cut into slices.
 *
 * Law: with `update` that maps entry by entry, `updateStateByKey`.
 */
export const updateStateByPartition = <K extends Key, V, K2 extends Key, S>(
  parent: Operator<readonly [K, V]>,
  update: PartitionUpdate<K, V, K2, S>,
  options: StateOptions<K2, S> & { readonly sc: RDDContext; readonly rememberPartitioner?: boolean | undefined },
): StatefulOperator<K2, S> => {
  const { sc, initialState, version = 1, migrate, rememberPartitioner: _remember, ...partitioning } = options
  const kind = 'updateStateByPartition'
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, kind)
  const table = new KeyedState<S>({ partitioner })
  const updatePartition = (p: number, pairs: readonly (readonly [K, V[]])[]): void => {
    const groups = new Map(pairs.map(([key, values]) => [keyOf(key) as Key, values]))
    const known = new Map<Key, S>()
    for (const cells of table.chunks(p)) {
      for (const cell of cells) if (cell.value !== undefined) known.set(cell.key, lend(cell.value))
    }
    const entries: [K, V[], S | undefined][] = [...known].map(([key, state]) => [
      key as K,
      groups.get(key) ?? [],
      state,
    ])
    for (const [key, values] of groups) if (!known.has(key)) entries.push([key as K, values, undefined])
    const next = new Map([...update(entries)].map(([key, state]) => [keyOf(key) as Key, state]))
    for (const key of known.keys()) if (!next.has(key)) table.delete(key)
    for (const [key, state] of next) table.set(key, state)
  }
  const stateful = operator<[K2, S]>({
    kind,
    params: { numPartitions: partitioner.numPartitions, version },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version, migrate },
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      if (rdd === undefined && table.size === 0) return undefined
      const batch = (await rdd?.groupByKey({ partitioner }).label(kind, time).materialise()) ?? []
      await inVersion([table], time, async () => {
        await seedStates(table, initialState)
        for (let p = 0; p < partitioner.numPartitions; p++) updatePartition(p, batch[p] ?? [])
      })
      return stateRDD<K2, S>(sc, table, time)
    },
  })
  return { ...stateful, table }
}
