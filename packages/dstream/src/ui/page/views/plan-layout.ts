import type { PlanNode } from '../messages.js'

/** The place of a node in the picture, in pixels. */
export interface Placed {
  readonly node: PlanNode
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly nodes: readonly Placed[]
  readonly edges: readonly { readonly from: Placed; readonly to: Placed }[]
  readonly width: number
  readonly height: number
}

export const NODE_WIDTH = 226
export const NODE_HEIGHT = 84
const GAP_X = 28
const GAP_Y = 44
const MARGIN = 12
const SWEEPS = 4

/** Lays a graph out in rows: sources on top, each operator below all its parents, few crossings. */
export function layout(nodes: readonly PlanNode[]): Layout {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentsOf = (node: PlanNode): readonly string[] => node.parents.filter((id) => byId.has(id))
  const rows = rowsOf(nodes, parentsOf)
  order(rows, parentsOf)
  const widest = Math.max(1, ...rows.map((row) => row.length))
  const width = MARGIN * 2 + widest * (NODE_WIDTH + GAP_X) - GAP_X
  const placed = new Map<string, Placed>()
  for (const [y, row] of rows.entries()) {
    const left = (width - row.length * (NODE_WIDTH + GAP_X) + GAP_X) / 2
    for (const [x, node] of row.entries()) {
      placed.set(node.id, {
        node,
        x: left + x * (NODE_WIDTH + GAP_X),
        y: MARGIN + y * (NODE_HEIGHT + GAP_Y),
      })
    }
  }
  return {
    nodes: [...placed.values()],
    edges: [...placed.values()].flatMap((to) => parentsOf(to.node).map((id) => ({ from: placed.get(id)!, to }))),
    width,
    height: MARGIN * 2 + rows.length * (NODE_HEIGHT + GAP_Y) - GAP_Y,
  }
}

function rowsOf(nodes: readonly PlanNode[], parentsOf: (node: PlanNode) => readonly string[]): PlanNode[][] {
  const depths = new Map<string, number>()
  const rows: PlanNode[][] = []
  // Inner operators may be listed after those that read them: the depths are repeated until nothing changes.
  for (let changed = true; changed;) {
    changed = false
    for (const node of nodes) {
      const depth = Math.max(-1, ...parentsOf(node).map((id) => depths.get(id) ?? -1)) + 1
      if (depths.get(node.id) === depth) continue
      depths.set(node.id, depth)
      changed = true
    }
  }
  for (const node of nodes) (rows[depths.get(node.id)!] ??= []).push(node)
  return rows
}

/** Orders each row by the middle of the neighbours, down and up in turn. */
function order(rows: PlanNode[][], parentsOf: (node: PlanNode) => readonly string[]): void {
  const childrenOf = new Map<string, string[]>()
  for (const node of rows.flat())
    for (const id of parentsOf(node)) childrenOf.set(id, [...(childrenOf.get(id) ?? []), node.id])
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0
    const places = new Map<string, number>()
    const note = (row: readonly PlanNode[]): void =>
      row.forEach(({ id }, i) => places.set(id, i - (row.length - 1) / 2))
    for (const row of isDown ? rows : rows.toReversed()) {
      const middle = (node: PlanNode): number => {
        const known = (isDown ? parentsOf(node) : (childrenOf.get(node.id) ?? [])).flatMap((id) => places.get(id) ?? [])
        return known.length === 0 ? 0 : known.reduce((sum, place) => sum + place, 0) / known.length
      }
      const middles = new Map(row.map((node) => [node, middle(node)]))
      row.sort((a, b) => middles.get(a)! - middles.get(b)!)
      note(row)
    }
  }
}
