import { HashPartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { cogroup, type CoGroups } from './join.js'
import { ENGINE_FUNCTIONS } from '../plan/engine-functions.js'
import type { LineageNode } from '../plan/lineage.js'
import { firstByKey } from './shuffle.js'
import { narrow } from './steps.js'

const { asKey } = ENGINE_FUNCTIONS

/** Returns a hash partitioner with the number of partitions of the node. */
function hashed({ numPartitions }: LineageNode): Partitioner {
  return new HashPartitioner(Math.max(1, numPartitions))
}

/**
 * Keeps the first of equal records, by the equality of keys. Records that a partitioner distributed by their keys do not
 * move: equal ones are in one partition.
 */
export function distinct(parent: LineageNode, partitioner: Partitioner | undefined): LineageNode {
  const inPlace = partitioner === undefined ? parent.partitioner : undefined
  const records = narrow(parent, 'distinct', 'map', asKey, inPlace)
  const chosen = partitioner ?? inPlace ?? hashed(parent)
  return narrow(firstByKey(records, 'distinct', chosen), 'distinct', 'values', undefined, inPlace)
}

/** Keeps one of each record that is in both. */
export function intersection(left: LineageNode, right: LineageNode, defaultParallelism: number): LineageNode {
  const partitioner = new HashPartitioner(defaultParallelism)
  return ofGroups(left, right, 'intersection', partitioner, (as, bs) => (bs.length > 0 ? as.slice(0, 1) : []))
}

/** Keeps the records that are not in the other RDD, duplicates included. */
export function subtract(left: LineageNode, right: LineageNode): LineageNode {
  return ofGroups(left, right, 'subtract', hashed(left), (as, bs) => (bs.length > 0 ? [] : as))
}

/** Keeps the pairs whose key is not in the other RDD. */
export function subtractByKey(left: LineageNode, right: LineageNode): LineageNode {
  const groups = cogroup(left, right, 'subtractByKey', left.partitioner ?? hashed(left))
  return narrow(groups, 'subtractByKey', 'flatMapValues', ([as, bs]: CoGroups) => (bs.length > 0 ? [] : as))
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
  return narrow(groups, kind, 'flatMap', ([as, bs]: CoGroups) => choose(as, bs))
}
