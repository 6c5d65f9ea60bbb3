import type { OperatorRecords } from '../../observe/job-metrics.js'
import { recordsOf } from '../../rdd/plan/counters.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

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
    const rdd = await evaluation.computed(operator, time)?.catch(() => undefined)
    if (rdd !== undefined) given.set(operator, recordsOf(rdd.node))
  }
  return new Map(
    [...given].map(([operator, out]) => {
      const taken = operator.parents.reduce((sum, parent) => sum + (given.get(parent) ?? 0), 0)
      return [graph.node(operator).id, { in: taken, out }]
    }),
  )
}
