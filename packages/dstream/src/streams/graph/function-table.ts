import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from './graph.js'

/**
 * Returns the functions that operators apply to single records, and outputs to partitions, each by its address: the id of the
 * operator or output and the index of the function there. Those over RDDs are among them, so that their texts are compared. Two threads that have built the same graph find the same functions.
 */
export function functionTable(graph: Graph): Map<FunctionAddress, AnyFunction> {
  const table = new Map<FunctionAddress, AnyFunction>()
  for (const { id, operator } of graph.nodes) {
    const { functions = [], mergers = [], state, body } = operator
    // A function of both kinds has one address.
    const all = new Set([...functions, ...(state?.update?.functions ?? []), ...mergers])
    for (const [slot, f] of [...all].entries()) table.set(`${id}:${slot}`, f)
    if (body !== undefined) table.set(`${id}:rdds`, operator.rddFunction!.f)
  }
  for (const { id, functions = [] } of graph.outputs) {
    for (const [slot, f] of functions.entries()) table.set(`${id}:${slot}`, f)
  }
  return table
}

/** Returns the text of each function by address. Two graphs with the same texts are of the same program. */
export function functionTexts(table: ReadonlyMap<FunctionAddress, AnyFunction>): Record<FunctionAddress, string> {
  return Object.fromEntries([...table].map(([address, f]) => [address, Function.prototype.toString.call(f)]))
}

/** Returns the address of each function of a graph that any thread may call. */
export function functionAddresses(
  graph: Graph,
  mayMove: (f: AnyFunction) => boolean,
): Map<AnyFunction, FunctionAddress> {
  const movable = [...functionTable(graph)].filter(([, f]) => mayMove(f))
  return new Map(movable.map(([address, f]) => [f, address]))
}
