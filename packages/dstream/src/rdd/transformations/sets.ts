import { HashPartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { cogroup, type Groups } from './join.js'
import type { LineageNode } from '../plan/lineage.js'
import { keepKey, reduceByKey } from './shuffle.js'
import { narrow } from './steps.js'

function asKey(record: unknown): readonly [unknown, unknown] {
  return [record, record]
}
function first(known: unknown): unknown {
  return known
}
/** As many partitions as there are. */
function hashed({ numPartitions }: LineageNode): Partitioner {
  return new HashPartitioner(Math.max(1, numPartitions))
}

/**
 * One of each, by the equality of keys; the first that came. Records that a partitioner has laid out by their keys stay where
 * they are: equal ones are in one partition.
 */
export function distinct(parent: LineageNode, partitioner: Partitioner | undefined): LineageNode {
  const inPlace = partitioner === undefined ? parent.partitioner : undefined
  const records = narrow(parent, 'distinct', 'map', asKey, inPlace)
  const chosen = partitioner ?? inPlace ?? hashed(parent)
  // The records are held anyway: a copy of a key would come on top.
  return narrow(reduceByKey(records, 'distinct', first, chosen, keepKey), 'distinct', 'values', undefined, inPlace)
}

/** One of each record that is in both. */
export function intersection(left: LineageNode, right: LineageNode, defaultParallelism: number): LineageNode {
  const partitioner = new HashPartitioner(defaultParallelism)
  return ofGroups(left, right, 'intersection', partitioner, (as, bs) => (bs.length > 0 ? as.slice(0, 1) : []))
}

/** The records that are not in the other, as often as they are there. */
export function subtract(left: LineageNode, right: LineageNode): LineageNode {
  return ofGroups(left, right, 'subtract', hashed(left), (as, bs) => (bs.length > 0 ? [] : as))
}

/** The pairs whose key is no key of the other. */
export function subtractByKey(left: LineageNode, right: LineageNode): LineageNode {
  const groups = cogroup(left, right, 'subtractByKey', left.partitioner ?? hashed(left))
  return narrow(groups, 'subtractByKey', 'flatMapValues', ([as, bs]: Groups) => (bs.length > 0 ? [] : as))
}

function ofGroups(
  left: LineageNode,
  right: LineageNode,
  kind: string,
  partitioner: Partitioner,
  choose: (as: readonly unknown[], bs: readonly unknown[]) => readonly unknown[],
): LineageNode {
  const [a, b] = [left, right].map((parent) => narrow(parent, kind, 'map', asKey))
  const groups = narrow(cogroup(a!, b!, kind, partitioner), kind, 'values')
  return narrow(groups, kind, 'flatMap', ([as, bs]: Groups) => choose(as, bs))
}
