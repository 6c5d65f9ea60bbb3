import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Evaluation, Pass } from '../plan/evaluation.js'
import type { LineageNode, LoopInput } from '../plan/lineage.js'
import type { RecordErrorHandler } from '../plan/record-policy.js'
import { FusedLoop } from './fused/loop.js'
import { Interpreter } from './interpreter.js'
import { KeepPass, type KeepSink } from './keep-pass.js'
import { isFull, type LoopSink } from './loop-sink.js'
import { operatorsOf } from './measure.js'
import { PairColumns } from './pair-columns.js'

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

/** Returns the run of one input through steps into a sink. */
export function passOf(
  input: LoopInput,
  steps: Steps,
  sink: Sink,
  evaluation: Evaluation,
  policy: RecordErrorHandler,
  origin?: LineageNode,
): Pass {
  if (sink.kind === 'keep') return new KeepPass(sink, passOf(input, steps, sink.own, evaluation, policy, origin))
  const loop = evaluation.fused
    ? new FusedLoop(input, steps, sink, policy)
    : new Interpreter(input, steps, sink, policy)
  const { profile } = evaluation.runtime
  return profile === undefined ? loop : profile.pass(loop, operatorsOf(origin, steps, sink))
}

/** Whether a sink takes nothing more. */
export function isFilled(sink: Sink): boolean {
  return sink.kind !== 'keep' && isFull(sink)
}
