import type { Operator } from '../graph/operator.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { add, subtract } from './internal/sums.js'
import { map } from './map.js'
import { reduceByWindowIncrementally } from './reduce-by-window-incrementally.js'

/**
 * Counts the records of a window.
 *
 * Law: `countByWindow(w, s) = window(w, s).count()`, except that nothing is given before the first record ever.
 */
export function countByWindow<T>(
  parent: Operator<T>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
): Operator<number> {
  const ones = map(parent, () => 1)
  return reduceByWindowIncrementally(ones, add, subtract, windowMs, slideMs, sc)
}
