import { caught } from '../../base/maybe-promise.js'
import type { OperatorFigures } from '../../observe/job-metrics.js'
import { recordsOf } from '../../rdd/plan/counters.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** The records that passed an operator in one batch. */
export type OperatorRecords = Pick<OperatorFigures, 'in' | 'out'>

/**
 * Returns the records that passed each operator in a batch, by id, as far as outputs and states have read them: those that
 * it gave, and those that its parents gave in the same batch. The evaluation counts them in any case; this only looks.
 */
export async function operatorRecords(
  graph: Graph,
  evaluation: GraphEvaluation,
  time: number,
): Promise<ReadonlyMap<string, OperatorRecords>> {
  const given = new Map<Operator, number>()
  for (const { operator } of graph.nodes) {
    const computed = evaluation.computed(operator, time)
    const rdd = computed && (await caught(computed.rdd, () => undefined))
    if (rdd === undefined) continue
    const records = recordsOf(rdd.node) ?? keysOf(operator)
    if (records !== undefined) given.set(operator, records)
  }
  return new Map(
    graph.nodes.map(({ id, operator }) => [id, { in: takenBy(operator, given), out: given.get(operator) }]),
  )
}

/** A state gives its keys by itself: they pass no step that counts. */
function keysOf({ state }: Operator): number | undefined {
  return state === undefined ? undefined : Object.values(state.tables).reduce((sum, { size }) => sum + size, 0)
}

function takenBy({ parents }: Operator, given: ReadonlyMap<Operator, number>): number | undefined {
  const known = parents.flatMap((parent) => given.get(parent) ?? [])
  return known.length === parents.length ? known.reduce((sum, records) => sum + records, 0) : undefined
}
