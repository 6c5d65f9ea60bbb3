import { RecordError } from '../errors/record-error.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../keys/key.js'
import { partitionerOf } from '../keys/partitioner.js'
import { rddOf } from '../rdd/rdd-of.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import { lend } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { checkPositiveDuration, type Duration } from '../time/duration.js'
import { Time } from '../time/time.js'
import { CalledState, type State } from './state.js'
import { inVersion, stateRDD } from './state-rdd.js'
import { seedStates, type StateOptions } from './update-state-by-key.js'

export type MapWithStateFunction<K extends Key, V, S, E> = (
  key: K,
  value: V | undefined,
  state: State<S>,
  time: Time,
) => E | undefined

export interface MapWithStateOptions<K extends Key, S> extends StateOptions<K, S> {
  /** A key without data for longer than this times out. */
  timeout?: Duration | undefined
}

export interface MapWithStateOperator<K extends Key, S, E> extends Operator<E> {
  readonly table: KeyedState<S>
  /** All states of each batch. */
  readonly snapshots: Operator<[K, S]>
}

/**
 * Each record with the state of its key, one after the other in order of arrival: `f` may read, update and remove the
 * state, and what it returns is emitted, `undefined` apart. A key without data for longer than the timeout is given one
 * last call without a value, then dropped: in the first batch whose time minus the timeout lies strictly after its last
 * data. Those calls come after the data, in order of last data.
 *
 * Law: with `f` that updates to `g(value, state)` and returns it, the emitted records are the running reductions.
 * Reference: `MapWithStateDStream`; there timeouts are looked at in every tenth batch only.
 */
export const mapWithState = <K extends Key, V, S, E>(
  parent: Operator<readonly [K, V]>,
  f: MapWithStateFunction<K, V, S, E>,
  options: MapWithStateOptions<K, S> & { readonly sc: RDDContext },
): MapWithStateOperator<K, S, E> => {
  const { sc, initialState, timeout, version = 1, migrate, ...partitioning } = options
  const kind = 'mapWithState'
  const timeoutMs = timeout === undefined ? undefined : checkPositiveDuration(kind, timeout).milliseconds
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, kind)
  const table = new KeyedState<S>({ partitioner, timed: timeoutMs !== undefined })
  const stateful = operator<E>({
    kind,
    params: { numPartitions: partitioner.numPartitions, timeoutMs, version },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version, migrate },
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      const batch = (await rdd?.partitionBy(partitioner).label(kind, time).materialise()) ?? []
      const turn = new MapTurn<K, V, S, E>(table, f, sc, new Time(time), timeoutMs)
      await inVersion([table], time, async () => {
        await seedStates(table, initialState)
        await turn.run(batch)
      })
      return rddOf(
        sc,
        turn.emitted.map((records) => ({ records })),
      )
    },
  })
  const snapshots = operator<[K, S]>({
    kind: 'stateSnapshots',
    parents: [stateful],
    compute: async (time, read) => {
      await read(stateful, time)
      return stateRDD<K, S>(sc, table, time)
    },
  })
  return Object.assign(stateful, { table, snapshots })
}

/** One batch: its records in order, then the keys that time out. */
class MapTurn<K extends Key, V, S, E> {
  readonly emitted: E[][]
  readonly #state = new CalledState<S>()

  constructor(
    readonly table: KeyedState<S>,
    readonly f: MapWithStateFunction<K, V, S, E>,
    readonly sc: RDDContext,
    readonly time: Time,
    readonly timeoutMs: number | undefined,
  ) {
    this.emitted = Array.from({ length: table.numPartitions }, () => [])
  }

  async run(batch: readonly (readonly (readonly [K, V])[])[]): Promise<void> {
    const slice = this.sc.runtime.yielder.begin()
    let left = slice.size
    for (const [p, pairs] of batch.entries()) {
      for (const [key, value] of pairs) {
        this.#data(key, value, this.emitted[p]!)
        if (--left > 0) continue
        const pause = slice.pause()
        if (pause !== undefined) await pause
        left = slice.size
      }
    }
    this.#timeOuts()
  }

  #data(key: K, value: V, out: E[]): void {
    const { table } = this
    const before = table.cell(key)?.value
    const state = this.#state.begin(key, before === undefined ? undefined : lend(before), false)
    this.#call(key, value, out)
    const after = state.end()
    if (state.removed) table.delete(key)
    else if (state.updated) table.set(key, after)
    else if (before !== undefined && this.timeoutMs !== undefined) table.touch(key)
  }

  #timeOuts(): void {
    if (this.timeoutMs === undefined) return
    const { table } = this
    const last = this.emitted.length - 1
    for (const cell of [...table.expired(this.time.milliseconds - this.timeoutMs)]) {
      const key = cell.key as K
      this.#state.begin(key, lend(cell.value as S), true)
      this.#call(key, undefined, this.emitted[table.partitioner?.getPartition(key) ?? last]!)
      this.#state.end()
      table.delete(key)
    }
  }

  #call(key: K, value: V | undefined, out: E[]): void {
    let result: E | undefined
    try {
      result = this.f(key, value, this.#state, this.time)
    } catch (cause) {
      throw new RecordError({ operator: 'mapWithState', time: this.time.milliseconds }, [key, value], cause)
    }
    if (result !== undefined) out.push(result)
  }
}
