import { expect, test } from 'vitest'
import { hasRedis } from '../../../test/redis-server.js'
import { expectStormTruth } from './test-chain.js'
import { killChain, type KillOptions, wordsOf } from './kill-chain.js'

async function check(options: KillOptions): Promise<void> {
  const { simulator, received, counted, words, gaps } = await killChain(options)
  expect(gaps).toBe(0)
  const missing = expectStormTruth(simulator, received)
  // The job has counted every post of the feed exactly once, in spite of the kills.
  expect([...counted.values()].filter((n) => n !== 1)).toEqual([])
  expect(new Set(counted.keys())).toEqual(new Set(received.map(({ id }) => id)))
  expect(words).toEqual(wordsOf(received))
  if (options.faults === 'none') expect(missing).toBe(0)
}

test('scraper and job killed at any time, log and bookmarks in files: every post is counted exactly once', async () => {
  await check({ seed: 1, posts: 800, faults: 'none', redis: false, kills: 5 })
}, 120_000)

test('the job alone, four times killed and once asked to stop: totals of words as if nothing had happened', async () => {
  await check({ seed: 3, posts: 1000, faults: 'none', redis: false, kills: 5, jobOnly: true })
}, 120_000)

test.runIf(hasRedis())(
  'the same with a Redis that is killed too',
  async () => {
    await check({ seed: 2, posts: 800, faults: 'none', redis: true, kills: 5 })
  },
  120_000,
)
