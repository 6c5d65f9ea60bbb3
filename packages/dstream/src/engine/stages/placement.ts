import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { sharedOperators } from '../../streams/graph/remember.js'
import { singleUses } from '../../streams/graph/single-use.js'

/** The operators whose records are combined by key before they are merged. */
const MAP_SIDES = new Set(
  'reduceByKey combineByKey groupByKey countByValue distinct runningReduceByKey updateStateByKey'.split(' '),
)
/** The operators that may stand between a source and a map side: they change no partition but record by record. */
const NARROW = new Set('map filter flatMap mapToPair flatMapToPair mapValues flatMapValues union'.split(' '))

interface Placement {
  /** Whether any part may run on the cluster. */
  readonly isSpread: boolean
  readonly line: string
}

/**
 * Returns in one line which parts of a graph a cluster may run and which stay in the driver, with the reason.
 *
 * @param addresses the functions that workers may call
 */
export async function placementOf(
  graph: Graph,
  addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
): Promise<Placement> {
  const shared = sharedOperators(graph, await singleUses(graph))
  const reasons = new Reasons(graph, addresses, shared)
  const spread: string[] = []
  const kept: string[] = []
  for (const { id, operator } of graph.nodes) {
    if (MAP_SIDES.has(operator.kind)) {
      const reason = reasons.against(operator)
      if (reason === undefined) spread.push(id)
      else kept.push(`${id} (${reason})`)
    } else if (!NARROW.has(operator.kind) && operator.source !== true) kept.push(id)
  }
  const outputs = graph.outputs.map(({ id }) => id)
  const inDriver = [...kept, ...outputs].join(', ')
  if (spread.length === 0) return { isSpread: false, line: `nothing of it on the cluster; in the driver: ${inDriver}.` }
  const line = `map sides on the cluster: ${spread.join(', ')}; in the driver: their merging, ${inDriver}.`
  return { isSpread: true, line }
}

/** Finds why a map side stays in the driver. Below a source or a `repartition` records can go anywhere. */
class Reasons {
  constructor(
    readonly graph: Graph,
    readonly addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
    readonly shared: ReadonlySet<Operator>,
  ) {}

  against(operator: Operator): string | undefined {
    const own = this.#functionsAgainst(operator)
    if (own !== undefined) return own
    const above = [...operator.parents]
    for (const parent of above) {
      if (parent.source === true || parent.kind === 'repartition') continue
      const { id } = this.graph.node(parent)
      if (!NARROW.has(parent.kind)) return `behind ${id}`
      if (this.shared.has(parent)) return `${id} is read more than once, and kept for it`
      const reason = this.#functionsAgainst(parent)
      if (reason !== undefined) return reason
      above.push(...parent.parents)
    }
    return undefined
  }

  #functionsAgainst(operator: Operator): string | undefined {
    const mayMove = (operator.functions ?? []).every((f) => this.addresses.has(f))
    return mayMove ? undefined : `${this.graph.node(operator).id} changes a variable outside of its function`
  }
}
