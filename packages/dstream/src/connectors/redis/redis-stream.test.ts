import { Redis } from 'ioredis'
import { Milliseconds, Seconds, splitsOf, type DStream } from 'dstream'
import { redisStream, type RedisStreamOptions } from 'dstream/redis'
import { sourceContract, TestContext } from 'dstream/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BreakingWay } from '../../../test/breaking-way.js'
import { useRedis } from '../../../test/redis.js'
import { ioredisMissing } from '../../base/errors/sinks.js'
import { hasRedis, type RedisServer } from '../../../../../test/redis-server.js'
import { compareIds } from './entry-ids.js'
import { clientsOf, RedisLink } from './redis-link.js'
import { RedisStreamSource } from './redis-stream-source.js'

describe.skipIf(!hasRedis())('redisStream, with a real Redis', () => {
  let server: RedisServer
  let redis: Redis
  useRedis((...started) => ([server, redis] = started))

  const add = async (key: string, ...numbers: number[]): Promise<void> => {
    for (const n of numbers) await redis.xadd(key, '*', 'n', n)
  }
  const streamOf = (t: TestContext, options: Partial<RedisStreamOptions<number>> = {}): DStream<number> =>
    redisStream<number>(t.ssc, { url: server.url, key: 'in', from: 'start', decode: ({ fields }) => Number(fields['n']), ...options }) // prettier-ignore
  const jobOf = (options: Partial<RedisStreamOptions<number>> = {}, context: object = {}) => {
    const t = new TestContext({ batchInterval: Seconds(1), ...context })
    onTestFinished(() => t.ssc.stop())
    return { t, out: t.output(streamOf(t, options)) }
  }
  const errorsOf = (t: TestContext): string => JSON.stringify(t.events.filter(({ type }) => type === 'receiverError'))

  describe.each([
    ['one stream', ['in']],
    ['two streams', ['even', 'odd']],
  ])('sourceContract, of %s', (_, keys) => {
    const cases = sourceContract<number>(async () => {
      await redis.flushall()
      let newest = 0
      return {
        source: () =>
          new RedisStreamSource<number>({
            connect: async () =>
              new RedisLink({ attempts: 1, timeoutMs: 10_000, then: '', connect: await clientsOf('test', server.url) }),
            keys,
            from: 'start',
            group: undefined,
            skipsGaps: false,
            maxPerBatch: 1000,
            decode: ({ fields }) => Number(fields['n']),
          }),
        record: (n) => n,
        append: async (records) => {
          for (const n of records) await add(keys[newest++ % keys.length]!, n)
        },
      }
    })
    test.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run())
  })

  test('an entry has key, id and fields', async () => {
    const id = await redis.xadd('orders', '*', 'item', 'thé', 'price', '3', 'price', '4')
    const t = new TestContext({ batchInterval: Seconds(1) })
    const out = t.output(redisStream(t.ssc, { url: server.url, key: 'orders', from: 'start' }))
    await t.run(1)
    await t.stop()
    expect(out.batches[0]).toEqual([{ key: 'orders', id, fields: { item: 'thé', price: '4' } }])
  })

  test.each<[string, (ids: string[]) => Partial<RedisStreamOptions<number>>, number[]]>([
    ['the start', () => ({ from: 'start' }), [1, 2, 3]],
    ['the end', () => ({ from: 'end' }), [3]],
    ['behind an id', ([first]) => ({ from: first! }), [2, 3]],
  ])('a first start begins at %s', async (_, options, expected) => {
    const ids = [await redis.xadd('in', '*', 'n', 1), await redis.xadd('in', '*', 'n', 2)] as string[]
    const { t, out } = jobOf(options(ids))
    await t.ssc.start()
    await add('in', 3)
    await t.run(1)
    expect(out.batches).toEqual([expected])
  })

  test('a stream that does not exist yet is waited for', async () => {
    const { t, out } = jobOf({ from: 'end' })
    await t.run(1)
    await add('in', 1, 2)
    await t.run(1)
    expect([out.batches, errorsOf(t)]).toEqual([[[], [1, 2]], '[]'])
  })

  test('a batch has no more than its bound, and knows its splits', async () => {
    await add('in', 1, 2, 3)
    const t = new TestContext({ batchInterval: Seconds(1) })
    onTestFinished(() => t.ssc.stop())
    const splits: unknown[] = []
    streamOf(t, { maxPerBatch: 2 }).foreachRDD((rdd) => void splits.push(splitsOf(rdd)))
    await t.run(2)
    expect(splits).toMatchObject([
      [{ name: 'in', entries: 2, atEnd: false }],
      [{ name: 'in', entries: 1, atEnd: true }],
    ])
  })

  test('many entries are read in pieces, in order', async () => {
    const pipeline = redis.pipeline()
    for (let n = 0; n < 2500; n++) pipeline.xadd('in', '*', 'n', n)
    await pipeline.exec()
    const { t, out } = jobOf()
    await t.run(1)
    expect(out.batches).toEqual([Array.from({ length: 2500 }, (_, n) => n)])
  })

  test('a record that does not decode goes through onRecordError', async () => {
    await add('in', 1, -1, 2)
    const decode: RedisStreamOptions<number>['decode'] = ({ fields }) => {
      if (fields['n'] === '-1') throw new Error('no number')
      return Number(fields['n'])
    }
    const { t, out } = jobOf({ decode }, { onRecordError: 'skip' })
    await t.run(1)
    expect([out.batches, t.ssc.totals.skippedRecords]).toEqual([[[1, 2]], { 'redisStream#1': 1 }])
  })

  describe('a consumer group', () => {
    const groups = async (): Promise<unknown> => ((await redis.xinfo('GROUPS', 'in')) as unknown[][])[0]?.[7]

    test('is set to what is committed, and a first start goes on from it', async () => {
      await add('in', 1, 2)
      const first = jobOf({ group: 'g' })
      await first.t.run(1)
      await first.t.stop()
      const last = ((await redis.xrevrange('in', '+', '-', 'COUNT', 1)) as [string, string[]][])[0]![0]
      expect(await groups()).toBe(last)
      await add('in', 3)
      const second = jobOf({ group: 'g' })
      await second.t.run(1)
      expect([first.out.batches.flat(), second.out.batches]).toEqual([[1, 2], [[3]]])
    })

    test('may be there before the stream', async () => {
      await redis.xgroup('CREATE', 'in', 'g', '$', 'MKSTREAM')
      const { t, out } = jobOf({ group: 'g', from: 'end' })
      await add('in', 1)
      await t.run(1)
      expect(out.batches).toEqual([[1]])
    })
  })

  describe('a gap', () => {
    const cut: [string, () => Promise<unknown>, number[], RegExp][] = [
      ['trimmed entries', async () => (await add('in', 3, 4, 5), redis.xtrim('in', 'MAXLEN', 1)), [5], /2 entries behind .* were removed before they were read/],
      ['a stream that was made anew', async () => (await redis.del('in'), redis.xadd('in', '1-1', 'n', 9)), [9], /it was deleted and made anew/],
    ] // prettier-ignore
    test.each(cut)('of %s stops there, or is passed over, and both are reported', async (_, make, expected, said) => {
      for (const onGap of ['fail', 'skip'] as const) {
        await redis.flushall()
        await add('in', 1, 2)
        const { t, out } = jobOf({ onGap })
        await t.run(1)
        await make()
        await t.run(2)
        expect(out.batches.slice(1).flat(), onGap).toEqual(onGap === 'skip' ? expected : [])
        expect(errorsOf(t), onGap).toMatch(said)
        await t.ssc.stop()
      }
    })

    test('is none where only what was read is trimmed, or an entry was deleted by its id', async () => {
      await add('in', 1, 2)
      const { t, out } = jobOf()
      await t.run(1)
      const id = (await redis.xadd('in', '*', 'n', 3))!
      await redis.xdel('in', id)
      await t.run(1)
      await redis.xtrim('in', 'MAXLEN', 0)
      await add('in', 4)
      await t.run(1)
      expect([out.batches, errorsOf(t)]).toEqual([[[1, 2], [], [4]], '[]'])
    })

    test('in a batch that is run again fails it', async () => {
      await add('in', 1, 2)
      const define = (t: TestContext) => t.output(streamOf(t))
      const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
      define(t)
      const next = await t.crashAndRecover(define, { at: 'output:begin' })
      await redis.xtrim('in', 'MAXLEN', 1)
      await expect(next.run(1)).rejects.toMatchObject({
        code: 'redis-gap',
        message: expect.stringMatching(/1 of the 2 entries of a batch that is run again are gone/),
      })
      await next.ssc.stop()
    })
  })

  describe('Redis is away', () => {
    test('for a while: batches are empty, which is reported, and the next one has everything', async () => {
      await add('in', 1)
      const { t, out } = jobOf()
      await t.run(1)
      await add('in', 2)
      await server.kill()
      await t.run(1)
      expect(errorsOf(t)).toMatch(/Cannot plan a batch: Redis at 127\.0\.0\.1:\d+ is away .*The next batch tries again/)
      await server.restart()
      await t.run(1)
      expect(out.batches).toEqual([[1], [], [2]])
    })

    test('at the start: it is tried again', async () => {
      await server.kill()
      const { t, out } = jobOf()
      await t.run(1)
      await server.restart()
      await new Redis(server.url).xadd('in', '*', 'n', 1)
      await t.run(1)
      expect(out.batches.flat()).toEqual([1])
    })

    test('behind a half-open connection: the reading ends in time', async () => {
      const way = await BreakingWay.to(server.port)
      onTestFinished(() => way.close())
      await add('in', 1)
      const { t, out } = jobOf({ url: way.url, timeout: Milliseconds(200) })
      await t.run(1)
      way.stall()
      await add('in', 2)
      await t.run(2)
      expect([out.batches, errorsOf(t)]).toEqual([[[1], [], [2]], expect.stringContaining('no answer within 200 ms')])
    })

    test('a password that is wrong is said, and not shown', async () => {
      await redis.config('SET', 'requirepass', 'right')
      try {
        const { t } = jobOf({ url: server.url.replace('//', '//:wrong@') })
        await t.run(1)
        expect(errorsOf(t)).toMatch(/WRONGPASS|invalid password/i)
        expect(errorsOf(t)).not.toContain('wrong@')
      } finally {
        await redis.config('SET', 'requirepass', '')
      }
    })
  })

  test('a key of another type is said at every batch', async () => {
    await redis.set('in', 'text')
    const { t } = jobOf()
    await t.run(1)
    expect(errorsOf(t)).toMatch(/WRONGTYPE/)
  })

  test('takes the settings of a client: database and prefix', async () => {
    const client = new Redis(server.url, { db: 3, keyPrefix: 'p:', lazyConnect: true })
    const other = new Redis(server.url, { db: 3 })
    await other.xadd('p:in', '*', 'n', 1)
    const { t, out } = jobOf({ url: undefined, client, group: 'g' })
    await t.run(1)
    const groups = (await other.xinfo('GROUPS', 'p:in')) as unknown[]
    other.disconnect()
    expect([out.batches, client.status, groups.length]).toEqual([[[1]], 'wait', 1])
  })
})

test('without its client package, start rejects', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const settings = { keys: ['in'], from: 'end', group: undefined, skipsGaps: false, maxPerBatch: 1, decode: String }
  const connect = () => Promise.reject(ioredisMissing('redisStream', new Error('Cannot find package')))
  t.output(t.ssc.fromSource(new RedisStreamSource({ ...settings, connect })))
  await expect(t.ssc.start()).rejects.toMatchObject({ code: 'ioredis-missing' })
  await t.ssc.stop()
})

test('ids are compared as numbers', () => {
  const ids = ['9-10', '10-0', '9-9', '18446744073709551615-1', '9']
  expect(ids.sort(compareIds)).toEqual(['9', '9-9', '9-10', '10-0', '18446744073709551615-1'])
})

test.each<[string, unknown, string]>([
  ['no options', undefined, 'bad-option'],
  ['no key', {}, 'bad-option'],
  ['a key twice', { key: ['a', 'a'] }, 'bad-option'],
  ['no keys', { key: [] }, 'bad-option'],
  ['another beginning', { key: 'a', from: 'middle' }, 'bad-option'],
  ['another answer to a gap', { key: 'a', onGap: 'ignore' }, 'bad-option'],
  ['a cluster', { key: 'a', client: { duplicate: () => 1, isCluster: true } }, 'bad-option'],
  ['an unknown option', { key: 'a', stream: 'b' }, 'unknown-option'],
])('refused at once: %s', (_, options, wanted) => {
  const { ssc } = new TestContext({ batchInterval: Seconds(1) })
  expect(() => redisStream(ssc, options as never)).toThrow(expect.objectContaining({ code: wanted }))
  expect(() => redisStream({} as never, { key: 'a' })).toThrow(expect.objectContaining({ code: 'bad-option' }))
})
