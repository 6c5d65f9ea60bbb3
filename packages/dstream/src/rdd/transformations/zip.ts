import { unequalParts, unequalPartitions } from '../../base/errors/rdd.js'
import { partitionOf } from '../execution/evaluate.js'
import { andThen } from '../../base/maybe-promise.js'
import { PlanNode } from '../plan/plan.js'

/**
 * Record i of one with record i of the other. Both have the same number of partitions, with the same number of records
 * in each. @throws `unequal-partitions` at once, `unequal-parts` when evaluated
 */
export function zip(left: PlanNode, right: PlanNode): PlanNode {
  if (left.numPartitions !== right.numPartitions) throw unequalPartitions(left.numPartitions, right.numPartitions)
  return new PlanNode({
    kind: 'zip',
    parents: [left, right],
    numPartitions: left.numPartitions,
    plan: {
      type: 'each',
      open: (i, evaluation) =>
        andThen(partitionOf(left, i, evaluation), (as) =>
          andThen(partitionOf(right, i, evaluation), (bs) => {
            if (as.length !== bs.length) throw unequalParts(i, as.length, bs.length)
            return zipped(as, bs)
          }),
        ),
    },
  })
}

function* zipped(as: readonly unknown[], bs: readonly unknown[]): Generator<readonly unknown[]> {
  for (let i = 0; i < as.length; i++) yield [as[i], bs[i]]
}
