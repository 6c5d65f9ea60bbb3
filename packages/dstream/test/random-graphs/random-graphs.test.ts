import { expect, test } from 'vitest'
import { checkRandomGraphs } from './census.js'

test('random graphs give what the whole history makes of them, over crashes too', async () => {
  const census = await checkRandomGraphs(400)
  expect(Math.min(...census.uses.values())).toBeGreaterThan(5)
})
