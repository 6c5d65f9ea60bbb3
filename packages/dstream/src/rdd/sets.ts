import type { Partitioner } from '../keys/partitioner.js'
import { cogroup, type Groups } from './join.js'
import type { PlanNode } from './plan.js'
import { asItCame, reduceByKey } from './shuffle.js'
import { narrow } from './steps.js'

const asKey = (record: unknown): readonly [unknown, unknown] => [record, record]
const first = (known: unknown): unknown => known

/** One of each, by the equality of keys; the first that came. */
export function distinct(parent: PlanNode, partitioner: Partitioner): PlanNode {
  return narrow(
    // The records are held anyway: a copy of a key would come on top.
    reduceByKey(narrow(parent, 'distinct', 'map', asKey), 'distinct', first, partitioner, asItCame),
    'distinct',
    'values',
  )
}

/** One of each record that is in both. */
export function intersection(left: PlanNode, right: PlanNode, partitioner: Partitioner): PlanNode {
  return ofGroups(left, right, 'intersection', partitioner, (as, bs) => (bs.length > 0 ? as.slice(0, 1) : []))
}

/** The records that are not in the other, as often as they are there. */
export function subtract(left: PlanNode, right: PlanNode, partitioner: Partitioner): PlanNode {
  return ofGroups(left, right, 'subtract', partitioner, (as, bs) => (bs.length > 0 ? [] : as))
}

/** The pairs whose key is no key of the other. */
export function subtractByKey(left: PlanNode, right: PlanNode, partitioner: Partitioner): PlanNode {
  const groups = cogroup(left, right, 'subtractByKey', partitioner)
  return narrow(groups, 'subtractByKey', 'flatMapValues', ([as, bs]: Groups) => (bs.length > 0 ? [] : as))
}

function ofGroups(
  left: PlanNode,
  right: PlanNode,
  kind: string,
  partitioner: Partitioner,
  choose: (as: readonly unknown[], bs: readonly unknown[]) => readonly unknown[],
): PlanNode {
  const [a, b] = [left, right].map((parent) => narrow(parent, kind, 'map', asKey))
  const groups = narrow(cogroup(a!, b!, kind, partitioner), kind, 'values')
  return narrow(groups, kind, 'flatMap', ([as, bs]: Groups) => choose(as, bs))
}
