import { expect, test } from 'vitest'
import { hasRedis } from '../src/redis/redis-server.js'
import { expectStormTruth } from '../src/test-chain.js'
import { killChain } from './kill-chain.js'

const redis = hasRedis()

test.each(Array.from({ length: 20 }, (_, i) => i + 1))(
  'seed %i: a storm of every fault while everything is killed: exactly once, in order per topic',
  async (seed) => {
    const { simulator, received, counted, gaps } = await killChain({
      seed,
      posts: 2000,
      faults: 'all',
      redis: redis && seed % 2 === 0,
      kills: 12,
    })
    expect(gaps).toBe(0)
    expectStormTruth(simulator, received)
    expect([...counted.values()].filter((n) => n !== 1)).toEqual([])
    expect(new Set(counted.keys())).toEqual(new Set(received.map(({ id }) => id)))
  },
  300_000,
)
