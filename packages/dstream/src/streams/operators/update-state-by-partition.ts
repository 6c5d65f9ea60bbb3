import type { Operator } from '../graph/operator.js'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { recordsHere, type PlacedRecords } from '../../rdd/execution/left-records.js'
import { iterableOf, pairOf } from '../../rdd/plan/shapes.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { handOut } from '../state/own.js'
import type { KeyedState } from '../state/keyed-state.js'
import { eachInSlices } from './internal/in-slices.js'
import type { StateOptions } from './internal/state-options.js'
import type { OperatorWithTable } from './internal/stateful-operator.js'
import { updateStates, type GroupedPairs } from './internal/update-states.js'

export interface PartitionStateOptions<K extends Key, S> extends StateOptions<K, S> {
  /** Whether the stream knows its partitioner, so that joins with it need not move its keys; default true. */
  rememberPartitioner?: boolean | undefined
}

type Entries<K, V, S> = Iterable<[K, V[], S | undefined]>

const KIND = 'updateStateByPartition'

/**
 * Updates states as `updateStateByKey` does, a partition at a time: the function gets all entries of the partition and
 * returns all its states, under the same keys or others. A key that it does not return is dropped; of a key returned twice
 * the first state counts, as in Spark. The states of all partitions are read before the first new one is stored. The
 * function itself decides how it iterates over a partition, so the loop cannot pause before the function returns its first
 * state.
 *
 * Law: with one partition, `out(t) = update(cogroup of batch t and out(t − 1))`, in order of first arrival.
 * Reference: `StateDStream`.
 */
export function updateStateByPartition<K extends Key, V, K2 extends Key, S>(
  parent: Operator<readonly [K, V]>,
  update: (entries: Entries<K, V, S>) => Iterable<readonly [K2, S]>,
  options: PartitionStateOptions<K2, S> & { readonly sc: RDDContext },
): OperatorWithTable<S, [K2, S]> {
  return updateStates(KIND, parent, options, (table: KeyedState<S>) => ({
    update: async (placed: PlacedRecords<GroupedPairs<K, V>[number]>, time: number) => {
      const batch = await recordsHere(placed)
      const each = eachInSlices(options.sc)
      const states = new Map<MapKey, S>()
      const handed = new Map<MapKey, S>()
      for (let p = 0; p < table.numPartitions; p++) {
        const returned = iterableOf(
          { operator: KIND, time },
          update(entriesOf<K, V, S>(table, p, batch[p] ?? [], handed)),
        )
        await each(returned, (pair) => {
          const [key, state] = pairOf({ operator: KIND, time }, pair) as readonly [K2, S]
          const k = keyOf(key)
          if (state !== undefined && !states.has(k)) states.set(k, state)
        })
      }
      dropAllBut(table, states)
      await each(states, ([key, state]) => {
        const cell = table.cell(key)
        if (cell === undefined) table.add(key, state)
        else table.writeBack(cell, state, handed.get(key))
      })
    },
  }))
}

/** Yields the known keys of a partition in order of first arrival, each with its new values, then the new keys. */
function* entriesOf<K extends Key, V, S>(
  table: KeyedState<S>,
  partition: number,
  batch: GroupedPairs<K, V>,
  handed: Map<MapKey, S>,
): Generator<[K, V[], S | undefined]> {
  const newValues = new Map<MapKey, V[]>(batch.map(([key, values]) => [keyOf(key), values]))
  for (const cells of table.chunks(partition)) {
    for (const { key, value } of cells) {
      if (value === undefined) continue
      const values = newValues.get(key) ?? []
      newValues.delete(key)
      const state = handOut(value)
      if (typeof state === 'object') handed.set(key, state)
      yield [key as K, values, state]
    }
  }
  for (const [key, values] of newValues) yield [key as K, values, undefined]
}

function dropAllBut<S>(table: KeyedState<S>, states: ReadonlyMap<MapKey, S>): void {
  for (let p = 0; p < table.numPartitions; p++) {
    for (const cells of table.chunks(p)) {
      for (const cell of cells) if (cell.value !== undefined && !states.has(cell.key)) table.drop(cell)
    }
  }
}
