import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Post } from 'jvc-receiver/feed'
import { systemClock } from '../clock.js'
import { FeedLog } from '../feed/feed-log.js'
import { silentLogger, type Logger } from '../logger.js'
import { closeRedis, connectRedis } from './connection.js'
import { RedisBookmarks } from './redis-bookmarks.js'
import { RedisLogStore } from './redis-log-store.js'
import { RedisServer, hasRedis } from '../../../../test/redis-server.js'

function post(n: number): Post {
  return {
    id: String(n),
    hour: 'h',
    topic: 't',
    auteur: 'a',
    message: `é${n}`,
    stickers: [],
  }
}

function posts(from: number, to: number): Post[] {
  return Array.from({ length: to - from }, (_, i) => post(from + i))
}

describe.runIf(hasRedis())('with a real Redis', () => {
  let server: RedisServer
  let redis: Redis
  const logged: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_, m) => logged.push(m), info: (_, m) => logged.push(m) }

  beforeEach(async () => {
    logged.length = 0
    server = await RedisServer.start()
    redis = await connectRedis(server.url, { clock: systemClock, logger, commandTimeoutMs: 300 })
  })
  afterEach(async () => {
    await closeRedis(redis)
    await server.close()
  })

  const back = async (): Promise<void> => {
    await server.restart()
    while (redis.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10))
  }

  describe('bookmarks', () => {
    const bookmarksOf = (expiryMs = 60_000) => new RedisBookmarks(redis, { prefix: 'test:', expiryMs })

    test('are only ever raised, whoever advances them in whatever order', async () => {
      const bookmarks = bookmarksOf()
      await fc.assert(
        fc.asyncProperty(
          fc.nat(),
          fc.array(fc.bigInt({ min: 1n, max: 10n ** 18n }), { minLength: 1, maxLength: 8 }),
          async (topic, ids) => {
            await redis.flushall()
            await Promise.all(ids.map((id) => bookmarks.advance(String(topic), String(id))))
            const greatest = ids.reduce((a, b) => (a > b ? a : b))
            expect(await bookmarks.get(String(topic))).toBe(String(greatest))
          },
        ),
        { numRuns: 30 },
      )
    })

    test('a topic without one has none, and a silent one is forgotten', async () => {
      const bookmarks = bookmarksOf(50)
      expect(await bookmarks.get('1')).toBeUndefined()
      await bookmarks.advance('1', '10')
      expect(await redis.pttl('test:bookmark:1')).toBeGreaterThan(0)
      expect(await redis.pttl('test:bookmark:1')).toBeLessThanOrEqual(50)
      // A lower id does not count, and yet renews the life of the bookmark.
      await redis.pexpire('test:bookmark:1', 5000)
      await bookmarksOf(60_000).advance('1', '9')
      expect(await bookmarks.get('1')).toBe('10')
      expect(await redis.pttl('test:bookmark:1')).toBeGreaterThan(5000)
    })

    test('while Redis is away they say so within the time limit, and it is said once; a kill loses nothing', async () => {
      const bookmarks = bookmarksOf()
      await bookmarks.advance('1', '10')
      await server.kill()
      const asked = Date.now()
      for (let i = 0; i < 5; i++) {
        await expect(bookmarks.get('1')).rejects.toMatchObject({ code: 'bookmarks-away' })
        await expect(bookmarks.advance('1', '11')).rejects.toMatchObject({ code: 'bookmarks-away' })
      }
      expect(Date.now() - asked).toBeLessThan(3000)
      await vi.waitFor(() => expect(bookmarks.away).toBe(true))
      await back()
      expect(bookmarks.away).toBe(false)
      expect(await bookmarks.get('1')).toBe('10')
      expect(logged).toEqual(['Redis is away: the crawl waits for it', 'Redis is back'])
    })
  })

  describe('the log', () => {
    const open = () => FeedLog.open(new RedisLogStore(redis, { prefix: 'test:' }), { maxBytes: 2000 })
    const idsOf = (log: FeedLog): string[] => log.read(log.oldest, Infinity).map(({ postId }) => postId)

    test('gives back what it holds, under its id and its numbers, no more than the bound', async () => {
      const log = await open()
      for (let n = 1; n <= 100; n += 5) await log.append('7', posts(n, n + 5))
      const again = await open()
      expect([again.id, again.next, again.lastId('7')]).toEqual([log.id, 100, '100'])
      expect(again.read(again.oldest, Infinity)).toEqual(log.read(again.oldest, Infinity))
      expect(await redis.xlen('test:log')).toBeLessThan(40)
    })

    test('an answer that was lost does not make a post come twice', async () => {
      const log = await open()
      await log.append('7', posts(1, 3))
      // Redis stands still: the command arrives, its answer comes too late.
      const pause = redis.duplicate({ enableOfflineQueue: true, lazyConnect: false })
      await pause.client('PAUSE', 900)
      await expect(log.append('7', posts(3, 5))).rejects.toMatchObject({ code: 'log-away' })
      pause.disconnect()
      while ((await log.append('7', posts(3, 5)).catch(() => -1)) < 0) await new Promise((r) => setTimeout(r, 50))
      await log.append('7', posts(5, 6))
      expect(idsOf(log)).toEqual(['1', '2', '3', '4', '5'])
      expect(idsOf(await open())).toEqual(['1', '2', '3', '4', '5'])
    })

    test('a Redis that was killed goes on with what it had; one that lost everything is given it again', async () => {
      const log = await open()
      await log.append('7', posts(1, 4))
      await server.kill()
      await expect(log.append('7', posts(4, 5))).rejects.toMatchObject({ code: 'log-away' })
      await back()
      expect(await log.append('7', posts(4, 6))).toBe(2)
      expect(idsOf(await open())).toEqual(['1', '2', '3', '4', '5'])
      await server.kill()
      await server.wipe()
      await back()
      await expect(log.append('7', posts(6, 7))).rejects.toMatchObject({ code: 'log-away' })
      expect(await log.append('7', posts(6, 7))).toBe(1)
      const again = await open()
      expect([again.id, ...idsOf(again)]).toEqual([log.id, '1', '2', '3', '4', '5', '6'])
    })
  })

  describe('two scrapers on one Redis and forum', () => {
    const storeOn = (connection: Redis) => new RedisLogStore(connection, { prefix: 'test:' })
    const another = () => connectRedis(server.url, { clock: systemClock, logger, commandTimeoutMs: 300 })

    test('the second is refused with the address of the first, and may start when that has closed or died', async () => {
      const first = await FeedLog.open(storeOn(redis))
      await first.append('7', posts(1, 3))
      const second = await another()
      await expect(FeedLog.open(storeOn(second))).rejects.toMatchObject({
        code: 'log-in-use',
        message: expect.stringMatching(
          /at test:log is in use: a scraper connected from 127\.0\.0\.1:\d+ writes it\. Stop/,
        ),
      })
      expect(await first.append('7', posts(3, 4))).toBe(1)
      await first.close()
      const log = await FeedLog.open(storeOn(second))
      expect(log.next).toBe(3)
      second.disconnect()
      await expect.poll(() => redis.client('LIST').then(String)).not.toContain('jvc-scraper:')
      await (await FeedLog.open(storeOn(redis))).close()
    })

    test('one that was taken over while its connection was lost writes nothing more, and says why', async () => {
      const first = await FeedLog.open(storeOn(redis))
      await first.append('7', posts(1, 3))
      await redis.client('SETNAME', 'lost')
      const second = await another()
      const log = await FeedLog.open(storeOn(second))
      await log.append('8', posts(1, 2))
      for (let attempt = 0; attempt < 2; attempt++) {
        await expect(first.append('7', posts(3, 4))).rejects.toMatchObject({
          code: 'log-in-use',
          message: expect.stringContaining('another scraper has taken it over'),
        })
      }
      expect(await redis.xlen('test:log')).toBe(3)
      await closeRedis(second)
    })

    test('the name of the connection comes back with the connection', async () => {
      const log = await FeedLog.open(storeOn(redis))
      await server.kill()
      await back()
      const second = await another()
      await expect.poll(() => second.client('LIST').then(String)).toContain('name=jvc-scraper:test:log')
      await log.close()
      await closeRedis(second)
    })
  })

  test.each<[string, string]>([
    ['test:log', 'needs a stream in Redis at test:log, where a list is'],
    ['test:log-id', 'needs a string in Redis at test:log-id, where a list is'],
    ['test:log-owner', 'needs a string in Redis at test:log-owner, where a list is'],
  ])('a list at %s is refused in one sentence', async (key, said) => {
    await redis.rpush(key, 'mine')
    const opening = FeedLog.open(new RedisLogStore(redis, { prefix: 'test:' }))
    await expect(opening).rejects.toMatchObject({ code: 'log-broken', message: expect.stringContaining(said) })
    expect(await redis.lrange(key, 0, -1)).toEqual(['mine'])
  })

  test('a bookmark of another type is said as that', async () => {
    await redis.rpush('test:bookmark:1', 'mine')
    const bookmarks = new RedisBookmarks(redis, { prefix: 'test:', expiryMs: 60_000 })
    for (const call of [bookmarks.get('1'), bookmarks.advance('1', '2')]) {
      await expect(call).rejects.toMatchObject({
        code: 'bookmarks-broken',
        message: expect.stringContaining('at test:bookmark:1, where another kind of value is'),
      })
    }
  })

  test('a Redis that never comes is said so in the end, without its password', async () => {
    const url = 'redis://:secret@127.0.0.1:1'
    const attempt = connectRedis(url, { clock: systemClock, logger, patienceMs: 200 })
    await expect(attempt).rejects.toMatchObject({
      code: 'bookmarks-away',
      message: expect.not.stringContaining('secret'),
    })
    expect(logged.join()).not.toContain('secret')
  })
})
