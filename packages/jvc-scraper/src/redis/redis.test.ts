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
