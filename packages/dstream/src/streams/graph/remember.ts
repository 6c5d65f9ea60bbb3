import type { Graph } from './graph.js'
import type { Operator } from './operator.js'

/**
 * How long each operator keeps its RDDs, in milliseconds: at least one slide, and as far back as anything below it reads.
 * A child that reads k ms behind its own batch passes on what it must itself remember plus k, as Spark does (reference:
 * `DStream.parentRememberDuration`).
 */
export function rememberTimes(graph: Graph, leastMs: number): ReadonlyMap<Operator, number> {
  const keep = new Map<Operator, number>()
  for (const { operator } of graph.nodes) keep.set(operator, Math.max(operator.slideMs, leastMs))
  // Operators are listed after their parents, so one pass from the end sees every child before its parents.
  for (const { operator } of [...graph.nodes].reverse()) {
    for (const parent of operator.parents) {
      keep.set(parent, Math.max(keep.get(parent)!, keep.get(operator)! + operator.lookbackMs))
    }
  }
  return keep
}

/** Operators whose RDD is read more than once in a batch, or by later batches, or by a user's own code: evaluated once and kept. */
export function sharedOperators(graph: Graph, keep: ReadonlyMap<Operator, number>): ReadonlySet<Operator> {
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
      .filter((operator) => (readers.get(operator) ?? 0) > 1 || keep.get(operator)! > operator.slideMs),
  )
}
