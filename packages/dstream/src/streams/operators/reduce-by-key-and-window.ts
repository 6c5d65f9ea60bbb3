import { eachRDD, operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { partitionerOf, type PartitionOptions } from '../../base/keys/partitioner.js'
import type { RDD } from '../../rdd/rdd.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { map } from './map.js'
import { mapToPair } from './map-to-pair.js'
import { MovingWindow, type IncrementalOptions } from './internal/moving-window.js'
import { reduceByKey } from './reduce-by-key.js'
import { withStateVersion, stateRDD } from './internal/state-rdd.js'
import { window } from './window.js'

/**
 * The values of each key over a window to one value: each batch is reduced once, then the batches of the window. A key
 * without data in the window is absent.
 *
 * Law: `reduceByKeyAndWindow(f, w, s) = window(w, s).reduceByKey(f)`.
 */
export function reduceByKeyAndWindow<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  options: PartitionOptions = {},
): Operator<[K, V]> {
  const reduced = window(reduceByKey(parent, f, options), windowMs, slideMs, sc)
  // The keys of the batches are texts of their own already.
  return eachRDD('reduceByKey', reduced, (rdd) => rdd.reduceInPassing(f, options))
}

/**
 * The same window, from the one before it: per key `f` with what enters, then `inverse` of what leaves.
 *
 * ```
 * before   |---- window ----|
 * now            |---- window ----|
 *          leaves            enters
 * ```
 *
 * A key whose data has left keeps what is left of its value, 0 of a count, as Spark's does; `filterFunc` hides pairs, and
 * lets a key go for good once the window holds none of its data. (Spark lets it go at once, and goes wrong when data of it
 * is still in the window.) A slide longer than the window begins each window afresh, and counts nothing between them.
 *
 * Law: where `inverse(f(x, y), x) = y`, the keys with data in the window are those of the plain form, with its values.
 * Reference: `ReducedWindowedDStream`.
 */
export function reduceByKeyAndWindowIncrementally<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  inverse: (a: V, b: V) => V,
  windowMs: number,
  slideMs: number,
  options: IncrementalOptions<K, V>,
): Operator<[K, V]> {
  const { sc, filterFunc, ...partitioning } = options
  // Where a slide is one batch, the window gives the batch the keys of its own table.
  const reduced =
    slideMs === parent.slideMs
      ? eachRDD('reduceByKey', parent, (rdd: RDD<readonly [K, V]>) => rdd.reduceInPassing(f, partitioning))
      : reduceByKey(parent, f, partitioning)
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, 'reduceByKeyAndWindow')
  const window = new MovingWindow(reduced, f, inverse, windowMs, slideMs, options, partitioner)
  return operator<[K, V]>({
    kind: 'reduceByKeyAndWindow',
    params: { windowMs, slideMs, incremental: true },
    parents: [reduced],
    slideMs,
    lookbackMs: windowMs,
    state: { tables: window.tables, version: 1 },
    compute: async (time, read) => {
      await withStateVersion(Object.values(window.tables), time, () => window.move(time, read))
      const all = stateRDD<K, V>(sc, window.values, time)
      return filterFunc === undefined ? all : all.filter(filterFunc)
    },
  })
}

function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}

/**
 * One record per window, from the one before it. Nothing before the first record ever; what is left of the value, 0 of a
 * count, when the last has left.
 */
export function reduceByWindowIncrementally<T>(
  parent: Operator<T>,
  f: (a: T, b: T) => T,
  inverse: (a: T, b: T) => T,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
): Operator<T> {
  const keyed = mapToPair(parent, (record): [null, T] => [null, record])
  const window = reduceByKeyAndWindowIncrementally(keyed, f, inverse, windowMs, slideMs, { sc, numPartitions: 1 })
  return map(window, ([, record]) => record)
}

/**
 * The number of records of a window.
 *
 * Law: `countByWindow(w, s) = window(w, s).count()`, except that nothing is given before the first record ever.
 */
export function countByWindow<T>(
  parent: Operator<T>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
): Operator<number> {
  return reduceByWindowIncrementally(
    map(parent, () => 1),
    add,
    subtract,
    windowMs,
    slideMs,
    sc,
  )
}

/**
 * How often each value occurs in a window; a value that has left it is gone.
 *
 * Law: `countByValueAndWindow(w, s) = window(w, s).countByValue()`, in some order.
 */
export function countByValueAndWindow<T extends Key>(
  parent: Operator<T>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  options: PartitionOptions = {},
): Operator<[T, number]> {
  return reduceByKeyAndWindowIncrementally(
    mapToPair(parent, (record): [T, number] => [record, 1]),
    add,
    subtract,
    windowMs,
    slideMs,
    { ...options, sc, filterFunc: ([, count]) => count !== 0 },
  )
}
