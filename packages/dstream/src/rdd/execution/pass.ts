import type { Evaluation } from '../plan/evaluation.js'
import type { Pass } from '../plan/pass.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import { stepOf, type LineageNode, type LoopInput } from '../plan/lineage.js'
import type { RecordErrorHandler } from '../plan/record-policy.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { FusedLoop } from './fused/loop.js'
import { Interpreter } from './interpreter.js'
import { KeepPass, type KeepSink } from './keep-pass.js'
import { isFull, type LoopSink } from './loop-sink.js'
import { measured, operatorsOf } from './measure.js'
import { PairColumns } from './pair-columns.js'

/** The narrow nodes that the records of an input go through, the lowest first. */
export type Steps = readonly LineageNode[]
export type Sink = LoopSink | KeepSink

/** Runs one input through steps into a sink. @param origin the node that makes the input as it is read */
export function pass(
  input: LoopInput,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler = evaluation.runtime.onRecordError,
  origin?: LineageNode,
): MaybePromise<void> {
  if (Array.isArray(input)) {
    if (input.length === 0) return
    if (steps.length === 0 && sink.kind === 'count') {
      sink.n += input.length
      return
    }
  } else if ((input instanceof Map || input instanceof PairColumns) && input.size === 0) return
  return evaluation.run(passOf(input, steps, sink, evaluation, policy, origin))
}

export function passOf(
  input: LoopInput,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
  origin?: LineageNode,
): Pass {
  if (sink.kind === 'keep') return new KeepPass(sink, passOf(input, steps, sink.own, evaluation, policy, origin))
  const { fused, runtime } = evaluation
  const loop =
    fused && !isTooLong(steps) ? new FusedLoop(input, steps, sink, policy) : new Interpreter(input, steps, sink, policy)
  return runtime.profile === undefined ? loop : runtime.profile.pass(loop, operatorsOf(origin, steps, sink))
}

/**
 * The most steps, and the most flatMaps, of one generated loop. Each flatMap is a loop within the one before it, and its text
 * is indented: 1,000 of them exhaust the stack of V8's parser, as 6,000 other steps do, and 500 take 0.8 s to compile.
 */
const MOST_STEPS = 1024
const MOST_FLAT_MAPS = 64

function isTooLong(steps: Steps): boolean {
  if (steps.length <= MOST_FLAT_MAPS) return false
  if (steps.length > MOST_STEPS) return true
  return steps.filter((step) => stepOf(step).op.startsWith('flatMap')).length > MOST_FLAT_MAPS
}

export function isFilled(sink: Sink): boolean {
  return sink.kind !== 'keep' && isFull(sink)
}

export function passAny(
  input: LoopInput | AsyncIterable<unknown>,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
  origin: LineageNode,
): MaybePromise<void> {
  if (Array.isArray(input) || Symbol.iterator in input)
    return pass(input as LoopInput, steps, sink, evaluation, policy, origin)
  return measured(origin, evaluation, () => passAsync(input, steps, sink, evaluation, policy))
}

const LONGEST_CHUNK = 1024

/** Reads chunks that grow, so that `take(1)` of a slow source waits for one record and a fast source runs in long loops. */
async function passAsync(
  input: AsyncIterable<unknown>,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
): Promise<void> {
  let chunk: unknown[] = []
  let size = 1
  for await (const record of input) {
    if (chunk.push(record) < size) continue
    await pass(chunk, steps, sink, evaluation, policy)
    if (isFilled(sink)) return
    chunk = []
    size = Math.min(size * 2, LONGEST_CHUNK)
  }
  await pass(chunk, steps, sink, evaluation, policy)
}

/** Runs the chunks of a kept partition through steps into a sink, until it is full. */
export function feedChunks(
  { chunks }: ChunkedRecords,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
): MaybePromise<void> {
  return forEachInOrder(chunks.length, (c) =>
    chain(pass(chunks[c]!, steps, sink, evaluation, policy), () => !isFilled(sink)),
  )
}
