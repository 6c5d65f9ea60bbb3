import fc from 'fast-check'
import { check, graphs, isChanged, nodesOf, outputsOf, type Graph } from './graph.js'
import { operators } from './operators.js'

/** Checks so many random graphs, on so many threads, and tells what they were made of. */
export async function checkRandomGraphs(numRuns: number, threads?: number): Promise<Census> {
  const census = new Census()
  const property = fc.asyncProperty(graphs, async (graph) => {
    census.add(graph)
    if ((await check(graph, threads)) > 0) census.inWorkers++
  })
  await fc.assert(property, { numRuns })
  return census
}

/** Counts what random graphs were made of: a law says nothing of an operator that never came up. */
export class Census {
  readonly uses = new Map(Object.keys(operators).map((name) => [name, 0]))
  graphs = 0
  withState = 0
  withWindow = 0
  withSharedNode = 0
  crashed = 0
  changed = 0
  /** Those of which workers have done a part. */
  inWorkers = 0

  add(graph: Graph): void {
    const nodes = nodesOf(graph)
    const names = graph.steps.map(({ operator }) => operator)
    const has = (trait: 'state' | 'window'): boolean => names.some((name) => operators[name]!.traits?.includes(trait))
    for (const name of names) this.uses.set(name, this.uses.get(name)! + 1)
    this.graphs++
    if (has('state')) this.withState++
    if (has('window')) this.withWindow++
    if (graph.crash !== undefined) this.crashed++
    if (isChanged(graph)) this.changed++
    // An ancestor, other than the source, of two outputs.
    const above = outputsOf(nodes).map((output) => ancestors(nodes, output))
    const shared = nodes.some((_, i) => i > 0 && above.filter((set) => set.has(i)).length > 1)
    if (shared) this.withSharedNode++
  }

  share(n: number): number {
    return n / this.graphs
  }

  toString(): string {
    const percent = (n: number): string => `${Math.round(100 * this.share(n))} %`
    const uses = [...this.uses].map(([name, n]) => `${name} ${n}`).join(', ')
    return (
      `${this.graphs} random graphs: state in ${percent(this.withState)}, windows in ${percent(this.withWindow)}, ` +
      `outputs that share a node in ${percent(this.withSharedNode)}, a crash in ${percent(this.crashed)}, another interval or ` +
      `slides behind it in ${percent(this.changed)}\n${uses}`
    )
  }
}

function ancestors(nodes: ReturnType<typeof nodesOf>, of: number): Set<number> {
  const found = new Set([of])
  for (let i = of; i > 0; i--) if (found.has(i)) for (const parent of nodes[i]!.parents) found.add(parent)
  return found
}
