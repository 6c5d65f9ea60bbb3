import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { RDD } from '../../rdd/rdd.js'
import type { KeyedState } from '../state/keyed-state.js'
import { MovingWindow, type IncrementalOptions } from './internal/moving-window.js'
import { stateRDD } from './internal/state-rdd.js'
import { statefulOperator } from './internal/stateful-operator.js'
import { reduceByKey } from './reduce-by-key.js'

/**
 * Computes a window from the one before it: per key, `inverse` takes off the values that leave and `f` adds those that
 * enter.
 *
 * ```
 * before   |---- window ----|
 * now            |---- window ----|
 *          leaves            enters
 * ```
 *
 * A key whose data has left keeps the rest of its value, 0 of a count, as in Spark. `filterFunc` hides pairs, and removes a
 * hidden key for good once the window holds none of its data. (Spark removes it at once, and computes wrong values when the
 * window still holds data of that key.) A slide longer than the window starts each window from nothing and skips the batches
 * between two windows.
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
  // With a slide of one batch, the moving window replaces the batch's keys with those of its own table.
  const reduced =
    slideMs === parent.slideMs
      ? eachRDD('reduceByKey', parent, (rdd: RDD<readonly [K, V]>) => rdd.reduceByKeyTransient(f, partitioning), {
          functions: [f],
        })
      : reduceByKey(parent, f, partitioning)
  const spec = { kind: 'reduceByKeyAndWindow', parent: reduced, sc, partitioning, slideMs, lookbackMs: windowMs }
  return statefulOperator(spec, (table: KeyedState<V>) => {
    const moving = new MovingWindow(table, reduced, f, inverse, windowMs, slideMs, options)
    return {
      params: { windowMs, slideMs, incremental: true },
      furtherTables: moving.furtherTables,
      gather: (time, read) => moving.gather(time, read),
      update: (batches, time) => moving.update(batches, time),
      result: (time) => {
        const all = stateRDD<K, V>(sc, table, time)
        return filterFunc === undefined ? all : all.filter(filterFunc)
      },
    }
  })
}
