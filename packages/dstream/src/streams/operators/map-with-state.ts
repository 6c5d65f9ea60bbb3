import { promiseEmitted } from '../../base/errors/state.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { partitionerOf } from '../../base/keys/partitioner.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { KeyedState } from '../state/keyed-state.js'
import { StateCopies } from '../state/state-copies.js'
import { checkPositiveDuration, type Duration } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { initialStates, seed } from './internal/initial-states.js'
import { eachInSlices } from './internal/in-slices.js'
import { CalledState, type State } from './state.js'
import { withStateVersion, stateRDD } from './internal/state-rdd.js'
import type { StateOptions } from './update-state-by-key.js'

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

const KIND = 'mapWithState'

/**
 * Each record with the state of its key, one after the other in order of arrival: `f` may read, update and remove the
 * state, and what it returns is emitted, `undefined` apart. A key without data for longer than the timeout is given one
 * last call without a value, then dropped: in the first batch whose time minus the timeout lies strictly after its last
 * data. Those calls come after the data, in order of last data.
 *
 * Law: with `f` that updates to `g(value, state)` and returns it, the emitted records are the running reductions.
 * Reference: `MapWithStateDStream`; there timeouts are looked at in every tenth batch only.
 */
export function mapWithState<K extends Key, V, S, E>(
  parent: Operator<readonly [K, V]>,
  f: MapWithStateFunction<K, V, S, E>,
  options: MapWithStateOptions<K, S> & { readonly sc: RDDContext },
): MapWithStateOperator<K, S, E> {
  const { sc, initialState, timeout, version = 1, migrate, ...partitioning } = options
  const initial = initialStates(KIND, initialState)
  const timeoutMs = timeout === undefined ? undefined : checkPositiveDuration(KIND, timeout).milliseconds
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, KIND)
  const table = new KeyedState<S>({ partitioner, timed: timeoutMs !== undefined })
  const stateful = operator<E>({
    kind: KIND,
    params: { numPartitions: partitioner.numPartitions, timeoutMs, version },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version, migrate },
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      const batch = (await rdd?.partitionBy(partitioner).label(KIND, time).materialise()) ?? []
      const turn = new MapTurn<K, V, S, E>(table, f, sc, new Time(time), timeoutMs)
      const first = await initial.read(table)
      await withStateVersion([table], time, () => {
        seed(table, first)
        return turn.run(batch)
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

/** An async function would emit its promises, and change a state that is not its own any more. */
function refusePromise(result: unknown): void {
  if (!(result instanceof Promise)) return
  // What becomes of it is nobody's business now: a rejection must not count as unhandled.
  result.catch(() => undefined)
  throw promiseEmitted(KIND)
}

type Pairs<K, V> = readonly (readonly [K, V])[]

/** One batch: its records in order, then the keys that time out. */
class MapTurn<K extends Key, V, S, E> {
  readonly emitted: E[][]
  readonly #state = new CalledState<S>()
  readonly #lender: StateCopies<S>

  constructor(
    readonly table: KeyedState<S>,
    readonly f: MapWithStateFunction<K, V, S, E>,
    readonly sc: RDDContext,
    readonly time: Time,
    readonly timeoutMs: number | undefined,
  ) {
    this.#lender = new StateCopies(sc.runtime.onRecordError !== undefined)
    this.emitted = Array.from({ length: table.numPartitions }, () => [])
  }

  async run(batch: readonly Pairs<K, V>[]): Promise<void> {
    const each = eachInSlices(this.sc)
    for (const [p, pairs] of batch.entries()) {
      await each(pairs, ([key, value]) => this.#data(key, value, this.emitted[p]!))
    }
    if (this.timeoutMs === undefined) return
    const due = this.table.expired(this.time.milliseconds - this.timeoutMs)
    await each(due, (cell) => this.#timeOut(cell))
  }

  #data(key: K, value: V, out: E[]): void {
    const { table } = this
    const state = this.#state
    const cell = table.cell(key)
    try {
      state.begin(key, cell && this.#lender.of(cell), false)
      const result = this.f(key, value, state, this.time)
      refusePromise(result)
      this.#store(key, cell)
      if (result !== undefined) out.push(result)
    } catch (cause) {
      // Skipped: the state stays what it was.
      this.#blame(key, value, cause)
    } finally {
      state.end()
    }
  }

  /** Receiving data keeps a key alive where there is a timeout, whatever the function does with its state. */
  #store(key: K, cell: Cell<S> | undefined): void {
    const { table } = this
    const { updated, removed, value } = this.#state
    if (removed) {
      if (cell !== undefined) table.drop(cell)
    } else if (updated) {
      if (cell === undefined) table.set(key, value)
      else table.write(cell, value as S)
      this.#lender.own(cell ?? table.cell(key)!, value as S)
    } else if (cell !== undefined && this.timeoutMs !== undefined) table.refresh(cell)
  }

  #timeOut(cell: Cell<S>): void {
    const key = cell.key as K
    try {
      this.#state.begin(key, this.#lender.of(cell), true)
      const result = this.f(key, undefined, this.#state, this.time)
      refusePromise(result)
      if (result !== undefined) this.emitted[this.table.partitionFor(key)]!.push(result)
    } catch (cause) {
      this.#blame(key, undefined, cause)
    } finally {
      this.#state.end()
    }
    this.table.drop(cell)
  }

  #blame(key: K, value: V | undefined, cause: unknown): void {
    failOnRecord({ operator: KIND, time: this.time.milliseconds }, [key, value], cause, this.sc.runtime.onRecordError)
  }
}
