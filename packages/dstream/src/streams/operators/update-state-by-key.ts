import type { Operator, PartitionUpdate, UpdatePlace } from '../graph/operator.js'
import { keyOf, type Key } from '../../base/keys/key.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { handOut } from '../state/own.js'
import type { KeyedState } from '../state/keyed-state.js'
import { Time } from '../../base/time/time.js'
import { PartitionUpdates, updateInOrder } from './internal/partition-updates.js'
import type { StateOptions } from './internal/state-options.js'
import type { OperatorWithTable } from './internal/stateful-operator.js'
import { updateStates, type GroupedPairs } from './internal/update-states.js'

const KIND = 'updateStateByKey'

type GroupedPair<K, V> = GroupedPairs<K, V>[number]

/**
 * Updates one state per key, in every batch for every key that has a state or new values, with `[]` if none came.
 * `undefined` drops the key. The stream holds all states, in order of first arrival. A batch without an RDD counts as one
 * without data; before the first data and without initial states there is no RDD.
 *
 * Law: `out(t)[k] = update(values of k in batch t, out(t − 1)[k], k, t)`.
 * Reference: `StateDStream`.
 */
export function updateStateByKey<K extends Key, V, S>(
  parent: Operator<readonly [K, V]>,
  update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
  options: StateOptions<K, S> & { readonly sc: RDDContext },
): OperatorWithTable<S, [K, S]> {
  const { sc } = options
  return updateStates(KIND, parent, options, (table: KeyedState<S>) => {
    const partitionUpdate: PartitionUpdate<S, GroupedPair<K, V>, never> = {
      functions: [update],
      run: (copy, pairs, place) => new UpdateRun(copy, update, place).run(pairs),
    }
    const updates = new PartitionUpdates(sc, table, partitionUpdate)
    return {
      partitionUpdate,
      update: (batch, time, isFirst) => {
        const knownKeys = Math.ceil(table.size / table.numPartitions)
        const inOrder = (here: readonly (readonly GroupedPair<K, V>[])[]) =>
          updateInOrder(sc, table, partitionUpdate, { batch: here, time })
        const isDue = (_: number, pairs: readonly unknown[]) => knownKeys > 0 || pairs.length > 0
        return updates.run({ batch, time, isDue, knownKeys, isFirst, inOrder })
      },
    }
  })
}

/** The update of a partition in one batch: all known keys first, then the new ones. */
class UpdateRun<K extends Key, V, S> {
  readonly #time: Time

  constructor(
    readonly table: KeyedState<S>,
    readonly update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
    readonly place: UpdatePlace,
  ) {
    this.#time = new Time(place.time)
  }

  async run(pairs: Iterable<GroupedPair<K, V>>): Promise<never[]> {
    const { table, place } = this
    const known: Cell<S>[] = []
    const knownValues: V[][] = []
    const newPairs: GroupedPair<K, V>[] = []
    await place.each(pairs, (pair) => {
      const cell = table.cell(pair[0])
      if (cell === undefined) newPairs.push(pair)
      else {
        cell.mark = known.push(cell) - 1
        knownValues.push(pair[1])
      }
    })
    if (table.size > 0) await this.#updateKnown(known, knownValues)
    if (newPairs.length > 0)
      await place.each(newPairs, ([key, values]) => this.#update(keyOf(key) as K, values, undefined))
    return []
  }

  /** Updates the keys that have a state. The mark of a cell says where its new values are, without a search for each key. */
  async #updateKnown(known: readonly Cell<S>[], newValues: readonly V[][]): Promise<void> {
    const { each, partition } = this.place
    for (const cells of this.table.chunks(partition)) {
      await each(cells, (cell) => {
        if (cell.value === undefined) return
        const { mark } = cell
        this.#update(cell.key as K, known[mark] === cell ? newValues[mark]! : [], cell)
      })
    }
  }

  #update(key: K, values: V[], cell: Cell<S> | undefined): void {
    const { table, place } = this
    try {
      const state = cell && handOut(cell.value)
      const next = this.update(values, state, key, this.#time)
      if (cell === undefined) table.set(key, next)
      else if (next === undefined) table.drop(cell)
      else table.writeBack(cell, next, state)
    } catch (cause) {
      // When the record is skipped, the state keeps its value.
      failOnRecord({ operator: table.operatorId ?? KIND, time: place.time }, [key, values], cause, place.onRecordError)
    }
  }
}
