import { RecordError } from '../errors/record-error.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import { keyOf, type Key } from '../keys/key.js'
import { partitionerOf, type PartitionOptions } from '../keys/partitioner.js'
import type { RDD } from '../rdd/rdd.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import { lend } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { Time } from '../time/time.js'
import { inVersion, stateRDD } from './state-rdd.js'

export interface StateOptions<K extends Key, S> extends PartitionOptions {
  /** States to begin with, as old as the first batch; of a key that is named twice the first counts. */
  initialState?: RDD<readonly [K, S]> | Iterable<readonly [K, S]> | undefined
  /** Version of the stored form of the states; default 1. */
  version?: number | undefined
  /** Reads a state that an older version of the program has stored. */
  migrate?: ((old: unknown, from: number) => S) | undefined
}

/** An operator that keeps one table of states. */
export interface StatefulOperator<K extends Key, S> extends Operator<[K, S]> {
  readonly table: KeyedState<S>
}

/** Puts the initial states into the open batch, when it is the first ever. */
export const seedStates = async <K extends Key, S>(
  table: KeyedState<S>,
  initial: StateOptions<K, S>['initialState'],
): Promise<void> => {
  if (initial === undefined || table.version !== undefined) return
  const states = Symbol.iterator in initial ? initial : await initial.collect()
  for (const [key, state] of states) if (table.cell(key) === undefined) table.set(key, state)
}

type Groups<K, V> = readonly (readonly (readonly [K, V[]])[])[]

/** One batch of `updateStateByKey`: all known keys, then the new ones. */
class StateTurn<K extends Key, V, S> {
  constructor(
    readonly table: KeyedState<S>,
    readonly update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
    readonly sc: RDDContext,
  ) {}

  async run(batch: Groups<K, V>, time: Time): Promise<void> {
    const { table } = this
    const slice = this.sc.runtime.yielder.begin()
    let left = slice.size
    const breathe = (): Promise<void> | undefined => {
      if (--left > 0) return undefined
      const pause = slice.pause()
      left = slice.size
      return pause
    }
    for (let p = 0; p < table.numPartitions; p++) {
      const groups = new Map((batch[p] ?? []).map(([key, values]) => [keyOf(key), values]))
      for (const cells of table.chunks(p)) {
        // A chunk grows when keys are added; those of this batch are not known ones.
        for (const cell of cells.slice()) {
          if (cell.value === undefined) continue
          const values = groups.get(cell.key)
          if (values !== undefined) groups.delete(cell.key)
          const next = this.#call(values ?? [], lend(cell.value), cell.key as K, time)
          if (next === undefined) table.delete(cell.key)
          else table.write(cell, next)
          const pause = breathe()
          if (pause !== undefined) await pause
        }
      }
      for (const [key, values] of groups) {
        table.set(key, this.#call(values, undefined, key as K, time))
        const pause = breathe()
        if (pause !== undefined) await pause
      }
    }
  }

  #call(values: V[], state: S | undefined, key: K, time: Time): S | undefined {
    try {
      return this.update(values, state, key, time)
    } catch (cause) {
      throw new RecordError({ operator: 'updateStateByKey', time: time.milliseconds }, [key, values], cause)
    }
  }
}

/**
 * One state per key, updated in every batch for every key that has a state or new values, `[]` if none came. `undefined`
 * drops the key. The stream holds all states, in order of first arrival; a batch without an RDD counts as one without data.
 *
 * Law: `out(t)[k] = update(values of k in batch t, out(t − 1)[k], k, t)`.
 * Reference: `StateDStream`.
 */
export const updateStateByKey = <K extends Key, V, S>(
  parent: Operator<readonly [K, V]>,
  update: (values: V[], state: S | undefined, key: K, time: Time) => S | undefined,
  options: StateOptions<K, S> & { readonly sc: RDDContext },
): StatefulOperator<K, S> => {
  const { sc, initialState, version = 1, migrate, ...partitioning } = options
  const kind = 'updateStateByKey'
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, kind)
  const table = new KeyedState<S>({ partitioner })
  const turn = new StateTurn<K, V, S>(table, update, sc)
  const stateful = operator<[K, S]>({
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
        await turn.run(batch, new Time(time))
      })
      return stateRDD<K, S>(sc, table, time)
    },
  })
  return { ...stateful, table }
}
