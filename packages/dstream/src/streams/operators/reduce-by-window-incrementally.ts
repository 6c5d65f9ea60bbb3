import type { Operator } from '../graph/operator.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { map } from './map.js'
import { mapToPair } from './map-to-pair.js'
import { reduceByKeyAndWindowIncrementally } from './reduce-by-key-and-window-incrementally.js'

/**
 * Gives one record per window, computed from the record before it: nothing before the first record ever, and the rest of
 * the value, 0 of a count, after the last record has left.
 *
 * Law: where `inverse(f(x, y), x) = y` and the window holds data, it gives the record of `reduceByWindow(f, w, s)`.
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
