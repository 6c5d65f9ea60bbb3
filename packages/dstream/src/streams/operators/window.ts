import { notAMultiple } from '../../base/errors/graph.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import type { RDDContext } from '../../rdd/rdd-context.js'

/**
 * All records of the last `windowMs`, every `slideMs`: at t the union of the parent's batches in `(t − window, t]`, oldest
 * first. The first windows are partial, and are given all the same. A batch without an RDD is passed over.
 *
 * ```
 * batch    1     2     3     4     5
 * in      [a]   [b]   [c]   [d]   [e]
 * window(3 s, 1 s)  a | a b | a b c | b c d | c d e
 * ```
 *
 * Law: `out(t) = concat(in(t − window + slide of parent) … in(t))` (reference: `WindowedDStream`).
 * Both durations are multiples of the parent's slide.
 */
export function window<T>(parent: Operator<T>, windowMs: number, slideMs: number, sc: RDDContext): Operator<T> {
  return operator({
    kind: 'window',
    params: { windowMs, slideMs },
    parents: [parent],
    slideMs,
    lookbackMs: windowMs,
    compute: async (time, read) => {
      const rdds: RDD<T>[] = []
      for (let t = time - windowMs + parent.slideMs; t <= time; t += parent.slideMs) {
        const rdd = await read(parent, t)
        if (rdd !== undefined) rdds.push(rdd)
      }
      return sc.union(rdds)
    },
  })
}

/**
 * For every operator that is made of a window; `where` is the operator as the user wrote it.
 * @throws `not-a-multiple` when the window or its slide is no multiple of the parent's slide
 */
export function checkWindow(where: string, parent: Operator, windowMs: number, slideMs: number): void {
  if (windowMs % parent.slideMs !== 0) throw notAMultiple('window', windowMs, where, parent.slideMs)
  if (slideMs % parent.slideMs !== 0) throw notAMultiple('slide', slideMs, where, parent.slideMs)
}
