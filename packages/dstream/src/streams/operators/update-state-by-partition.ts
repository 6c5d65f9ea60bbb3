import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { partitionerOf } from '../../base/keys/partitioner.js'
import { iterableOf, pairOf } from '../../rdd/plan/record-policy.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { copyForCall } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { initialStates, seed } from './internal/initial-states.js'
import { eachInSlices } from './internal/in-slices.js'
import { withStateVersion, stateRDD } from './internal/state-rdd.js'
import type { StatefulOperator, StateOptions } from './update-state-by-key.js'

export interface PartitionStateOptions<K extends Key, S> extends StateOptions<K, S> {
  /** Whether the stream says how its keys are spread, so that joins with it need not move them; default true. */
  rememberPartitioner?: boolean | undefined
}

const KIND = 'updateStateByPartition'

type Entries<K, V, S> = Iterable<[K, V[], S | undefined]>

/** The known keys of a partition in order of first arrival, with what came for them, then the new ones. */
function* entriesOf<K extends Key, V, S>(
  table: KeyedState<S>,
  partition: number,
  batch: readonly (readonly [K, V[]])[],
): Generator<[K, V[], S | undefined]> {
  const news = new Map<MapKey, V[]>(batch.map(([key, values]) => [keyOf(key), values]))
  for (const cells of table.chunks(partition)) {
    for (const { key, value } of cells) {
      if (value === undefined) continue
      const values = news.get(key) ?? []
      news.delete(key)
      yield [key as K, values, copyForCall(value)]
    }
  }
  for (const [key, values] of news) yield [key as K, values, undefined]
}

/**
 * As `updateStateByKey`, a partition at a time: the function gets all its entries and gives all its states, under the same
 * keys or others. A key that it does not give is dropped; of one given twice the first counts, as it does in Spark. The
 * states of all partitions are read before the first of the new ones is stored. How a partition is walked is the
 * function's business, so it is not cut into slices as long as it gives nothing.
 *
 * Law: with one partition, `out(t) = update(cogroup of batch t and out(t − 1))`, in order of first arrival.
 * Reference: `StateDStream`.
 */
export function updateStateByPartition<K extends Key, V, K2 extends Key, S>(
  parent: Operator<readonly [K, V]>,
  update: (entries: Entries<K, V, S>) => Iterable<readonly [K2, S]>,
  options: PartitionStateOptions<K2, S> & { readonly sc: RDDContext },
): StatefulOperator<K2, S> {
  const { sc, initialState, version = 1, migrate, rememberPartitioner = true, ...partitioning } = options
  const initial = initialStates(KIND, initialState)
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, KIND)
  const table = new KeyedState<S>({ partitioner })

  const advance = async (batch: readonly (readonly (readonly [K, V[]])[])[], time: number): Promise<void> => {
    const each = eachInSlices(sc)
    const given = new Map<MapKey, S>()
    for (let p = 0; p < table.numPartitions; p++) {
      const kept = iterableOf({ operator: KIND, time }, update(entriesOf<K, V, S>(table, p, batch[p] ?? [])))
      await each(kept, (pair) => {
        const [key, state] = pairOf({ operator: KIND, time }, pair) as readonly [K2, S]
        const k = keyOf(key)
        if (state !== undefined && !given.has(k)) given.set(k, state)
      })
    }
    for (let p = 0; p < table.numPartitions; p++) {
      for (const cells of table.chunks(p)) {
        for (const cell of cells) if (cell.value !== undefined && !given.has(cell.key)) table.drop(cell)
      }
    }
    await each(given, ([key, state]) => table.set(key, state))
  }

  const stateful = operator<[K2, S]>({
    kind: KIND,
    params: { numPartitions: partitioner.numPartitions, version },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version, migrate },
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      if (rdd === undefined && table.version === undefined && initial.none) return undefined
      const batch = (await rdd?.groupInPassing({ partitioner }).label(KIND, time).materialise()) ?? []
      const first = await initial.read(table)
      await withStateVersion([table], time, () => {
        seed(table, first)
        return advance(batch, time)
      })
      return stateRDD<K2, S>(sc, table, time, rememberPartitioner ? partitioner : null)
    },
  })
  return { ...stateful, table }
}
