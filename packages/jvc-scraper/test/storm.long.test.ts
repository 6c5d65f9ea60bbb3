import { expect, test } from 'vitest'
import { Client, chain, expectStormTruth, impatient, until } from './test-chain.js'

/** A third of all answers is bad, and the forum moves under the crawl. */
const HARD = 'all,to-index=0.1,to-lower-page=0.1,swap=0.2,delete=0.05,truncated=0.05,cut=0.04,unknown-markup=0.05'

test.each(Array.from({ length: 10 }, (_, i) => i + 1))(
  'seed %i: 100 posts a second in 60 topics, a third of all answers bad: nothing lost, repeated or out of order',
  async (seed) => {
    const forum = { seed, topics: 60, faults: HARD, rate: 100, total: 3000 }
    const { simulator, scraper } = await chain('--pace 2000 --list-every 0.1', forum, impatient)
    const client = new Client(scraper.port, '')
    void scraper.run()
    await until(() => simulator.control({ do: 'status' }).done, 120_000)
    const isHere = (): boolean => {
      const got = new Set(client.posts.map(({ id }) => id))
      return simulator.truth().every(({ id, deletedAt }) => deletedAt !== null || got.has(id))
    }
    await until(isHere, 120_000)
    expectStormTruth(simulator, client.posts)
    expect(scraper.counters.get('gaps')).toBe(0)
  },
  300_000,
)
