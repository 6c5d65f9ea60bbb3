import { notAMultiple } from '../../../base/errors/graph.js'
import type { Operator } from '../../graph/operator.js'

/**
 * Checks the durations of a windowed operator; `where` is the operator's name in the user's program.
 *
 * @throws `not-a-multiple` when the window or its slide is no multiple of the parent's slide
 */
export function checkWindow(where: string, parent: Operator, windowMs: number, slideMs: number): void {
  if (windowMs % parent.slideMs !== 0) throw notAMultiple('window', windowMs, where, parent.slideMs)
  if (slideMs % parent.slideMs !== 0) throw notAMultiple('slide', slideMs, where, parent.slideMs)
}
