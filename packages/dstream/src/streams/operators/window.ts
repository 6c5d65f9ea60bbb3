import { chain, forEachInOrder } from '../../base/maybe-promise.js'
import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import type { RDDContext } from '../../rdd/rdd-context.js'

/**
 * Unites the batches of the last `windowMs`, every `slideMs`: at t the parent's batches in `(t − window, t]`, oldest first.
 * The first windows are partial. A batch without an RDD is skipped.
 *
 * ```
 * batch    1     2     3     4     5
 * in      [a]   [b]   [c]   [d]   [e]
 * window(3 s, 1 s)  a | a b | a b c | b c d | c d e
 * ```
 *
 * Law: `out(t) = concat(in(t − window + slide of parent) … in(t))` (reference: `WindowedDStream`).
 * Both durations are multiples of the parent's slide. The batches are kept for later windows, so each window gives copies of
 * the records.
 *
 * @param copies whether the window makes the copies, and not the operator that reads it
 */
export function window<T>(
  parent: Operator<T>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  copies = true,
): Operator<T> {
  return operator({
    kind: 'window',
    params: { windowMs, slideMs },
    parents: [parent],
    slideMs,
    lookbackMs: windowMs,
    compute: (time, read) => {
      const times = read.times(parent, time - windowMs, time)
      const rdds: RDD<T>[] = []
      const add = (rdd: RDD<T> | undefined): void => {
        if (rdd !== undefined) rdds.push(copies ? rdd.handedOut() : rdd)
      }
      const done = forEachInOrder(times.length, (i) => chain(read(parent, times[i]!), add))
      return chain(done, () => sc.union(rdds))
    },
  })
}
