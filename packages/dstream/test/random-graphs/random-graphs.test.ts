import { expect, test } from 'vitest'
import { checkRandomGraphs } from './census.js'

test('random graphs give what the whole history makes of them, over crashes too', async () => {
  const census = await checkRandomGraphs(400)
  expect(Math.min(...census.uses.values())).toBeGreaterThan(5)
})

test('they do so on three threads, with streams that several operators read', async () => {
  const census = await checkRandomGraphs(150, 3)
  expect(census.share(census.inWorkers)).toBeGreaterThan(0.3)
  expect(census.share(census.withSharedNode)).toBeGreaterThan(0.2)
})
