import { expect, test } from 'vitest'
import { intervalSweep } from './interval-sweep.js'

// A sample; interval-sweep.long.test.ts cuts everywhere.
test('behind a crash a job goes on with another interval, and each word counts once', async () => {
  expect(await intervalSweep(47)).toBeGreaterThan(25)
})
