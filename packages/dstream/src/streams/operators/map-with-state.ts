import { promiseEmitted, stateChangedInPlace } from '../../base/errors/state.js'
import { holdsPromise, ignoreRejection } from '../../base/promises.js'
import { operator } from '../graph/make.js'
import type { Operator, PartitionUpdate, UpdatePlace } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { release } from '../../rdd/execution/left-records.js'
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
import { PartitionUpdates } from './internal/partition-updates.js'
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

type Pair<K, V> = readonly [K, V]

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
  const stateful = statefulOperator(spec, (table: KeyedState<S>, numPartitions) => {
    const partitionUpdate: PartitionUpdate<S, Pair<K, V>, E> = {
      functions: [f],
      run: async (copy, pairs, place) => {
        const run = new MappingRun<K, V, S, E>(copy, f, place, timeoutMs)
        await run.map(place.partition, pairs)
        await run.timeOut(place.partition)
        return run.emitted[place.partition]!
      },
    }
    const updates = new PartitionUpdates(sc, table, partitionUpdate)
    return {
      params: { numPartitions, timeoutMs, version },
      gather: async (time, read) => {
        const rdd = await read(parent, time)
        const first = await initial.read(table)
        return {
          batch: (await rdd?.partitionBy(table.partitioner!).label(KIND, time).materialiseOrLeave()) ?? [],
          first,
        }
      },
      update: ({ batch, first }, time) => {
        seed(table, first)
        const expired = expiredIn(table, timeoutMs === undefined ? undefined : time - timeoutMs)
        const isDue = (p: number, pairs: readonly unknown[]) => pairs.length > 0 || expired.has(p)
        const inOrder = (here: readonly (readonly Pair<K, V>[])[]) => {
          const place = { time, onRecordError: sc.runtime.onRecordError, each: eachInSlices(sc) }
          return new MappingRun<K, V, S, E>(table, f, place, timeoutMs).mapAll(here)
        }
        return updates.run({ batch, time, isDue, knownKeys: 0, isFirst: first.length > 0, inOrder })
      },
      release: ({ batch }) => release(batch),
      result: (_, emitted) =>
        rddOf(
          sc,
          emitted.map((records) => ({ records })),
        ),
      partitionUpdate,
    }
  })
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

/** Returns the partitions in which keys have timed out. */
function expiredIn<S>(table: KeyedState<S>, threshold: number | undefined): ReadonlySet<number> {
  const partitions = new Set<number>()
  if (threshold === undefined) return partitions
  for (const partition of table.expiredPartitions(threshold)) {
    if (partitions.size === table.numPartitions) break
    partitions.add(partition)
  }
  return partitions
}

/** The calls of one batch: its records in order, then the keys that time out. */
class MappingRun<K extends Key, V, S, E> {
  readonly emitted: E[][]
  readonly #state = new CalledState<S>()
  readonly #time: Time
  /** The number of records that have failed, by partition. */
  readonly #failures: number[]

  constructor(
    readonly table: KeyedState<S>,
    readonly f: MapWithStateFunction<K, V, S, E>,
    readonly place: Omit<UpdatePlace, 'partition'>,
    readonly timeoutMs: number | undefined,
  ) {
    this.#time = new Time(place.time)
    this.emitted = Array.from({ length: table.numPartitions }, () => [])
    this.#failures = this.emitted.map(() => 0)
  }

  /** Maps the records of all partitions, then times keys out. Returns what each partition emits. */
  async mapAll(batch: readonly (readonly Pair<K, V>[])[]): Promise<readonly (readonly E[])[]> {
    for (const [p, pairs] of batch.entries()) await this.map(p, pairs)
    await this.timeOut()
    return this.emitted
  }

  async map(partition: number, pairs: Iterable<Pair<K, V>>): Promise<void> {
    await this.place.each(pairs, ([key, value]) => this.#mapRecord(key, value, partition))
  }

  /** Times out the keys of all partitions, or of one. */
  async timeOut(only?: number): Promise<void> {
    if (this.timeoutMs === undefined) return
    const expired = this.table.expired(this.place.time - this.timeoutMs, only)
    await this.place.each(expired, (cell) => {
      const partition = this.table.partitionFor(cell.key)
      if (only === undefined || partition === only) this.#timeOut(cell, partition)
    })
  }

  #mapRecord(key: K, value: V, partition: number): void {
    const { table } = this
    const state = this.#state
    const cell = table.cell(key)
    try {
      state.begin(key, cell?.value, false)
      const result = this.f(key, value, state, this.#time)
      refusePromise(result)
      this.#store(key, cell)
      if (result !== undefined) this.emitted[partition]!.push(result)
    } catch (cause) {
      // When the record is skipped, the state keeps its value.
      this.#fail(partition, [key, value], cause)
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

  #timeOut(cell: Cell<S>, partition: number): void {
    const key = cell.key as K
    try {
      this.#state.begin(key, cell.value, true)
      const result = this.f(key, undefined, this.#state, this.#time)
      refusePromise(result)
      if (result !== undefined) this.emitted[partition]!.push(result)
    } catch (cause) {
      this.#fail(partition, [key, undefined], cause)
    } finally {
      this.#state.end()
    }
    this.table.drop(cell)
  }

  #fail(partition: number, record: readonly [K, V | undefined], cause: unknown): void {
    const { time, onRecordError } = this.place
    const origin = { operator: this.table.operatorId ?? KIND, time }
    const place = `${partition}.${this.#failures[partition]!++}`
    failOnRecord(origin, record, cause, onRecordError, { place })
  }
}
