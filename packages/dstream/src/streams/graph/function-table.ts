import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from './graph.js'

/**
 * Returns the functions that operators apply to single records, each by its address: the id of the operator and the index of
 * the function there. Two threads that have built the same graph find the same functions.
 */
export function functionTable(graph: Graph): Map<FunctionAddress, AnyFunction> {
  const table = new Map<FunctionAddress, AnyFunction>()
  for (const { id, operator } of graph.nodes) {
    for (const [slot, f] of (operator.functions ?? []).entries()) table.set(`${id}:${slot}`, f)
  }
  return table
}

/** Returns the text of each function by address. Two graphs with the same texts are of the same program. */
export function functionTexts(table: ReadonlyMap<FunctionAddress, AnyFunction>): Record<FunctionAddress, string> {
  return Object.fromEntries([...table].map(([address, f]) => [address, Function.prototype.toString.call(f)]))
}
