import { promiseEmitted, stateChangedInPlace } from '../../base/errors/state.js'
import { holdsPromise, ignoreRejection } from '../../base/promises.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import type { KeyedState } from '../state/keyed-state.js'
import { isUnchanged } from '../state/own.js'
import { checkPositiveDuration, type Duration } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { initialStates, seed } from './internal/initial-states.js'
import { eachInSlices } from './internal/in-slices.js'
import { CalledState, type State } from './internal/state.js'
import type { StateOptions } from './internal/state-options.js'
import { stateRDD } from './internal/state-rdd.js'
import { statefulOperator, type OperatorWithTable } from './internal/stateful-operator.js'

export type MapWithStateFunction<K extends Key, V, S, E> = (
  key: K,
  value: V | undefined,
  state: State<S>,
  time: Time,
) => E | undefined

export interface MapWithStateOptions<K extends Key, S> extends StateOptions<K, S> {
  /** The time without data after which a key times out. */
  timeout?: Duration | undefined
}

export interface MapWithStateOperator<K extends Key, S, E> extends OperatorWithTable<S, E> {
  /** All states of each batch. */
  readonly snapshots: Operator<[K, S]>
}

const KIND = 'mapWithState'

/**
 * Calls `f` for each record with the state of its key, in order of arrival. `f` may read, update and remove the state; its
 * result is emitted unless it is `undefined`. With a `timeout`, a key without data for longer is given one last call without
 * a value and is then dropped: in the first batch whose time minus the timeout lies strictly after its last data. Those calls
 * come after the data, in order of last data.
 *
 * Law: with `f` that updates to `g(value, state)` and returns it, the emitted records are the running reductions.
 * Reference: `MapWithStateDStream`, which looks at timeouts in every tenth batch only.
 */
export function mapWithState<K extends Key, V, S, E>(
  parent: Operator<readonly [K, V]>,
  f: MapWithStateFunction<K, V, S, E>,
  options: MapWithStateOptions<K, S> & { readonly sc: RDDContext },
): MapWithStateOperator<K, S, E> {
  const { sc, initialState, timeout, version = 1, migrate, ...partitioning } = options
  const initial = initialStates(KIND, initialState)
  const timeoutMs = timeout === undefined ? undefined : checkPositiveDuration(KIND, timeout).milliseconds
  const spec = { kind: KIND, parent, sc, partitioning, timed: timeoutMs !== undefined, version, migrate }
  const stateful = statefulOperator(spec, (table: KeyedState<S>, numPartitions) => ({
    params: { numPartitions, timeoutMs, version },
    gather: async (time, read) => {
      const rdd = await read(parent, time)
      const batch = (await rdd?.partitionBy(table.partitioner!).label(KIND, time).materialise()) ?? []
      return { batch, first: await initial.read(table) }
    },
    update: async ({ batch, first }, time) => {
      seed(table, first)
      const run = new MappingRun<K, V, S, E>(table, f, sc, new Time(time), timeoutMs)
      await run.run(batch)
      return run.emitted
    },
    result: (_, emitted) =>
      rddOf(
        sc,
        emitted.map((records) => ({ records })),
      ),
  }))
  const snapshots = operator<[K, S]>({
    kind: 'stateSnapshots',
    parents: [stateful],
    compute: async (time, read) => {
      await read(stateful, time)
      return stateRDD<K, S>(sc, stateful.table, time)
    },
  })
  return Object.assign(stateful, { snapshots })
}

/** Refuses an async function: its promises would be emitted, and its state would change after the call has ended. */
function refusePromise(result: unknown): void {
  if (!holdsPromise(result)) return
  ignoreRejection(result)
  throw promiseEmitted(KIND)
}

type Pairs<K, V> = readonly (readonly [K, V])[]

/** The calls of one batch: its records in order, then the keys that time out. */
class MappingRun<K extends Key, V, S, E> {
  readonly emitted: E[][]
  readonly #state = new CalledState<S>()
  #failures = 0

  constructor(
    readonly table: KeyedState<S>,
    readonly f: MapWithStateFunction<K, V, S, E>,
    readonly sc: RDDContext,
    readonly time: Time,
    readonly timeoutMs: number | undefined,
  ) {
    this.emitted = Array.from({ length: table.numPartitions }, () => [])
  }

  async run(batch: readonly Pairs<K, V>[]): Promise<void> {
    const each = eachInSlices(this.sc)
    for (const [p, pairs] of batch.entries()) {
      await each(pairs, ([key, value]) => this.#mapRecord(key, value, this.emitted[p]!))
    }
    if (this.timeoutMs === undefined) return
    const expired = this.table.expired(this.time.milliseconds - this.timeoutMs)
    await each(expired, (cell) => this.#timeOut(cell))
  }

  #mapRecord(key: K, value: V, out: E[]): void {
    const { table } = this
    const state = this.#state
    const cell = table.cell(key)
    try {
      state.begin(key, cell?.value, false)
      const result = this.f(key, value, state, this.time)
      refusePromise(result)
      this.#store(key, cell)
      if (result !== undefined) out.push(result)
    } catch (cause) {
      // When the record is skipped, the state keeps its value.
      this.#fail(key, value, cause)
    } finally {
      state.end()
    }
  }

  /** Stores the state as the call has left it. With a timeout, data also restarts the key's timer. */
  #store(key: K, cell: Cell<S> | undefined): void {
    const { table } = this
    const { updated, removed, value, handed } = this.#state
    if (removed) {
      if (cell !== undefined) table.drop(cell)
    } else if (updated) {
      if (cell === undefined) table.set(key, value)
      else table.writeBack(cell, value as S, handed)
    } else if (cell !== undefined) {
      if (handed !== undefined && isUnchanged(cell.value, handed) === false) throw stateChangedInPlace(KIND, key)
      if (this.timeoutMs !== undefined) table.refresh(cell)
    }
  }

  #timeOut(cell: Cell<S>): void {
    const key = cell.key as K
    try {
      this.#state.begin(key, cell.value, true)
      const result = this.f(key, undefined, this.#state, this.time)
      refusePromise(result)
      if (result !== undefined) this.emitted[this.table.partitionFor(key)]!.push(result)
    } catch (cause) {
      this.#fail(key, undefined, cause)
    } finally {
      this.#state.end()
    }
    this.table.drop(cell)
  }

  #fail(key: K, value: V | undefined, cause: unknown): void {
    const origin = { operator: this.table.operatorId ?? KIND, time: this.time.milliseconds }
    failOnRecord(origin, [key, value], cause, this.sc.runtime.onRecordError, { place: String(this.#failures++) })
  }
}
