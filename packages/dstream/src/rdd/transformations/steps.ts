import type { Key } from '../../base/keys/key.js'
import { compareNatural } from '../../base/keys/natural-order.js'
import { pairOf } from '../plan/shapes.js'
import { samePartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { aFunction } from '../../base/options.js'
import { ENGINE_FUNCTIONS } from '../plan/engine-functions.js'
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
const KEY_PRESERVING: ReadonlySet<StepOp> = new Set<StepOp>(['filter', 'tap', 'mapValues', 'flatMapValues'])

/** Makes a node of one step per record. `kind` is the method as the user wrote it, `op` the operation of the loop. */
export function narrow(
  parent: LineageNode,
  kind: string,
  op: StepOp,
  f: AnyFunction = ENGINE_FUNCTIONS.identity,
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
  /** The number of partitions before those of each parent; a list of all partitions would grow with every further union. */
  const starts: number[] = []
  let numPartitions = 0
  for (const parent of parents) {
    starts.push(numPartitions)
    numPartitions += parent.numPartitions
  }
  const partsOf = (i: number) => {
    const parent = lastAtMost(starts, i)
    return [{ node: parents[parent]!, index: i - starts[parent]! }]
  }
  return new LineageNode({ kind: 'union', plan: { type: 'concat', partsOf }, parents, numPartitions })
}

/** Returns the index of the last of the ascending numbers that is not above `i`. */
function lastAtMost(ascending: readonly number[], i: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (ascending[middle]! <= i) low = middle
    else high = middle - 1
  }
  return low
}

/** Keeps the pairs with a key from `lower` to `upper`, both included, in the natural order. */
export function filterByRange(parent: LineageNode, lower: Key, upper: Key): LineageNode {
  const origin = { operator: 'filterByRange', time: undefined }
  return narrow(parent, 'filterByRange', 'filter', (record: unknown) => {
    const [key] = pairOf(origin, record)
    return compareNatural(key, lower) >= 0 && compareNatural(key, upper) <= 0
  })
}
