import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator, OperatorState } from '../../streams/graph/operator.js'
import { keptTimes, ownedOperators, rememberTimes } from '../../streams/graph/remember.js'
import { MAP_SIDES, NARROW, SharedReaders } from '../../streams/graph/shared-readers.js'
import { singleUses } from '../../streams/graph/single-use.js'

interface Placement {
  /** Whether any part may run on the cluster. */
  readonly isSpread: boolean
  readonly line: string
}

/**
 * Returns in one line which parts of a graph a cluster may run and which stay in the driver, with the reason.
 *
 * @param addresses the functions that workers may call
 * @param leastMs the time for which the program remembers every stream
 */
export async function placementOf(
  graph: Graph,
  addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
  leastMs: number,
): Promise<Placement> {
  const owned = ownedOperators(graph, leastMs, keptTimes(graph, leastMs, rememberTimes(graph, leastMs)))
  const readers = new SharedReaders({ graph, singleUses: await singleUses(graph), owned, isValid: () => true })
  const reasons = new Reasons(graph, addresses, readers)
  const shared: string[] = []
  const spread: string[] = []
  const called: string[] = []
  const updated: string[] = []
  const kept: string[] = []
  for (const { id, operator } of graph.nodes) {
    if (reasons.isShared(operator)) shared.push(id)
    const { state } = operator
    if (state?.update !== undefined) {
      const reason = reasons.againstUpdates(id, state)
      if (reason === undefined) updated.push(id)
      else kept.push(`the state of ${id} (${reason})`)
    }
    if (MAP_SIDES.has(operator.kind)) {
      const reason = reasons.against(operator)
      if (reason === undefined) spread.push(id)
      else kept.push(`${id} (${reason})`)
    } else if (state?.update !== undefined) continue
    else if (!NARROW.has(operator.kind) && operator.source !== true) kept.push(id)
  }
  for (const { id, kind, parent, functions } of graph.outputs) {
    const reason = kind === 'foreachPartition' ? reasons.againstCalls(id, parent, functions) : ''
    if (reason === undefined) called.push(id)
    else kept.push(reason === '' ? id : `${id} (${reason})`)
  }
  const isSpread = shared.length + spread.length + called.length + updated.length > 0
  const parts = [
    ...(isSpread ? [] : ['nothing of it on the cluster']),
    ...(shared.length === 0 ? [] : [`shared streams on the cluster: ${shared.join(', ')}`]),
    ...(spread.length === 0 ? [] : [`map sides on the cluster: ${spread.join(', ')}`]),
    ...(updated.length === 0 ? [] : [`states on the cluster: ${updated.join(', ')}`]),
    ...(called.length === 0 ? [] : [`outputs on the cluster: ${called.join(', ')}`]),
    `in the driver: ${[...(spread.length === 0 ? [] : ['their merging']), ...kept].join(', ')}`,
  ]
  return { isSpread, line: `${parts.join('; ')}.` }
}

/** Finds why a map side stays in the driver. Below a source or a `repartition` records can go anywhere. */
class Reasons {
  readonly #riders = new Set<Operator>()

  constructor(
    readonly graph: Graph,
    readonly addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
    readonly readers: SharedReaders,
  ) {
    for (const { operator } of graph.nodes) {
      if (!this.isShared(operator)) continue
      const { sides, kept } = readers.sidesBelow(operator, 0)
      for (const rider of [...sides, ...kept]) this.#riders.add(rider)
    }
  }

  /** Whether the records of an operator are kept in the driver, and made on the cluster. */
  isShared(operator: Operator): boolean {
    const isNarrow = NARROW.has(operator.kind) && operator.kind !== 'union'
    return isNarrow && this.readers.isKept(operator) && this.against(operator) === undefined
  }

  /** Finds why the updates of a state stay in the driver. */
  againstUpdates(id: string, { tables, update }: OperatorState): string | undefined {
    if (tables['state']!.numPartitions < 2) return 'it has one partition'
    return this.#functionsAgainst(id, update!.functions)
  }

  /** Finds why the calls of an output stay in the driver. Records that are kept there are sent to the workers. */
  againstCalls(id: string, parent: Operator, functions: readonly AnyFunction[] | undefined): string | undefined {
    return this.#functionsAgainst(id, functions) ?? this.#above([parent], { keptHere: () => undefined })
  }

  against(operator: Operator): string | undefined {
    const own = this.#functionsAgainst(this.graph.node(operator).id, operator.functions)
    return (
      own ??
      this.#above(operator.parents, {
        // A rider is done together with the records.
        keptHere: (reason) => (this.#riders.has(operator) ? undefined : reason),
      })
    )
  }

  /** @param keptHere returns what it means that records are kept in the driver */
  #above(
    parents: readonly Operator[],
    { keptHere }: { readonly keptHere: (reason: string) => string | undefined },
  ): string | undefined {
    const above = [...parents]
    for (const parent of above) {
      const { id } = this.graph.node(parent)
      if (parent.source === true && this.readers.isOwned(parent)) return keptHere(`${id} is kept for later batches`)
      if (parent.source === true || parent.kind === 'repartition') continue
      if (!NARROW.has(parent.kind)) return keptHere(`behind ${id}`)
      if (this.readers.isKept(parent)) return keptHere(`${id} is kept for several readers`)
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
