import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { sharedOperators } from '../../streams/graph/remember.js'
import { singleUses } from '../../streams/graph/single-use.js'
import { MAP_SIDES, NARROW } from '../../streams/graph/stage-kinds.js'

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
  const called: string[] = []
  const kept: string[] = []
  for (const { id, operator } of graph.nodes) {
    if (MAP_SIDES.has(operator.kind)) {
      const reason = reasons.against(operator)
      if (reason === undefined) spread.push(id)
      else kept.push(`${id} (${reason})`)
    } else if (!NARROW.has(operator.kind) && operator.source !== true) kept.push(id)
  }
  for (const { id, kind, parent, functions } of graph.outputs) {
    const reason = kind === 'foreachPartition' ? reasons.againstCalls(id, parent, functions) : ''
    if (reason === undefined) called.push(id)
    else kept.push(reason === '' ? id : `${id} (${reason})`)
  }
  const isSpread = spread.length + called.length > 0
  const parts = [
    ...(isSpread ? [] : ['nothing of it on the cluster']),
    ...(spread.length === 0 ? [] : [`map sides on the cluster: ${spread.join(', ')}`]),
    ...(called.length === 0 ? [] : [`outputs on the cluster: ${called.join(', ')}`]),
    `in the driver: ${[...(spread.length === 0 ? [] : ['their merging']), ...kept].join(', ')}`,
  ]
  return { isSpread, line: `${parts.join('; ')}.` }
}

/** Finds why a map side stays in the driver. Below a source or a `repartition` records can go anywhere. */
class Reasons {
  constructor(
    readonly graph: Graph,
    readonly addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
    readonly shared: ReadonlySet<Operator>,
  ) {}

  against(operator: Operator): string | undefined {
    const own = this.#functionsAgainst(this.graph.node(operator).id, operator.functions)
    return own ?? this.#above(operator.parents, { keptHere: (reason) => reason })
  }

  /** Finds why the calls of an output stay in the driver. Records that are kept there are sent to the workers. */
  againstCalls(id: string, parent: Operator, functions: readonly AnyFunction[] | undefined): string | undefined {
    return this.#functionsAgainst(id, functions) ?? this.#above([parent], { keptHere: () => undefined })
  }

  /** @param keptHere returns what it means that records are kept in the driver */
  #above(
    parents: readonly Operator[],
    { keptHere }: { readonly keptHere: (reason: string) => string | undefined },
  ): string | undefined {
    const above = [...parents]
    for (const parent of above) {
      if (parent.source === true || parent.kind === 'repartition') continue
      const { id } = this.graph.node(parent)
      if (!NARROW.has(parent.kind)) return keptHere(`behind ${id}`)
      if (this.shared.has(parent)) return keptHere(`${id} is read more than once, and kept for it`)
      const reason = this.#functionsAgainst(id, parent.functions)
      if (reason !== undefined) return reason
      above.push(...parent.parents)
    }
    return undefined
  }

  #functionsAgainst(id: string, functions: readonly AnyFunction[] = []): string | undefined {
    const mayMove = functions.every((f) => this.addresses.has(f))
    return mayMove ? undefined : `${id} changes a variable outside of its function`
  }
}
