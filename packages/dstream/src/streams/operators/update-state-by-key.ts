import type { Operator } from '../graph/operator.js'
import { keyOf, type Key } from '../../base/keys/key.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { handOut } from '../state/own.js'
import type { KeyedState } from '../state/keyed-state.js'
import { Time } from '../../base/time/time.js'
import { eachInSlices, type Each } from './internal/in-slices.js'
import type { StateOptions } from './internal/state-options.js'
import type { OperatorWithTable } from './internal/stateful-operator.js'
import { updateStates, type GroupedPairs } from './internal/update-states.js'

const KIND = 'updateStateByKey'

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
  return updateStates(KIND, parent, options, (table: KeyedState<S>, batch: readonly GroupedPairs<K, V>[], time) =>
    new UpdateRun(table, update, options.sc, new Time(time)).run(batch),
  )
}

/** The update of one batch: all known keys first, then the new ones. */
class UpdateRun<K extends Key, V, S> {
  constructor(
    readonly table: KeyedState<S>,
    readonly update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
    readonly sc: RDDContext,
    readonly time: Time,
  ) {}

  async run(batch: readonly GroupedPairs<K, V>[]): Promise<void> {
    const each = eachInSlices(this.sc)
    for (let p = 0; p < this.table.numPartitions; p++) {
      const newValues = new Map((batch[p] ?? []).map(([key, values]) => [keyOf(key), values]))
      if (this.table.size > 0) await this.#updateKnown(p, newValues, each)
      if (newValues.size > 0) await each(newValues, ([key, values]) => this.#update(key as K, values, undefined))
    }
  }

  /** Updates the keys that have a state, and removes them from `newValues`. */
  async #updateKnown(p: number, newValues: Map<Key, V[]>, each: Each): Promise<void> {
    for (const cells of this.table.chunks(p)) {
      await each(cells, (cell) => {
        if (cell.value === undefined) return
        const values = newValues.get(cell.key)
        if (values !== undefined) newValues.delete(cell.key)
        this.#update(cell.key as K, values ?? [], cell)
      })
    }
  }

  #update(key: K, values: V[], cell: Cell<S> | undefined): void {
    const { table, time } = this
    try {
      const state = cell && handOut(cell.value)
      const next = this.update(values, state, key, time)
      if (cell === undefined) table.set(key, next)
      else if (next === undefined) table.drop(cell)
      else table.writeBack(cell, next, state)
    } catch (cause) {
      // When the record is skipped, the state keeps its value.
      failOnRecord(
        { operator: table.operatorId ?? KIND, time: time.milliseconds },
        [key, values],
        cause,
        this.sc.runtime.onRecordError,
      )
    }
  }
}
