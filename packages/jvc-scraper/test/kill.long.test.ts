import { expect, test } from 'vitest'
import { hasRedis } from '../../../test/redis-server.js'
import { expectStormTruth } from './test-chain.js'
import { killChain, wordsOf } from './kill-chain.js'

const redis = hasRedis()

test.each(Array.from({ length: 20 }, (_, i) => i + 1))(
  'seed %i: a storm of every fault while everything is killed: exactly once, in order per topic',
  async (seed) => {
    const { simulator, received, counted, words, gaps } = await killChain({
      seed,
      posts: 2000,
      faults: 'all',
      redis: redis && seed % 2 === 0,
      kills: 12,
    })
    expect(gaps).toBe(0)
    expectStormTruth(simulator, received)
    expect([...counted.values()].filter((n) => n !== 1)).toEqual([])
    expect(words).toEqual(wordsOf(received))
    expect(new Set(counted.keys())).toEqual(new Set(received.map(({ id }) => id)))
  },
  300_000,
)

test('the job killed sixty times under load and asked to stop fifteen times: totals of words as if nothing had happened', async () => {
  const options = { seed: 100, posts: 15_000, faults: 'none', redis: false, kills: 75, jobOnly: true }
  const { simulator, received, counted, words } = await killChain(options)
  expect(received.length).toBe(simulator.truth().length)
  expect([...counted.values()].filter((n) => n !== 1)).toEqual([])
  expect(counted.size).toBe(received.length)
  expect(words).toEqual(wordsOf(received))
}, 600_000)
