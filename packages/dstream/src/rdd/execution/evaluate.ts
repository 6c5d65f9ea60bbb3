import type { Evaluation } from '../plan/evaluation.js'
import type { RecordErrorHandler } from '../plan/record-policy.js'
import { mapInOrder, forEachInOrder, chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import type { Copy, PartitionData, PartitionSource, LineageNode } from '../plan/lineage.js'
import { partTaken, recordsFor } from './copies.js'
import { KeepSink } from './keep-pass.js'
import { cacheComputed, cachePartition, isTable, sourceData } from './partition-cache.js'
import { collected, collectSink, isFull, type LoopSink } from './loop-sink.js'
import { measured } from './measure.js'
import { feedChunks, isFilled, pass, passAny, passOf, type Sink, type Steps } from './pass.js'

const NO_STEPS: Steps = []

/** Feeds the records of one or several partitions into a sink. */
export type Feeder = (sink: LoopSink) => MaybePromise<void>

/** Feeds all partitions of a node into a sink, in order, until the sink is full. */
export function feedAll(node: LineageNode, sink: LoopSink, evaluation: Evaluation): MaybePromise<void> {
  return forEachInOrder(node.numPartitions, (i) => chain(feed(node, i, sink, evaluation), () => !isFull(sink)))
}

/** Feeds one partition of a node into a sink. */
export function feed(node: LineageNode, i: number, sink: LoopSink, evaluation: Evaluation): MaybePromise<void> {
  return feedThrough(node, i, NO_STEPS, sink, evaluation)
}

/** Returns one partition of a node as an array, the cached one if there is one. It must not be changed. */
export function recordsOfPartition(
  node: LineageNode,
  i: number,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  if (node.cached !== undefined) return cachedPartition(node, i, evaluation)
  if (node.plan.type === 'wide')
    return chain(computeAll(node, evaluation), () => recordsOfPartition(node, i, evaluation))
  const data = sourceData(node, i)
  if (data !== undefined)
    return Array.isArray(data) ? (data as readonly unknown[]) : tableToArray(node, i, data, evaluation)
  if (node.plan.type === 'concat') {
    const parts = node.plan.partsOf(i)
    if (parts.length === 1) return recordsOfPartition(parts[0]!.node, parts[0]!.index, evaluation)
  }
  if (node.plan.type === 'copies') return copiedPartition(node, node.plan.copy, i, evaluation)
  const sink = collectSink()
  return chain(feed(node, i, sink, evaluation), () => collected(sink))
}

function copiedPartition(
  node: LineageNode,
  copy: Copy,
  i: number,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  return chain(recordsOfPartition(node.parents[0]!, i, evaluation), (records) => {
    const input = recordsFor(records, copy, 'records')
    if (input === records) return records
    const sink = collectSink()
    return chain(pass(input, NO_STEPS, sink, evaluation), () => collected(sink))
  })
}

/** Makes an array of the pairs of a table, and replaces the table by it. */
function tableToArray(
  node: LineageNode,
  i: number,
  table: PartitionData,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  const sink = collectSink()
  return chain(pass(table, NO_STEPS, sink, evaluation), () => {
    const records = collected(sink)
    if (node.plan.type === 'source') {
      node.plan = { ...node.plan, parts: node.plan.parts.map((part, p) => (p === i ? { records } : part)) }
    }
    return records
  })
}

/** Returns all partitions, as tables where no array was asked for. They must not be changed. */
export function partitionData(node: LineageNode, evaluation: Evaluation): MaybePromise<readonly PartitionData[]> {
  if (node.plan.type === 'wide') return computeAll(node, evaluation)
  return mapInOrder<PartitionData>(
    node.numPartitions,
    (i) => sourceData(node, i) ?? recordsOfPartition(node, i, evaluation),
  )
}

export function allPartitions(
  node: LineageNode,
  evaluation: Evaluation,
): MaybePromise<readonly (readonly unknown[])[]> {
  return mapInOrder(node.numPartitions, (i) => recordsOfPartition(node, i, evaluation))
}

function feedThrough(
  node: LineageNode,
  partition: number,
  above: Steps,
  sink: Sink,
  evaluation: Evaluation,
): MaybePromise<void> {
  const below: LineageNode[] = []
  let base = node
  let i = partition
  while (base.cached === undefined) {
    if (base.plan.type === 'narrow') {
      below.push(base)
      base = base.parents[0]!
    } else {
      const parts = base.plan.type === 'concat' ? base.plan.partsOf(i) : []
      if (parts.length !== 1) break
      base = parts[0]!.node
      i = parts[0]!.index
    }
  }
  const steps = below.length === 0 ? above : [...below.reverse(), ...above]
  if (base.cached !== undefined) return feedCached(base, i, steps, sink, evaluation)
  if (base.plan.type === 'wide' || isTable(base, i)) {
    return chain(recordsOfPartition(base, i, evaluation), (records) =>
      pass(records, steps, sink, evaluation, evaluation.policyFor(base, i)),
    )
  }
  return evaluation.nested(() => feedFrom(base, i, steps, sink, evaluation))
}

/** Feeds a cached partition into a sink, while it is evaluated for the cache if this is its first use. */
function feedCached(
  node: LineageNode,
  i: number,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
): MaybePromise<void> {
  const policy = evaluation.policyFor(node, i)
  const known = node.cached![i]
  if (known !== undefined) return chain(known, (records) => feedChunks(records, steps, sink, evaluation, policy))
  const data = sourceData(node, i)
  if (data !== undefined) return pass(data, steps, sink, evaluation, policy)
  const staged = node.stage?.evaluate(evaluation, needsAll(sink))
  if (staged !== undefined) return staged.then(() => feedThrough(node, i, steps, sink, evaluation))
  const keep = new KeepSink({ sink, open: (chunk) => passOf(chunk, steps, sink, evaluation, policy) })
  return chain(keepPartition(node, i, keep, evaluation), () => {
    if (keep.failure !== undefined) throw keep.failure.error
  })
}

/** Whether a sink takes all records that there are. */
function needsAll(sink: Sink): boolean {
  let last = sink
  while (last.kind === 'keep' && last.reader !== undefined) last = last.reader.sink
  return last.kind !== 'take'
}

/** Feeds a partition of a node that is no uncached step, as its plan says. */
function feedFrom(base: LineageNode, i: number, steps: Steps, sink: Sink, evaluation: Evaluation): MaybePromise<void> {
  const { plan } = base
  switch (plan.type) {
    case 'narrow':
      return feedThrough(base.parents[0]!, i, [base, ...steps], sink, evaluation)
    case 'concat': {
      const parts = plan.partsOf(i)
      return forEachInOrder(parts.length, (p) => {
        const { node, index } = parts[p]!
        return chain(feedThrough(node, index, steps, sink, evaluation), () => !isFilled(sink))
      })
    }
    case 'copies':
      return chain(recordsOfPartition(base.parents[0]!, i, evaluation), (records) =>
        pass(
          recordsFor(records, plan.copy, partTaken(steps, sink.kind === 'keep' ? sink.own : sink)),
          steps,
          sink,
          evaluation,
          evaluation.policyFor(base, i),
        ),
      )
    case 'perPartition':
      return chain(
        measured(base, evaluation, () => plan.open(i, evaluation)),
        (input) => passAny(input, steps, sink, evaluation, evaluation.policyFor(base, i), base),
      )
    case 'source':
      return feedSource(plan.parts[i]!, steps, sink, evaluation, evaluation.policyFor(base, i), base)
    case 'wide':
      return chain(computeAll(base, evaluation), (parts) =>
        pass(parts[i]!, steps, sink, evaluation, evaluation.policyFor(base, i)),
      )
  }
}

function feedSource(
  part: PartitionSource<unknown>,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
  origin: LineageNode,
): MaybePromise<void> {
  if ('records' in part) return pass(part.records, steps, sink, evaluation, policy, origin)
  if ('table' in part) return pass(part.table, steps, sink, evaluation, policy, origin)
  if ('chunked' in part) return feedChunks(part.chunked, steps, sink, evaluation, policy)
  if ('load' in part) {
    const input = part.load()
    return 'then' in input
      ? input.then((records) => pass(records, steps, sink, evaluation, policy, origin))
      : passAny(input, steps, sink, evaluation, policy, origin)
  }
  if (part.count === 0) return
  if (part.count !== undefined && steps.length === 0 && sink.kind === 'count') {
    sink.n += part.count
    return
  }
  const { runtime } = evaluation
  return pass(
    part.iterate((record, error) => runtime.onBadRecord(record, error)),
    steps,
    sink,
    evaluation,
    policy,
    origin,
  )
}

function computeAll(node: LineageNode, evaluation: Evaluation): MaybePromise<readonly PartitionData[]> {
  if (node.computed !== undefined) return node.computed
  if (node.plan.type !== 'wide') throw new TypeError(`${node.kind} is not computed as a whole`)
  const { run } = node.plan
  return cacheComputed(node, () => measured(node, evaluation, () => evaluation.nested(() => run(evaluation))))
}

function cachedPartition(node: LineageNode, i: number, evaluation: Evaluation): MaybePromise<readonly unknown[]> {
  const data = sourceData(node, i)
  if (Array.isArray(data)) return data
  const known = node.cached![i]
  if (known !== undefined) return chain(known, (records) => records.toArray())
  const staged = node.stage?.evaluate(evaluation, true)
  if (staged !== undefined) return staged.then(() => recordsOfPartition(node, i, evaluation))
  return chain(evaluateForCache(node, i, evaluation), (records) => records.toArray())
}

/** Evaluates a partition of a cached node. */
export function evaluateForCache(node: LineageNode, i: number, evaluation: Evaluation): MaybePromise<ChunkedRecords> {
  return keepPartition(node, i, new KeepSink(), evaluation)
}

/** Evaluates a partition for its cache. */
function keepPartition(
  node: LineageNode,
  i: number,
  keep: KeepSink,
  evaluation: Evaluation,
): MaybePromise<ChunkedRecords> {
  return cachePartition(node, i, () => {
    const fed = evaluation.nested(() => feedFrom(node, i, NO_STEPS, keep, evaluation))
    return chain(fed, () => keep.records)
  })
}
