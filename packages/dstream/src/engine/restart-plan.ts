import { match, type MatchPlan } from '../durable/checkpoint/match.js'
import type { InputSources } from '../input/sources/input-sources.js'
import type { Graph } from '../streams/graph/graph.js'
import type { Engine } from './engine.js'
import { signaturesOf } from './recovery/operator-signature.js'

/**
 * Returns the plan by which a restart of the same program would take over what is stored now. It is that of
 * `dstream checkpoint plan`, from the contents that the running job knows in place of those in the files.
 */
export function restartPlan(graph: Graph, inputs: InputSources, { store, journal }: Engine): MatchPlan {
  const signatures = signaturesOf(graph, inputs)
  const holds = new Set(inputs.positions(graph).keys())
  const begun = new Set<string>()
  for (const { id, operator } of graph.nodes) {
    const tables = Object.values(operator.state?.tables ?? {})
    if (tables.some(({ version }) => version !== undefined)) begun.add(id)
    if (tables.some(({ size }) => size > 0)) holds.add(id)
    if (operator.source !== true && store.held(operator).batches > 0) holds.add(id)
  }
  const streams = [...journal.waiting().map(({ streamId }) => streamId)]
  for (const { blocks } of journal.allocations()) streams.push(...blocks.keys())
  for (const streamId of streams) holds.add(graph.node(inputs.all[streamId]!.operator).id)
  return match(signatures, { holds, begun }, signatures, [])
}
