import { historyOf } from '../plan/counters.js'
import type { Evaluation } from '../plan/evaluation.js'
import { FusedLoop } from './fused/loop.js'
import { Interpreter } from './interpreter.js'
import { mapInOrder, forEachInOrder, chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { PartitionData, LoopInput, PartitionSource, LineageNode } from '../plan/lineage.js'
import { collectSink, isFull, type LoopSink } from './loop-sink.js'

type Steps = readonly LineageNode[]
const NO_STEPS: Steps = []

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
  const out: unknown[] = []
  return chain(feed(node, i, collectSink(out), evaluation), () => out)
}

/** Makes an array of the pairs of a table, and replaces the table by it. */
function tableToArray(
  node: LineageNode,
  i: number,
  table: PartitionData,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  const records: unknown[] = []
  return chain(pass(table, NO_STEPS, collectSink(records), evaluation), () => {
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
  sink: LoopSink,
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
  if (base.cached !== undefined || base.plan.type === 'wide' || isTable(base, i)) {
    return chain(recordsOfPartition(base, i, evaluation), (records) => pass(records, steps, sink, evaluation))
  }
  return evaluation.nested(() => feedFrom(base, i, steps, sink, evaluation))
}

/** Feeds a partition of a node that is no uncached step, as its plan says. */
function feedFrom(
  base: LineageNode,
  i: number,
  steps: Steps,
  sink: LoopSink,
  evaluation: Evaluation,
): MaybePromise<void> {
  const { plan } = base
  switch (plan.type) {
    case 'narrow':
      return feedThrough(base.parents[0]!, i, [base, ...steps], sink, evaluation)
    case 'concat': {
      const parts = plan.partsOf(i)
      return forEachInOrder(parts.length, (p) => {
        const { node, index } = parts[p]!
        return chain(feedThrough(node, index, steps, sink, evaluation), () => !isFull(sink))
      })
    }
    case 'perPartition':
      return chain(plan.open(i, evaluation), (input) => passAny(input, steps, sink, evaluation))
    case 'source':
      return feedSource(plan.parts[i]!, steps, sink, evaluation)
    case 'wide':
      return chain(computeAll(base, evaluation), (parts) => pass(parts[i]!, steps, sink, evaluation))
  }
}

function feedSource(
  part: PartitionSource<unknown>,
  steps: Steps,
  sink: LoopSink,
  evaluation: Evaluation,
): MaybePromise<void> {
  if ('records' in part) return pass(part.records, steps, sink, evaluation)
  if ('table' in part) return pass(part.table, steps, sink, evaluation)
  if ('load' in part) {
    const input = part.load()
    return input instanceof Promise
      ? input.then((records) => pass(records, steps, sink, evaluation))
      : passAny(input, steps, sink, evaluation)
  }
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
  )
}

/** Runs one input through steps into a sink. */
export function pass(input: LoopInput, steps: Steps, sink: LoopSink, evaluation: Evaluation): MaybePromise<void> {
  if (Array.isArray(input)) {
    if (input.length === 0) return
    if (steps.length === 0 && sink.kind === 'count') {
      sink.n += input.length
      return
    }
  }
  return evaluation.run(
    evaluation.fused
      ? new FusedLoop(input, steps, sink, evaluation.runtime.onRecordError)
      : new Interpreter(input, steps, sink, evaluation.runtime.onRecordError),
  )
}

function passAny(
  input: LoopInput | AsyncIterable<unknown>,
  steps: Steps,
  sink: LoopSink,
  evaluation: Evaluation,
): MaybePromise<void> {
  if (Array.isArray(input) || Symbol.iterator in input) return pass(input as LoopInput, steps, sink, evaluation)
  return passAsync(input, steps, sink, evaluation)
}

const LONGEST_CHUNK = 1024

/** Reads chunks that grow, so that `take(1)` of a slow source waits for one record and a fast source runs in long loops. */
async function passAsync(input: AsyncIterable<unknown>, steps: Steps, sink: LoopSink, evaluation: Evaluation) {
  let chunk: unknown[] = []
  let size = 1
  for await (const record of input) {
    if (chunk.push(record) < size) continue
    await pass(chunk, steps, sink, evaluation)
    if (isFull(sink)) return
    chunk = []
    size = Math.min(size * 2, LONGEST_CHUNK)
  }
  await pass(chunk, steps, sink, evaluation)
}

function computeAll(node: LineageNode, evaluation: Evaluation): MaybePromise<readonly PartitionData[]> {
  if (node.computed !== undefined) return node.computed
  if (node.plan.type !== 'wide') throw new TypeError(`${node.kind} is not computed as a whole`)
  const { run } = node.plan
  const result = cacheResult(
    evaluation.nested(() => run(evaluation)),
    (value) => (node.computed = value),
    () => node.computed,
  )
  return chain(result, (parts) => {
    if (node.plan.type === 'wide') node.truncateLineage(parts, historyOf(node))
    return parts
  })
}

function cachedPartition(node: LineageNode, i: number, evaluation: Evaluation): MaybePromise<readonly unknown[]> {
  const cached = node.cached!
  const known = cached[i]
  if (known !== undefined) return known
  const data = sourceData(node, i)
  if (Array.isArray(data)) return data
  const out: unknown[] = []
  const fed = evaluation.nested(() => feedFrom(node, i, NO_STEPS, collectSink(out), evaluation))
  const evaluated = chain(fed, () => out)
  const result = cacheResult(
    evaluated,
    (value) => (cached[i] = value),
    () => cached[i],
  )
  return chain(result, (records) => {
    if (node.alwaysCached && node.cached === cached) truncateIfComplete(node, cached)
    return records
  })
}

function sourceData({ plan }: LineageNode, i: number): PartitionData | undefined {
  if (plan.type !== 'source') return undefined
  const part = plan.parts[i]!
  return 'records' in part ? part.records : 'table' in part ? part.table : undefined
}

function isTable({ plan }: LineageNode, i: number) {
  return plan.type === 'source' && 'table' in plan.parts[i]!
}

function truncateIfComplete(
  node: LineageNode,
  cached: readonly (MaybePromise<readonly unknown[]> | undefined)[],
): void {
  const parts: PartitionData[] = []
  for (let i = 0; i < node.numPartitions; i++) {
    const records = cached[i] ?? sourceData(node, i)
    if (records === undefined || records instanceof Promise) return
    parts.push(records)
  }
  node.truncateLineage(parts, historyOf(node))
}

/** Caches a value, even while it is being computed, so that two actions share one computation. Failures are not cached. */
function cacheResult<T>(
  value: MaybePromise<T>,
  set: (value: MaybePromise<T> | undefined) => void,
  get: () => unknown,
): MaybePromise<T> {
  if (!(value instanceof Promise)) {
    set(value)
    return value
  }
  const pending = value.then(
    (result) => {
      if (get() === pending) set(result)
      return result
    },
    (error: unknown) => {
      if (get() === pending) set(undefined)
      throw error
    },
  )
  set(pending)
  return pending
}
