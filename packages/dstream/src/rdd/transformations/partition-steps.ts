import { holdsPromise, refusedPromise, settledRecord } from '../../base/promises.js'
import { aFunction, positiveInteger } from '../../base/options.js'
import { failOnRecord } from '../plan/record-policy.js'
import { iterableOf, readOnly } from '../plan/shapes.js'
import { feed, feedAll, recordsOfPartition } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { LineageNode, type AnyFunction, type LoopInput, type NodePlan } from '../plan/lineage.js'
import { collected, collectSink } from '../execution/loop-sink.js'

/** Makes a node whose partition i is made from partition i of its only parent. */
function perPartition(
  parent: LineageNode,
  kind: string,
  open: (i: number, evaluation: Evaluation, node: LineageNode) => MaybePromise<LoopInput>,
): LineageNode {
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    plan: { type: 'perPartition', open: (i, evaluation) => open(i, evaluation, node) },
  })
  return node
}

/**
 * Calls the user's function with a whole partition, `f(index, records)`. The steps before and after it yield to the event
 * loop, the function itself does not. Its result is read only as far as needed.
 */
export function wholePartition(parent: LineageNode, kind: string, f: AnyFunction): LineageNode {
  aFunction(kind, 'the function', f)
  return perPartition(parent, kind, (i, evaluation, node) =>
    chain(recordsOfPartition(parent, i, evaluation), (records) => {
      try {
        const result = iterableOf(node, f(i, readOnly(records)))
        if (!Array.isArray(result)) return guarded(result, node, records)
        if (result.some(holdsPromise)) throw refusedPromise(node.operator, result)
        return result
      } catch (error) {
        failOnRecord(node, records, error, undefined)
        return []
      }
    }),
  )
}

/** Reads the user's iterable, and names the operator in errors that it throws. */
function* guarded(items: Iterable<unknown>, node: LineageNode, records: readonly unknown[]): Generator<unknown> {
  const iterator = items[Symbol.iterator]()
  let ended = false
  const next = (): IteratorResult<unknown> => {
    try {
      const item = iterator.next()
      settledRecord(node.operator, item.value)
      return item
    } catch (error) {
      ended = true
      failOnRecord(node, records, error, undefined)
      throw error
    }
  }
  try {
    for (let item = next(); item.done !== true; item = next()) yield item.value
    ended = true
  } finally {
    if (!ended) iterator.return?.()
  }
}

/** Turns each partition into one array. */
export function glom(parent: LineageNode): LineageNode {
  return perPartition(parent, 'glom', (i, evaluation) => {
    const sink = collectSink()
    return chain(feed(parent, i, sink, evaluation), () => [collected(sink)])
  })
}

function wide(parent: LineageNode, kind: string, numPartitions: number, run: (NodePlan & { type: 'wide' })['run']) {
  return new LineageNode({ kind, parents: [parent], numPartitions, plan: { type: 'wide', run } })
}

/** Distributes the records over n partitions: record i goes to partition i mod n, so that sizes differ by one at most. */
export function repartition(parent: LineageNode, kind: string, numPartitions: number): LineageNode {
  positiveInteger(kind, 'numPartitions', numPartitions)
  const node: LineageNode = wide(parent, kind, numPartitions, (evaluation) => {
    const out = Array.from({ length: numPartitions }, (): unknown[] => [])
    let next = 0
    const f = (record: unknown): void => {
      out[next]!.push(record)
      next = next + 1 === numPartitions ? 0 : next + 1
    }
    return chain(feedAll(parent, { kind: 'foreach', f, origin: node }, evaluation), () => out)
  })
  return node
}

/** Concatenates neighbouring partitions. Asking for more partitions than there are changes nothing. */
export function coalesce(parent: LineageNode, numPartitions: number): LineageNode {
  const n = Math.min(positiveInteger('coalesce', 'numPartitions', numPartitions), parent.numPartitions)
  const from = (p: number): number => Math.floor((p * parent.numPartitions) / n)
  return new LineageNode({
    kind: 'coalesce',
    parents: [parent],
    numPartitions: n,
    plan: {
      type: 'concat',
      partsOf: (p) => Array.from({ length: from(p + 1) - from(p) }, (_, i) => ({ node: parent, index: from(p) + i })),
    },
  })
}

/** Cuts the records into n partitions, in order, as `parallelize` does. */
export function reslice(parent: LineageNode, kind: string, numPartitions: number): LineageNode {
  return wide(parent, kind, numPartitions, (evaluation) => {
    const sink = collectSink()
    return chain(feedAll(parent, sink, evaluation), () => slices(collected(sink), numPartitions))
  })
}

/** Cuts an array into n slices of about equal length. */
export function slices<T>(all: readonly T[], n: number): readonly (readonly T[])[] {
  if (n === 1) return [all]
  const at = (p: number): number => Math.floor((p * all.length) / n)
  return Array.from({ length: n }, (_, p) => all.slice(at(p), at(p + 1)))
}

/** Pairs each record with its index in the whole RDD, from 0. */
export function zipWithIndex(parent: LineageNode): LineageNode {
  const node: LineageNode = wide(parent, 'zipWithIndex', parent.numPartitions, (evaluation) => {
    const parts: unknown[][] = []
    let index = 0
    const done = forEachInOrder(parent.numPartitions, (i) => {
      const part: unknown[] = []
      parts.push(part)
      const f = (record: unknown): void => void part.push([record, index++])
      return feed(parent, i, { kind: 'foreach', f, origin: node }, evaluation)
    })
    return chain(done, () => parts)
  })
  return node
}

/** Pairs every record of one with every record of the other. Partition i·m + j has those of partitions i and j. */
export function cartesian(left: LineageNode, right: LineageNode): LineageNode {
  const m = right.numPartitions
  return new LineageNode({
    kind: 'cartesian',
    parents: [left, right],
    numPartitions: left.numPartitions * m,
    plan: {
      type: 'perPartition',
      open: (p, evaluation) =>
        chain(recordsOfPartition(left, Math.floor(p / m), evaluation), (as) =>
          chain(recordsOfPartition(right, p % m, evaluation), (bs) => pairs(as, bs)),
        ),
    },
  })
}

function* pairs(as: readonly unknown[], bs: readonly unknown[]): Generator<readonly unknown[]> {
  for (const a of as) for (const b of bs) yield [a, b]
}
