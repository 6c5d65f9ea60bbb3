import type { Graph } from './graph.js'
import type { Operator } from './operator.js'

/** One operator or output as plain JSON. */
export interface PlanNode {
  id: string
  kind: string
  name: string
  parents: readonly string[]
  params: Readonly<Record<string, unknown>>
  slideMs: number
  rememberMs: number
  checkpointMs: number | undefined
  stateful: boolean
  output: boolean
}

/** The graph as plain JSON: ids, kinds, parameters, parents; never a function. */
export interface Plan {
  readonly version: number
  readonly nodes: readonly PlanNode[]
}

/** Returns the plan of a graph, its operators before its outputs; `retentionMs` is the result of `rememberTimes`. */
export function planOf(graph: Graph, retentionMs: ReadonlyMap<Operator, number>): Plan {
  return {
    version: 1,
    nodes: [
      ...graph.nodes.map(({ id, name, operator, checkpointMs }) => ({
        id,
        kind: operator.kind,
        name: name ?? id,
        parents: operator.parents.map((parent) => graph.node(parent).id),
        params: operator.params,
        slideMs: operator.slideMs,
        rememberMs: retentionMs.get(operator) ?? operator.slideMs,
        checkpointMs,
        stateful: operator.state !== undefined,
        output: false,
      })),
      ...graph.outputs.map((output) => ({
        id: output.id,
        kind: output.kind,
        name: output.id,
        parents: [graph.node(output.parent).id],
        params: output.params,
        slideMs: output.parent.slideMs,
        rememberMs: output.parent.slideMs,
        checkpointMs: undefined,
        stateful: false,
        output: true,
      })),
    ],
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function line(node: PlanNode): string {
  const params = Object.entries(node.params).map(([key, value]) => `${key}=${show(value)}`)
  const notes = [
    node.name === node.id ? '' : `"${node.name}"`,
    params.length === 0 ? '' : `(${params.join(', ')})`,
    `every ${node.slideMs} ms`,
    node.rememberMs > node.slideMs ? `remembers ${node.rememberMs} ms` : '',
    node.stateful ? 'keeps state' : '',
  ]
  return `${node.id} ${notes.filter((note) => note !== '').join(' ')}`
}

/** Draws the graph as text, outputs first, each with its ancestors below it. */
export function explain(plan: Plan): string {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]))
  const shown = new Set<string>()
  const lines: string[] = []
  const outputs = plan.nodes.filter((node) => node.output)
  const pending = outputs.reverse().map(({ id }) => ({ id, depth: 0 }))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { id, depth } = next
    const node = byId.get(id)!
    const indent = depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `
    lines.push(`${indent}${shown.has(id) ? `${id} (see above)` : line(node)}`)
    if (shown.has(id)) continue
    shown.add(id)
    for (const parent of node.parents.toReversed()) pending.push({ id: parent, depth: depth + 1 })
  }
  return lines.join('\n')
}
