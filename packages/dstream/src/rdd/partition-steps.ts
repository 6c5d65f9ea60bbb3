import { aFunction, positiveInteger } from '../options.js'
import { partitionOf } from './evaluate.js'
import { andThen, gather } from './maybe.js'
import { blame } from './blame.js'
import { PlanNode, type AnyFunction } from './plan.js'

/** A whole partition at once through a function of the user's, `f(index, records)`. It is not cut into slices. */
export function wholePartition(parent: PlanNode, kind: string, f: AnyFunction): PlanNode {
  aFunction(kind, 'the function', f)
  const node: PlanNode = new PlanNode({
    kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    plan: {
      type: 'each',
      open: (i, evaluation) =>
        andThen(partitionOf(parent, i, evaluation), (records) => {
          try {
            return Array.from(f(i, records) as Iterable<unknown>)
          } catch (error) {
            blame(node, records, error, undefined)
            return []
          }
        }),
    },
  })
  return node
}

/** Each partition as one array. */
export function glom(parent: PlanNode): PlanNode {
  return new PlanNode({
    kind: 'glom',
    parents: [parent],
    numPartitions: parent.numPartitions,
    plan: {
      type: 'each',
      open: (i, evaluation) => andThen(partitionOf(parent, i, evaluation), (records) => [[...records]]),
    },
  })
}

/** Exactly `numPartitions` partitions: record i of the whole goes to partition i mod n, so that sizes differ by one at most. */
export function repartition(parent: PlanNode, kind: string, numPartitions: number): PlanNode {
  positiveInteger(kind, 'numPartitions', numPartitions)
  return new PlanNode({
    kind,
    parents: [parent],
    numPartitions,
    plan: {
      type: 'wide',
      run: (evaluation) =>
        andThen(
          gather(parent.numPartitions, (i) => partitionOf(parent, i, evaluation)),
          (parts) => {
            const out = Array.from({ length: numPartitions }, (): unknown[] => [])
            let next = 0
            for (const part of parts) for (const record of part) out[next++ % numPartitions]!.push(record)
            return out
          },
        ),
    },
  })
}

/** Neighbouring partitions laid together; never more partitions than there are. */
export function coalesce(parent: PlanNode, numPartitions: number): PlanNode {
  const n = Math.min(positiveInteger('coalesce', 'numPartitions', numPartitions), parent.numPartitions)
  const from = (p: number): number => Math.floor((p * parent.numPartitions) / n)
  return new PlanNode({
    kind: 'coalesce',
    parents: [parent],
    numPartitions: n,
    plan: {
      type: 'pieces',
      pieces: (p) => Array.from({ length: from(p + 1) - from(p) }, (_, i) => ({ node: parent, index: from(p) + i })),
    },
  })
}

/** Each record with its place in the whole, from 0. */
export function zipWithIndex(parent: PlanNode): PlanNode {
  return new PlanNode({
    kind: 'zipWithIndex',
    parents: [parent],
    numPartitions: parent.numPartitions,
    plan: {
      type: 'wide',
      run: (evaluation) =>
        andThen(
          gather(parent.numPartitions, (i) => partitionOf(parent, i, evaluation)),
          (parts) => {
            let index = 0
            return parts.map((part) => part.map((record) => [record, index++]))
          },
        ),
    },
  })
}
