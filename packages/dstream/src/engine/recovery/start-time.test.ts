import { expect, test } from 'vitest'
import { startTimes } from './start-time.js'

// zero 0, interval 10, the program is back before the batch of 100
test.each([
  ['nothing committed, nothing missed', undefined, [], 'run', 10, { first: 10, skipUntil: -Infinity, missed: 0 }],
  ['missed batches are run', 50, [], 'run', 100, { first: 60, skipUntil: -Infinity, missed: 4 }],
  ['missed batches are skipped', 50, [], 'skip', 100, { first: 100, skipUntil: 100, missed: 4 }],
  ['a begun batch comes before the skipped ones', 50, [60], 'skip', 100, { first: 60, skipUntil: 100, missed: 3 }],
  ['only begun batches were missed', 80, [90], 'skip', 100, { first: 90, skipUntil: -Infinity, missed: 0 }],
  ['the last commit lies off the grid', 57, [], 'run', 100, { first: 60, skipUntil: -Infinity, missed: 4 }],
  ['the clock is behind the last commit', 200, [], 'skip', 100, { first: 210, skipUntil: -Infinity, missed: 0 }],
] as const)('%s', (_, lastCommitted, pending, missedBatches, liveMs, expected) => {
  expect(startTimes({ lastCommitted, pending }, missedBatches, liveMs, 0, 10)).toEqual(expected)
})
