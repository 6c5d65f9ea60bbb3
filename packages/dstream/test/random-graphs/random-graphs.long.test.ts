import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Census } from './census.js'
import { check, graphs } from './graph.js'

test('six thousand random graphs', async () => {
  const census = new Census()
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      census.add(graph)
      await check(graph)
    }),
    { numRuns: 6000 },
  )
  console.log(String(census))
  expect(Math.min(...census.uses.values())).toBeGreaterThanOrEqual(200)
  expect(census.share(census.withState)).toBeGreaterThan(0.3)
  expect(census.share(census.withWindow)).toBeGreaterThan(0.3)
  expect(census.share(census.withSharedNode)).toBeGreaterThan(0.2)
})
