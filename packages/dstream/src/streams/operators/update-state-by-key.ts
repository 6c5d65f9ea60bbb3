import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import { keyOf, type Key } from '../../base/keys/key.js'
import { partitionerOf, type PartitionOptions } from '../../base/keys/partitioner.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { copyForCall } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { Time } from '../../base/time/time.js'
import { initialStates, seed, type StatePairs } from './internal/initial-states.js'
import { eachInSlices, type Each } from './internal/in-slices.js'
import { withStateVersion, stateRDD } from './internal/state-rdd.js'

/** What the operators with a state per key can be told. */
export interface StateOptions<K extends Key, S> extends PartitionOptions {
  /** States to begin with, as old as the first batch; of a key that is named twice the first counts. */
  initialState?: StatePairs<K, S> | undefined
  /** Version of the stored form of the states; default 1. */
  version?: number | undefined
  /** Reads a state that an older version of the program has stored. */
  migrate?: ((old: unknown, from: number) => S) | undefined
}

/** An operator that keeps one table of states. */
export interface StatefulOperator<K extends Key, S> extends Operator<[K, S]> {
  readonly table: KeyedState<S>
}

const KIND = 'updateStateByKey'

/** One batch: all known keys, then the new ones. */
class StateTurn<K extends Key, V, S> {
  constructor(
    readonly table: KeyedState<S>,
    readonly update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
    readonly sc: RDDContext,
    readonly time: Time,
  ) {}

  async run(batch: readonly (readonly (readonly [K, V[]])[])[]): Promise<void> {
    const each = eachInSlices(this.sc)
    for (let p = 0; p < this.table.numPartitions; p++) {
      const news = new Map((batch[p] ?? []).map(([key, values]) => [keyOf(key), values]))
      await this.#updateKnown(p, news, each)
      await each(news, ([key, values]) => this.#update(key as K, values, undefined))
    }
  }

  /** Takes the keys that it knows out of `news`. */
  async #updateKnown(p: number, news: Map<Key, V[]>, each: Each): Promise<void> {
    for (const cells of this.table.chunks(p)) {
      await each(cells, (cell) => {
        if (cell.value === undefined) return
        const values = news.get(cell.key)
        if (values !== undefined) news.delete(cell.key)
        this.#update(cell.key as K, values ?? [], cell)
      })
    }
  }

  #update(key: K, values: V[], cell: Cell<S> | undefined): void {
    const { table, time } = this
    try {
      const next = this.update(values, cell && copyForCall(cell.value), key, time)
      if (cell === undefined) table.set(key, next)
      else if (next === undefined) table.drop(cell)
      else table.write(cell, next)
    } catch (cause) {
      // Skipped: the state stays what it was.
      failOnRecord({ operator: KIND, time: time.milliseconds }, [key, values], cause, this.sc.runtime.onRecordError)
    }
  }
}

/**
 * One state per key, updated in every batch for every key that has a state or new values, `[]` if none came. `undefined`
 * drops the key. The stream holds all states, in order of first arrival; a batch without an RDD counts as one without
 * data, but as long as there has been neither data nor an initial state there is nothing to give.
 *
 * Law: `out(t)[k] = update(values of k in batch t, out(t − 1)[k], k, t)`.
 * Reference: `StateDStream`.
 */
export function updateStateByKey<K extends Key, V, S>(
  parent: Operator<readonly [K, V]>,
  update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
  options: StateOptions<K, S> & { readonly sc: RDDContext },
): StatefulOperator<K, S> {
  const { sc, initialState, version = 1, migrate, ...partitioning } = options
  const initial = initialStates(KIND, initialState)
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, KIND)
  const table = new KeyedState<S>({ partitioner })
  const stateful = operator<[K, S]>({
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
        return new StateTurn(table, update, sc, new Time(time)).run(batch)
      })
      return stateRDD<K, S>(sc, table, time)
    },
  })
  return { ...stateful, table }
}
