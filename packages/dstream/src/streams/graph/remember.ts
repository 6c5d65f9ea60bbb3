import type { Graph } from './graph.js'
import type { Operator } from './operator.js'

/**
 * Returns the time for which each operator keeps its RDDs, in milliseconds: at least one slide, and as long as an operator
 * below it reads them. A parent keeps its RDDs for the retention of the child plus the child's lookback, as in Spark
 * (reference: `DStream.parentRememberDuration`).
 */
export function rememberTimes(graph: Graph, leastMs: number): ReadonlyMap<Operator, number> {
  const retentionMs = new Map<Operator, number>()
  for (const { operator } of graph.nodes) retentionMs.set(operator, Math.max(operator.slideMs, leastMs))
  // Operators are listed after their parents, so one pass from the end sees every child before its parents.
  for (const { operator } of [...graph.nodes].reverse()) {
    for (const parent of operator.parents) {
      retentionMs.set(parent, Math.max(retentionMs.get(parent)!, retentionMs.get(operator)! + operator.lookbackMs))
    }
  }
  return retentionMs
}

/**
 * Returns the operators whose RDDs are cached after the first evaluation: those that are read more than once in a batch, by
 * later batches, or by a user's function.
 */
export function sharedOperators(graph: Graph, retentionMs: ReadonlyMap<Operator, number>): ReadonlySet<Operator> {
  const readers = new Map<Operator, number>()
  const read = (operator: Operator, times: number): void => {
    readers.set(operator, (readers.get(operator) ?? 0) + times)
  }
  for (const { operator } of graph.nodes)
    for (const parent of operator.parents) read(parent, operator.handsOutRDD ? 2 : 1)
  for (const output of graph.outputs) read(output.parent, output.handsOutRDD ? 2 : 1)
  return new Set(
    graph.nodes
      .map((node) => node.operator)
      .filter((operator) => (readers.get(operator) ?? 0) > 1 || retentionMs.get(operator)! > operator.slideMs),
  )
}
