import { chain, type MaybePromise } from '../../../base/maybe-promise.js'
import { partitionerOf, type PartitionOptions } from '../../../base/keys/partitioner.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import { operator } from '../../graph/make.js'
import type { Operator, PartitionUpdate, Read } from '../../graph/operator.js'
import { KeyedState } from '../../state/keyed-state.js'
import { eachInSlices } from './in-slices.js'

/** An operator that keeps its states in `table`. */
export interface OperatorWithTable<S, T> extends Operator<T> {
  readonly table: KeyedState<S>
}

/** Returns the RDD of the combined records of a batch. */
type Combined<C> = (time: number, read: Read) => MaybePromise<RDD<C> | undefined>

interface StatefulSpec<P> {
  readonly kind: string
  readonly parent: Operator<P>
  readonly sc: RDDContext
  readonly partitioning: PartitionOptions
  /** By default the slide of the parent. */
  readonly slideMs?: number
  readonly lookbackMs?: number
  /** True when keys expire: see `KeyedStateOptions.timed`. */
  readonly timed?: boolean
  /** The version of the stored form of the values; default 1. */
  readonly version?: number | undefined
  readonly migrate?: ((old: unknown, from: number) => unknown) | undefined
}

/** The parts of a batch that differ from one stateful operator to the next. */
interface BatchSteps<Input, Output, T, P, C> {
  readonly params: Readonly<Record<string, unknown>>
  /** The user's functions that are applied to single records: see `Operator.functions`. */
  readonly functions?: Operator['functions']
  /** The update of a partition of `state` on its own, where it can be. */
  readonly partitionUpdate?: PartitionUpdate | undefined
  /** Tables beside `state`, under the names that checkpoints know them by. */
  readonly furtherTables?: Readonly<Record<string, KeyedState<any>>>
  /** Combines the records of a batch by key: makes the RDD of the result, and evaluates nothing. */
  combine?(rdd: RDD<P>, time: number): RDD<C>
  /**
   * Reads the batch before the tables change; `undefined` ends the batch without an RDD and without a version.
   *
   * @param combined reads the RDD that `combine` makes; `undefined` where the parent gives none
   */
  gather(time: number, read: Read, combined: Combined<C>): Promise<Input | undefined>
  /** Changes the tables; all of its changes are rolled back when it throws. */
  update(input: Input, time: number): Promise<Output> | Output
  /** Lets go of the input, once the tables have changed or failed to. */
  release?(input: Input): void
  /** Returns the RDD of the batch, after the commit. */
  result(time: number, output: Output): RDD<T>
}

/**
 * Makes an operator with a table of states. In each batch it gathers its input, changes the table by one version, and gives
 * an RDD of the result.
 *
 * @throws `bad-option` for a partitioning that is not possible
 */
export function statefulOperator<S, Input, Output, T, P = unknown, C = unknown>(
  spec: StatefulSpec<P>,
  stepsOf: (table: KeyedState<S>, numPartitions: number) => BatchSteps<Input, Output, T, P, C>,
): OperatorWithTable<S, T> {
  const { kind, parent, sc, partitioning, timed = false, version = 1, migrate, ...times } = spec
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, kind)
  const table = new KeyedState<S>({ partitioner, timed })
  const { params, functions = [], furtherTables, partitionUpdate, ...steps } = stepsOf(table, partitioner.numPartitions)
  const { combine } = steps
  const combined = combine && combinedOf(parent, combine)
  const tables = { state: table as KeyedState<any>, ...furtherTables }
  const stateful = operator<T>({
    kind,
    params,
    functions,
    parents: [parent],
    ...times,
    state: { tables, version, migrate, update: partitionUpdate },
    ...(combined && { mapSide: combined.make }),
    compute: async (time, read) => {
      const input = await steps.gather(time, read, combined?.take ?? (() => undefined))
      if (input === undefined) return undefined
      try {
        const output = await withStateVersion(sc, Object.values(tables), time, () => steps.update(input, time))
        return steps.result(time, output)
      } finally {
        steps.release?.(input)
      }
    },
  })
  return Object.assign(stateful, { table })
}

/**
 * Returns how the combined records of a batch are made ahead, unless they are taken by then, and how they are taken. They are taken
 * once: an attempt may have changed them, and the next one makes them anew.
 */
function combinedOf<P, C>(
  parent: Operator<P>,
  combine: (rdd: RDD<P>, time: number) => RDD<C>,
): { readonly make: NonNullable<Operator['mapSide']>; readonly take: Combined<C> } {
  const made = new WeakMap<RDD<P>, RDD<C> | 'taken'>()
  const take = (rdd: RDD<P>, time: number): RDD<C> => {
    const known = made.get(rdd)
    made.set(rdd, 'taken')
    return known === undefined || known === 'taken' ? combine(rdd, time) : known
  }
  const make = (rdd: RDD<P>, time: number): void => {
    if (!made.has(rdd)) made.set(rdd, combine(rdd, time))
  }
  return {
    make: (time, read) => chain(read(parent, time), (rdd) => rdd && make(rdd, time)),
    take: (time, read) => chain(read(parent, time), (rdd) => rdd && take(rdd, time)),
  }
}

/**
 * Runs `change` as one version of some tables: commits when it succeeds, and rolls all of them back when it throws.
 *
 * A state that cannot be stored must fail here, with the record that made it, and not at the commit. Each changed key is
 * checked once, after all changes. When a check fails, the version is run again from its beginning with a check of every
 * value that is set: that is too slow for every batch, since a state that is set a thousand times would be checked as often.
 */
export async function withStateVersion<R>(
  sc: RDDContext,
  tables: readonly KeyedState<any>[],
  version: number,
  change: () => Promise<R> | R,
): Promise<R> {
  const result = await runVersion(tables, version, false, async () => {
    const output = await change()
    const isChecked = tables.some((table) => table.hasUnchecked)
    return !isChecked || (await areStorable(sc, tables)) ? { output } : undefined
  })
  return (result ?? (await runVersion(tables, version, true, async () => ({ output: await change() })))!).output
}

/** Commits the version unless `change` throws or returns `undefined`. */
async function runVersion<R>(
  tables: readonly KeyedState<any>[],
  version: number,
  checksEachValue: boolean,
  change: () => Promise<R | undefined>,
): Promise<R | undefined> {
  for (const table of tables) table.begin(version, checksEachValue)
  let result: R | undefined
  try {
    result = await change()
  } catch (error) {
    for (const table of tables) table.rollback()
    throw error
  }
  for (const table of tables) {
    if (result === undefined) table.rollback()
    else table.commit()
  }
  return result
}

async function areStorable(sc: RDDContext, tables: readonly KeyedState<any>[]): Promise<boolean> {
  const each = eachInSlices(sc)
  try {
    for (const table of tables) {
      await each(table.unchecked, ({ key, value }) => {
        if (value !== undefined) table.storable!(key, value)
      })
    }
    return true
  } catch {
    return false
  }
}
