import { expect, test } from 'vitest'
import { intervalSweep } from './interval-sweep.js'

test('behind a crash at any step and call of the disk a job goes on with another interval', async () => {
  const runs = await intervalSweep(1)
  console.log(`${runs} runs`)
  expect(runs).toBeGreaterThan(1000)
})
