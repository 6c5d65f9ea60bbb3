import { chain, mapInOrder } from '../../base/maybe-promise.js'
import { noParentRDD } from '../../base/errors/graph.js'
import { commonSlideMs, operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'

/**
 * Unites streams of one slide: in each batch the partitions of the first, then those of the second, and so on.
 *
 * Law: in each batch, `out = [...a, ...b]`; `s.union(s)` has every record twice.
 */
export function union<T>(parents: readonly Operator<T>[]): Operator<T> {
  return operator({
    kind: 'union',
    parents,
    slideMs: commonSlideMs('union', parents),
    compute: (time, read) => {
      const rdds = mapInOrder(parents.length, (i) =>
        chain(read(parents[i]!, time), (rdd): RDD<T> => {
          if (rdd === undefined) throw noParentRDD('union', parents[i]!.kind, time)
          return rdd
        }),
      )
      return chain(rdds, (all) => all[0]!.context.union(all))
    },
  })
}
