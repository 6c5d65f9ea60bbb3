import type { Operator } from '../graph/operator.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { reduce } from './reduce.js'
import { window } from './window.js'

/**
 * Reduces each window to one record, an empty window to none: each batch is reduced once, then the batches of the window.
 *
 * Law: `reduceByWindow(f, w, s) = window(w, s).reduce(f)`.
 */
export function reduceByWindow<T>(
  parent: Operator<T>,
  f: (a: T, b: T) => T,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
): Operator<T> {
  return reduce(window(reduce(parent, f), windowMs, slideMs, sc), f)
}
