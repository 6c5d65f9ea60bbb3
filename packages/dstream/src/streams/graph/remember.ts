import type { Graph } from './graph.js'
import type { Operator } from './operator.js'
import type { OutputNode } from './output.js'

/**
 * Returns the time for which the RDDs of each operator can be had, in milliseconds: at least one slide, and as long as an
 * operator below it may ask for them. A parent has its RDDs for the retention of the child plus the child's lookback, as in
 * Spark (reference: `DStream.parentRememberDuration`). Sources and states keep their data for so long; what is derived from
 * them is computed again where it is not kept (`keptTimes`).
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
 * Returns the operators whose RDDs are kept with their records for later batches, and for how long, in milliseconds: those
 * that an operator directly below reads again and, where the program remembers every stream for `slice`, the states, from
 * which the other streams are computed again. Keeping all that lies above a window too would take a multiple of its memory
 * and of its checkpoint.
 *
 * @param leastMs the time for which the program remembers every stream
 * @param retentionMs the result of `rememberTimes`
 */
export function keptTimes(
  graph: Graph,
  leastMs: number,
  retentionMs: ReadonlyMap<Operator, number>,
): ReadonlyMap<Operator, number> {
  const kept = new Map<Operator, number>()
  const belowStates = new Set<Operator>()
  for (const { operator } of graph.nodes) {
    if (operator.state !== undefined || operator.parents.some((parent) => belowStates.has(parent))) {
      belowStates.add(operator)
    }
    if (operator.state !== undefined && leastMs > operator.slideMs) kept.set(operator, retentionMs.get(operator)!)
    for (const parent of operator.parents) {
      if (!readsEarlier(operator, parent, belowStates.has(parent))) continue
      kept.set(parent, Math.max(kept.get(parent) ?? 0, operator.slideMs + operator.lookbackMs))
    }
  }
  return kept
}

/**
 * Whether an operator reads earlier batches of its parent. An incremental window also reads those that have left it, so it
 * looks back one slide further. A window of one slide reads none in this run, and may do so in a later one that slides more
 * often: what comes from a state cannot be computed again then.
 */
function readsEarlier(operator: Operator, parent: Operator, isBelowState: boolean): boolean {
  return operator.lookbackMs > (operator.state === undefined && !isBelowState ? parent.slideMs : 0)
}

/**
 * Returns the operators whose records the engine keeps as its own: those that are kept, and sources that are remembered for
 * `slice`, since their origin may delete what it has given.
 *
 * @param leastMs the time for which the program remembers every stream
 * @param kept the result of `keptTimes`
 */
export function ownedOperators(
  graph: Graph,
  leastMs: number,
  kept: ReadonlyMap<Operator, number>,
): ReadonlySet<Operator> {
  const isOwned = (operator: Operator): boolean =>
    kept.has(operator) || (operator.source === true && leastMs > operator.slideMs)
  return new Set(graph.nodes.map((node) => node.operator).filter(isOwned))
}

/**
 * Returns the operators whose RDDs are cached after the first evaluation: those that are read more than once in a batch, or
 * by a user's function.
 *
 * @param singleUses the readers whose functions evaluate an RDD at most once
 */
export function sharedOperators(graph: Graph, singleUses: ReadonlySet<Operator | OutputNode>): ReadonlySet<Operator> {
  const readers = new Map<Operator, number>()
  const read = (operator: Operator, times: number): void => {
    readers.set(operator, (readers.get(operator) ?? 0) + times)
  }
  const timesRead = (reader: Operator | OutputNode): number =>
    reader.handsOutRDD === true && !singleUses.has(reader) ? 2 : 1
  for (const { operator } of graph.nodes) for (const parent of operator.parents) read(parent, timesRead(operator))
  for (const output of graph.outputs) read(output.parent, timesRead(output))
  return new Set(graph.nodes.map((node) => node.operator).filter((operator) => (readers.get(operator) ?? 0) > 1))
}
