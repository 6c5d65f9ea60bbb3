import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode } from '../plan/lineage.js'
import type { KeepSink } from './keep-pass.js'
import type { LoopSink } from './loop-sink.js'

/** Measures what makes a node, where the evaluation is measured. */
export function measured<T>(node: LineageNode, evaluation: Evaluation, make: () => MaybePromise<T>): MaybePromise<T> {
  const { profile } = evaluation.runtime
  return profile === undefined ? make() : profile.around(node.label, make)
}

/** Returns the operators whose functions a loop calls, in order; steps that an output's own function has made are none. */
export function operatorsOf(
  origin: LineageNode | undefined,
  steps: readonly LineageNode[],
  sink: LoopSink | KeepSink,
): readonly string[] {
  const operators: string[] = []
  const add = (operator: string | undefined): void => {
    if (operator !== undefined && operators.at(-1) !== operator) operators.push(operator)
  }
  add(origin?.label)
  for (const step of steps) add(step.label)
  // An operator of the graph has a batch time.
  if ('origin' in sink && sink.origin.time !== undefined) add(sink.origin.operator)
  return operators
}
