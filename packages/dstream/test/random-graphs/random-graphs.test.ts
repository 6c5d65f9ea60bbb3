import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Census } from './census.js'
import { check, graphs } from './graph.js'

test('random graphs give what the whole history makes of them, over crashes too', async () => {
  const census = new Census()
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      census.add(graph)
      await check(graph)
    }),
    { numRuns: 400 },
  )
  expect(Math.min(...census.uses.values())).toBeGreaterThan(5)
})
