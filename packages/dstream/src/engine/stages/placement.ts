import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** The operators whose records are combined by key before they are merged. */
const MAP_SIDES = new Set(
  'reduceByKey combineByKey groupByKey countByValue distinct runningReduceByKey updateStateByKey'.split(' '),
)
/** The operators that may stand between a source and a map side: they change no partition but record by record. */
const NARROW = new Set('map filter flatMap mapToPair flatMapToPair mapValues flatMapValues union'.split(' '))

/**
 * Returns in one line which parts of a graph a cluster may run and which stay in the driver, with the reason.
 *
 * @param addresses the functions that workers may call
 */
export function placementOf(graph: Graph, addresses: ReadonlyMap<AnyFunction, FunctionAddress>): string {
  const spread: string[] = []
  const kept: string[] = []
  for (const { id, operator } of graph.nodes) {
    if (!MAP_SIDES.has(operator.kind)) {
      if (!NARROW.has(operator.kind) && operator.source !== true) kept.push(id)
      continue
    }
    const reason = reasonAgainst(operator, graph, addresses)
    if (reason === undefined) spread.push(id)
    else kept.push(`${id} (${reason})`)
  }
  const outputs = graph.outputs.map(({ id }) => id)
  const parts = [
    spread.length > 0
      ? `map sides on the cluster, merged in the driver: ${spread.join(', ')}`
      : 'no map side on the cluster',
    `in the driver: ${[...kept, ...outputs].join(', ')}`,
  ]
  return `${parts.join('; ')}.`
}

/** Returns why the map side of an operator stays in the driver. */
function reasonAgainst(
  operator: Operator,
  graph: Graph,
  addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
): string | undefined {
  const own = functionsAgainst(operator, graph, addresses)
  if (own !== undefined) return own
  const waiting = [...operator.parents]
  for (const parent of waiting) {
    if (parent.source === true) continue
    if (!NARROW.has(parent.kind)) return `behind ${graph.node(parent).id}`
    const reason = functionsAgainst(parent, graph, addresses)
    if (reason !== undefined) return reason
    waiting.push(...parent.parents)
  }
  return undefined
}

function functionsAgainst(
  operator: Operator,
  graph: Graph,
  addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
): string | undefined {
  const mayMove = (operator.functions ?? []).every((f) => addresses.has(f))
  return mayMove ? undefined : `${graph.node(operator).id} changes a variable outside of its function`
}
