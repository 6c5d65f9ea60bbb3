import { noParentRDD } from '../../../base/errors/graph.js'
import { commonSlideMs, operator } from '../../graph/make.js'
import type { Operator } from '../../graph/operator.js'
import type { RDD } from '../../../rdd/rdd.js'

/** Makes an operator on the two RDDs of each batch. @throws `no-parent-rdd` in a batch in which a parent gives none */
export function pairwise<A, B, U>(
  kind: string,
  left: Operator<A>,
  right: Operator<B>,
  f: (left: RDD<A>, right: RDD<B>) => RDD<U>,
): Operator<U> {
  return operator({
    kind,
    parents: [left, right],
    slideMs: commonSlideMs(kind, [left, right]),
    compute: async (time, read) => {
      const a = await read(left, time)
      const b = await read(right, time)
      if (a === undefined) throw noParentRDD(kind, left.kind, time)
      if (b === undefined) throw noParentRDD(kind, right.kind, time)
      return f(a, b)
    },
  })
}
