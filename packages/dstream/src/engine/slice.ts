import { sliceForgotten } from '../base/errors/graph.js'
import type { RDD } from '../rdd/rdd.js'
import type { Operator } from '../streams/graph/operator.js'
import type { Engine } from './engine.js'

/**
 * Returns the remembered RDDs of an operator from `fromMs` to `untilMs`, both included and floored to its slide; computes
 * no batch that has not run.
 *
 * @param id the operator's name for the error
 * @throws `slice-forgotten` when a batch of that span is remembered no longer
 */
export async function sliceOf<T>(
  engine: Engine,
  operator: Operator<T>,
  id: string,
  fromMs: number,
  untilMs: number,
): Promise<RDD<T>[]> {
  const { store, evaluation } = engine
  const last = store.committed ?? -Infinity
  const retentionMs = engine.retention.get(operator)!
  const rdds: RDD<T>[] = []
  for (const time of evaluation.times(operator, fromMs - operator.slideMs, Math.min(untilMs, last))) {
    if (time <= last - retentionMs) throw sliceForgotten(id, time, retentionMs)
    const rdd = await evaluation.read(operator, time)
    if (rdd !== undefined) rdds.push(rdd)
  }
  return rdds
}
