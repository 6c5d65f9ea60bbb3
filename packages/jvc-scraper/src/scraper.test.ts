import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { TruthPost } from 'jvc-scraper/simulator'
import { freePort } from '../../../test/free-port.js'
import { MemoryLogStore } from './feed/memory-log-store.js'
import { Client, chain, expectStormTruth, expectTruth, group, impatient, until } from '../test/test-chain.js'

describe('health', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** A site that answers every request with a status. */
  async function siteOf(status: number, headers: Record<string, string> = {}): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status, headers).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/forums/0-51-0-1-0-1-0-x.htm`
  }

  test.each([
    ['unreachable', async () => `http://127.0.0.1:${await freePort()}/forums/0-51-0-1-0-1-0-x.htm`, /ECONNREFUSED/],
    ['403 from the first request on', () => siteOf(403), /^The topic list has not been read yet \(.+\)$/],
    ['challenged from the first request on', () => siteOf(403, { 'cf-mitigated': 'challenge' }), /\(.+\)$/],
    ['503 from the first request on', () => siteOf(503), /503/],
  ])('a forum that is %s: not ok, with the reason', async (_, forum, reason) => {
    const { scraper } = await chain('', {}, { ...impatient, forum: await forum() })
    expect(scraper.health()).toMatchObject({ ok: false, problems: ['The topic list has not been read yet'] })
    void scraper.run()
    await until(() => reason.test(String((scraper.health()['problems'] as string[])[0])), 20_000)
    expect(scraper.health().ok).toBe(false)
  })

  test('ok once the list and a topic have been read; not ok when the log cannot be written', async () => {
    const logStore = new MemoryLogStore()
    const { scraper, simulator } = await chain('--list-every 0.05', { seed: 9 }, { ...impatient, logStore })
    void scraper.run()
    await until(() => scraper.health().ok && scraper.counters.get('posts') > 0)
    logStore.append = () => Promise.reject(new Error('no space left'))
    simulator.control({ do: 'publish', count: 1 })
    await until(() => !scraper.health().ok)
    expect(scraper.health()['problems']).toEqual(['The log of the feed cannot be written'])
  })
})

describe('forum → scraper → feed', () => {
  test('12 000 posts in bursts: every one is received exactly once, whole, and in order per topic', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.2', { seed: 3 })
    const client = new Client(scraper.port, '')
    void scraper.run()
    for (let out = 0; out < 12_000; out += 1000) {
      simulator.control({ do: 'publish', count: 1000 })
      await client.until(simulator.truth().length - 500)
    }
    await client.until(simulator.truth().length)
    expectTruth(simulator, client.posts)
    expect(scraper.counters.toJSON()).toMatchObject({
      gaps: 0,
      postsUnreadable: 0,
      pagesUnreadable: 0,
      visitsFailed: 0,
    })
  }, 60_000)

  test('a client that comes back goes on where it was; one that asks for nothing gets what comes', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.2', { seed: 4 })
    const first = new Client(scraper.port, '')
    void scraper.run()
    await first.until(simulator.truth().length)
    const half = first.posts.length >> 1
    const again = new Client(scraper.port, first.cursors[half - 1])
    const plain = new Client(scraper.port)
    await again.until(first.posts.length - half)
    await until(() => scraper.counters.get('clients') === 3)
    simulator.control({ do: 'publish', count: 50 })
    await Promise.all([again.until(first.posts.length - half + 50), plain.until(50)])
    await first.until(simulator.truth().length)
    expect(again.posts).toEqual(first.posts.slice(half))
    expect(plain.posts).toEqual(first.posts.slice(-50))
    expect(plain.cursors).toEqual([])
  })

  test('--from now: nothing of the past, everything that follows, new topics included', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.05 --from now', { seed: 5 })
    const before = simulator.truth().length
    const client = new Client(scraper.port)
    void scraper.run()
    await until(() => scraper.counters.get('lists') >= 2 && scraper.counters.get('visits') >= 10)
    // Dates are to the second: what was written in the same second as the newest post cannot be told from what follows.
    const newest = Math.max(...simulator.truth().map(({ at }) => at))
    await until(() => Date.now() > newest + 1000)
    simulator.control({ do: 'publish', count: 400 })
    const isNew = ({ n }: TruthPost): boolean => n >= before
    const ids = new Set(simulator.truth(before).map(({ id }) => id))
    await client.until(400, ({ id }) => ids.has(id))
    expectTruth(
      simulator,
      client.posts.filter(({ id }) => ids.has(id)),
      isNew,
    )
    expect(client.posts.length - 400).toBeLessThanOrEqual(3)
  })

  test('--from page: the last page of each topic, then everything that follows', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.05 --from page', { seed: 6, history: 2000 })
    const client = new Client(scraper.port, '')
    expect(await scraper.runOnce()).toBe(true)
    await client.until(scraper.counters.get('posts'))
    const byTopic = group(simulator.truth())
    for (const [topicId, posts] of byTopic) {
      const ids = new Set(posts.map(({ id }) => id))
      const got = client.posts.filter(({ id }) => ids.has(id)).map(({ id }) => id)
      const onLastPage = posts.length % 20 === 0 ? 20 : posts.length % 20
      expect([topicId, got]).toEqual([topicId, posts.slice(-onLastPage).map(({ id }) => id)])
    }
  })

  test('a storm of every fault: nothing is lost, repeated or out of order', async () => {
    const { simulator, scraper } = await chain('--pace 2000 --list-every 0.1', { seed: 7, faults: 'all' }, impatient)
    const client = new Client(scraper.port, '')
    // How many requests there are, and so which faults chance brings, is a matter of speed: these happen in every run.
    for (const name of ['challenge', 'rate-limited', 'unavailable', 'reset', 'unknown-markup'] as const)
      simulator.control({ do: 'fault', name, times: 2 })
    void scraper.run()
    for (let out = 0; out < 1500; out += 100) {
      simulator.control({ do: 'publish', count: 100 })
      await client.until(simulator.truth().filter(({ deletedAt }) => deletedAt === null).length - 300)
    }
    const ids = (): Set<string> => new Set(client.posts.map(({ id }) => id))
    await until(() => simulator.truth().every(({ id, deletedAt }) => deletedAt !== null || ids().has(id)), 60_000)
    const missing = expectStormTruth(simulator, client.posts)
    expect(missing).toBeLessThan(200)
    const { retries, challenges, rateLimited, pagesUnreadable, gaps } = scraper.counters.toJSON()
    for (const n of [retries, challenges, rateLimited, pagesUnreadable]) expect(n).toBeGreaterThan(0)
    expect(gaps).toBe(0)
  }, 120_000)
})
