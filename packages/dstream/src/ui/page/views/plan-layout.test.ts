import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlanNode } from '../messages.js'
import { layout, NODE_HEIGHT, NODE_WIDTH } from './plan-layout.js'

function node(id: string, parents: readonly string[]): PlanNode {
  const none = {
    kind: 'map',
    name: id,
    params: {},
    slideMs: 1,
    rememberMs: 1,
    stateful: false,
    output: false,
    source: false,
  }
  return { id, parents, definedAt: { short: '', long: '' }, ...none }
}

/** Graphs in which an operator reads earlier ones, listed in any order. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 25 }).chain((parents) =>
  fc.shuffledSubarray(
    parents.map((picks, i) => node(String(i), i === 0 ? [] : [...new Set(picks.map((n) => String(n % i)))])),
    { minLength: parents.length },
  ),
)

test('every node has a place of its own inside the picture, below all that it reads', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const { nodes: placed, edges, width, height } = layout(nodes)
      expect(placed.map(({ node: { id } }) => id).sort()).toEqual(nodes.map(({ id }) => id).sort())
      for (const a of placed) {
        expect(a.x).toBeGreaterThanOrEqual(0)
        expect(a.x + NODE_WIDTH).toBeLessThanOrEqual(width)
        expect(a.y + NODE_HEIGHT).toBeLessThanOrEqual(height)
        const over = placed.filter(
          (b) => b !== a && Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT,
        )
        expect(over).toEqual([])
      }
      expect(edges).toHaveLength(nodes.reduce((sum, { parents }) => sum + parents.length, 0))
      for (const { from, to } of edges) expect(to.y).toBeGreaterThan(from.y)
    }),
  )
})
