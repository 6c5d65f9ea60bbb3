import { historyOf } from '../plan/counters.js'
import type { Evaluation } from '../plan/evaluation.js'
import { FusedLoop } from './fused/loop.js'
import { Interpreter } from './interpreter.js'
import { gather, inOrder, andThen, type Maybe } from '../../base/maybe-promise.js'
import type { Held, Input, PartitionSource, PlanNode } from '../plan/plan.js'
import { collectSink, isFull, type Sink } from './sink.js'

type Steps = readonly PlanNode[]
const noSteps: Steps = []

/** All partitions of a node into a sink, in order, until the sink is full. */
export function feedAll(node: PlanNode, sink: Sink, evaluation: Evaluation): Maybe<void> {
  return inOrder(node.numPartitions, (i) => andThen(feed(node, i, sink, evaluation), () => !isFull(sink)))
}

/** One partition of a node into a sink. */
export function feed(node: PlanNode, i: number, sink: Sink, evaluation: Evaluation): Maybe<void> {
  return feedThrough(node, i, noSteps, sink, evaluation)
}

/** One partition of a node as an array: the one that is held anyway, else a new one. Not to be changed. */
export function partitionOf(node: PlanNode, i: number, evaluation: Evaluation): Maybe<readonly unknown[]> {
  if (node.kept !== undefined) return keptPartition(node, i, evaluation)
  if (node.plan.type === 'wide') return andThen(made(node, evaluation), () => partitionOf(node, i, evaluation))
  const held = heldBySource(node, i)
  if (held !== undefined) return Array.isArray(held) ? (held as readonly unknown[]) : spread(node, i, held, evaluation)
  if (node.plan.type === 'pieces') {
    const pieces = node.plan.pieces(i)
    if (pieces.length === 1) return partitionOf(pieces[0]!.node, pieces[0]!.index, evaluation)
  }
  const out: unknown[] = []
  return andThen(feed(node, i, collectSink(out), evaluation), () => out)
}

/** The pairs of a table as an array, which takes its place. */
function spread(node: PlanNode, i: number, table: Held, evaluation: Evaluation): Maybe<readonly unknown[]> {
  const records: unknown[] = []
  return andThen(pass(table, noSteps, collectSink(records), evaluation), () => {
    if (node.plan.type === 'source') {
      node.plan = { ...node.plan, parts: node.plan.parts.map((part, p) => (p === i ? { records } : part)) }
    }
    return records
  })
}

/** All partitions as they are held: as tables where nobody has asked for arrays. Not to be changed. */
export function heldPartitions(node: PlanNode, evaluation: Evaluation): Maybe<readonly Held[]> {
  if (node.plan.type === 'wide') return made(node, evaluation)
  return gather<Held>(node.numPartitions, (i) => heldBySource(node, i) ?? partitionOf(node, i, evaluation))
}

export function allPartitions(node: PlanNode, evaluation: Evaluation): Maybe<readonly (readonly unknown[])[]> {
  return gather(node.numPartitions, (i) => partitionOf(node, i, evaluation))
}

function feedThrough(node: PlanNode, i: number, above: Steps, sink: Sink, evaluation: Evaluation): Maybe<void> {
  let steps = above
  let base = node
  while (base.plan.type === 'narrow' && base.kept === undefined) {
    steps = [base, ...steps]
    base = base.parents[0]!
  }
  if (base.kept !== undefined || base.plan.type === 'wide' || holdsTable(base, i)) {
    return andThen(partitionOf(base, i, evaluation), (records) => pass(records, steps, sink, evaluation))
  }
  return feedFrom(base, i, steps, sink, evaluation)
}

/** From a node that is no step, as its plan says. */
function feedFrom(base: PlanNode, i: number, steps: Steps, sink: Sink, evaluation: Evaluation): Maybe<void> {
  const { plan } = base
  switch (plan.type) {
    case 'narrow':
      return feedThrough(base.parents[0]!, i, [base, ...steps], sink, evaluation)
    case 'pieces': {
      const pieces = plan.pieces(i)
      return inOrder(pieces.length, (p) => {
        const { node, index } = pieces[p]!
        return andThen(feedThrough(node, index, steps, sink, evaluation), () => !isFull(sink))
      })
    }
    case 'each':
      return andThen(plan.open(i, evaluation), (input) => passAny(input, steps, sink, evaluation))
    case 'source':
      return feedSource(plan.parts[i]!, steps, sink, evaluation)
    case 'wide':
      return andThen(made(base, evaluation), (parts) => pass(parts[i]!, steps, sink, evaluation))
  }
}

function feedSource(part: PartitionSource<unknown>, steps: Steps, sink: Sink, evaluation: Evaluation): Maybe<void> {
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

/** One input through steps into a sink. */
export function pass(input: Input, steps: Steps, sink: Sink, evaluation: Evaluation): Maybe<void> {
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

function passAny(input: Input | AsyncIterable<unknown>, steps: Steps, sink: Sink, evaluation: Evaluation): Maybe<void> {
  if (Array.isArray(input) || Symbol.iterator in input) return pass(input as Input, steps, sink, evaluation)
  return passAsync(input, steps, sink, evaluation)
}

const LONGEST_CHUNK = 1024

/** Chunks that grow, so that `take(1)` of a slow source waits for one record and a fast one runs in long loops. */
async function passAsync(input: AsyncIterable<unknown>, steps: Steps, sink: Sink, evaluation: Evaluation) {
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

function made(node: PlanNode, evaluation: Evaluation): Maybe<readonly Held[]> {
  if (node.made !== undefined) return node.made
  if (node.plan.type !== 'wide') throw new TypeError(`${node.kind} is not made as a whole`)
  const making = remember(
    node.plan.run(evaluation),
    (value) => (node.made = value),
    () => node.made,
  )
  return andThen(making, (parts) => {
    if (node.plan.type === 'wide') node.settle(parts, historyOf(node))
    return parts
  })
}

function keptPartition(node: PlanNode, i: number, evaluation: Evaluation): Maybe<readonly unknown[]> {
  const kept = node.kept!
  const known = kept[i]
  if (known !== undefined) return known
  const held = heldBySource(node, i)
  if (Array.isArray(held)) return held
  const out: unknown[] = []
  const evaluated = andThen(feedFrom(node, i, noSteps, collectSink(out), evaluation), () => out)
  const making = remember(
    evaluated,
    (value) => (kept[i] = value),
    () => kept[i],
  )
  return andThen(making, (records) => {
    if (node.shared && node.kept === kept) settleIfComplete(node, kept)
    return records
  })
}

function heldBySource({ plan }: PlanNode, i: number): Held | undefined {
  if (plan.type !== 'source') return undefined
  const part = plan.parts[i]!
  return 'records' in part ? part.records : 'table' in part ? part.table : undefined
}

function holdsTable({ plan }: PlanNode, i: number) {
  return plan.type === 'source' && 'table' in plan.parts[i]!
}

function settleIfComplete(node: PlanNode, kept: readonly (Maybe<readonly unknown[]> | undefined)[]): void {
  const parts: Held[] = []
  for (let i = 0; i < node.numPartitions; i++) {
    const records = kept[i] ?? heldBySource(node, i)
    if (records === undefined || records instanceof Promise) return
    parts.push(records)
  }
  node.settle(parts, historyOf(node))
}

/** Keeps a value, while it is being made too, so that two actions share one making; a failure is not kept. */
function remember<T>(value: Maybe<T>, set: (value: Maybe<T> | undefined) => void, get: () => unknown): Maybe<T> {
  if (!(value instanceof Promise)) {
    set(value)
    return value
  }
  const making = value.then(
    (result) => {
      if (get() === making) set(result)
      return result
    },
    (error: unknown) => {
      if (get() === making) set(undefined)
      throw error
    },
  )
  set(making)
  return making
}
