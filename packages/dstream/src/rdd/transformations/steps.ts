import type { Key } from '../../base/keys/key.js'
import { compareNatural } from '../../base/keys/natural-order.js'
import { pairOf } from '../plan/pairs.js'
import { samePartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { aFunction } from '../../base/options.js'
import { LineageNode, type AnyFunction, type PartitionSource, type StepOp } from '../plan/lineage.js'

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

/** Keys stay where they are: the partitioner still holds. */
const keepsKeys: ReadonlySet<StepOp> = new Set<StepOp>(['filter', 'tap', 'mapValues', 'flatMapValues'])
function identity(record: unknown) {
  return record
}

/** One step per record. `kind` is what the user wrote, `op` what it does; `partitioner` is the one that still holds. */
export function narrow(
  parent: LineageNode,
  kind: string,
  op: StepOp,
  f: AnyFunction = identity,
  partitioner = keepsKeys.has(op) ? parent.partitioner : undefined,
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
 * The partitions of all parents, one parent after the other. Parents with one partitioner are laid side by side
 * instead: partition i is made of all their partitions i, and the partitioner still holds (Spark's
 * PartitionerAwareUnionRDD). What has no partitions is left out.
 */
export function union(all: readonly LineageNode[]): LineageNode {
  const parents = all.filter(({ numPartitions }) => numPartitions > 0)
  const partitioner = parents[0]?.partitioner
  if (partitioner !== undefined && parents.every((parent) => samePartitioner(parent.partitioner, partitioner))) {
    return new LineageNode({
      kind: 'union',
      plan: { type: 'concat', pieces: (index) => parents.map((node) => ({ node, index })) },
      parents,
      numPartitions: partitioner.numPartitions,
      partitioner,
    })
  }
  const pieces = parents.flatMap((node) => Array.from({ length: node.numPartitions }, (_, index) => [{ node, index }]))
  return new LineageNode({
    kind: 'union',
    plan: { type: 'concat', pieces: (i) => pieces[i]! },
    parents,
    numPartitions: pieces.length,
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
