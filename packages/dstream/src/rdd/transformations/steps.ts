import type { Key } from '../../base/keys/key.js'
import { compareNatural } from '../../base/keys/natural-order.js'
import { pairOf } from '../plan/pairs.js'
import { samePartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { aFunction } from '../../base/options.js'
import { LineageNode, type AnyFunction, type PartitionSource, type StepOp } from '../plan/lineage.js'

/** Makes a node without parents, with one partition per part. `shared` caches the partitions. */
export function source(
  kind: string,
  parts: readonly PartitionSource<unknown>[],
  options: { partitioner?: Partitioner | undefined; shared?: boolean | undefined } = {},
): LineageNode {
  return new LineageNode({
    kind,
    plan: { type: 'source', parts },
    numPartitions: parts.length,
    partitioner: options.partitioner,
    cached: options.shared === true,
  })
}

/** The steps that leave keys unchanged, so that the partitioner of the parent still applies. */
const KEY_PRESERVING: ReadonlySet<StepOp> = new Set<StepOp>([
  'filter',
  'tap',
  'mapValues',
  'flatMapValues',
  'own',
])
function identity(record: unknown) {
  return record
}

/** Makes a node of one step per record. `kind` is the method as the user wrote it, `op` the operation of the loop. */
export function narrow(
  parent: LineageNode,
  kind: string,
  op: StepOp,
  f: AnyFunction = identity,
  partitioner = KEY_PRESERVING.has(op) ? parent.partitioner : undefined,
): LineageNode {
  return new LineageNode({
    kind,
    plan: { type: 'narrow', op, f: aFunction(kind, 'the function', f) },
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner,
  })
}

/**
 * Concatenates the partitions of all parents. When all have one partitioner, partition i is a concatenation of all their
 * partitions i instead, and the partitioner still applies (Spark's PartitionerAwareUnionRDD). Parents without partitions
 * are skipped.
 */
export function union(all: readonly LineageNode[]): LineageNode {
  const parents = all.filter(({ numPartitions }) => numPartitions > 0)
  const partitioner = parents[0]?.partitioner
  if (partitioner !== undefined && parents.every((parent) => samePartitioner(parent.partitioner, partitioner))) {
    return new LineageNode({
      kind: 'union',
      plan: { type: 'concat', partsOf: (index) => parents.map((node) => ({ node, index })) },
      parents,
      numPartitions: partitioner.numPartitions,
      partitioner,
    })
  }
  const parts = parents.flatMap((node) => Array.from({ length: node.numPartitions }, (_, index) => [{ node, index }]))
  return new LineageNode({
    kind: 'union',
    plan: { type: 'concat', partsOf: (i) => parts[i]! },
    parents,
    numPartitions: parts.length,
  })
}

/** Keeps the pairs with a key from `lower` to `upper`, both included, in the natural order. */
export function filterByRange(parent: LineageNode, lower: Key, upper: Key): LineageNode {
  const origin = { operator: 'filterByRange', time: undefined }
  return narrow(parent, 'filterByRange', 'filter', (record: unknown) => {
    const [key] = pairOf(origin, record)
    return compareNatural(key, lower) >= 0 && compareNatural(key, upper) <= 0
  })
}
