import { expect, test } from 'vitest'
import { checkRandomGraphs } from './census.js'

test('six thousand random graphs', async () => {
  const census = await checkRandomGraphs(6000)
  console.log(String(census))
  expect(Math.min(...census.uses.values())).toBeGreaterThanOrEqual(200)
  expect(census.share(census.withState)).toBeGreaterThan(0.3)
  expect(census.share(census.withWindow)).toBeGreaterThan(0.3)
  expect(census.share(census.changed)).toBeGreaterThan(0.2)
  expect(census.share(census.withSharedNode)).toBeGreaterThan(0.2)
})
