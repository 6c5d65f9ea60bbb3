import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { BreakingWay, type Cut } from '../../../test/breaking-way.js'
import { useRedis } from '../../../test/redis.js'
import { hasRedis, type RedisServer } from '../../../../../test/redis-server.js'
import { Milliseconds, RDDContext, Seconds, Time } from 'dstream'
import { REMEMBERED_TIMES } from './commit.js'
import { redisSink, type RedisSinkOptions } from './index.js'
import { clientsOf } from './redis-link.js'

const sc = new RDDContext()
function batch(time: number, ...records: number[]) {
  return { time: new Time(time), rdd: sc.parallelize(records) }
}
function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}

describe.skipIf(!hasRedis())('with a real Redis', () => {
  let server: RedisServer
  let redis: Redis
  useRedis((...started) => ([server, redis] = started))

  /** Counts and appends, which are not idempotent, so that a batch that is applied twice shows. */
  const write: RedisSinkOptions<number>['write'] = (transaction, records, time) => {
    for (const n of records) transaction.incrby('sum', n)
    transaction.rpush('order', time.milliseconds)
  }
  const sinkOf = (options: Partial<RedisSinkOptions<number>> = {}) =>
    redisSink<number>({ url: server.url, key: 'job', write, ...options })
  const opened = async (options: Partial<RedisSinkOptions<number>> = {}) => {
    const sink = sinkOf(options)
    await sink.open!()
    return sink
  }
  const contents = async () => [Number(await redis.get('sum')), (await redis.lrange('order', 0, -1)).map(Number)]

  test('data and batch time are there, and are taken up by the next sink', async () => {
    const sink = await opened()
    expect(await sink.lastCommitted()).toBeUndefined()
    await sink.write(batch(1000, 1, 2))
    await sink.write(batch(2000))
    expect(await redis.get('job:time')).toBe('2000')
    await sink.close!()
    const next = await opened()
    expect(await next.lastCommitted()).toEqual(new Time(2000))
    for (const time of [1000, 2000, 3000, 3000]) await next.write(batch(time, 4))
    await next.close!()
    expect(await contents()).toEqual([7, [1000, 2000, 3000]])
  })

  test('a batch that comes late is taken once, and the newest time stays', async () => {
    const sink = await opened()
    for (const time of [1000, 3000, 2000, 2000, 1000, 3000]) await sink.write(batch(time, time))
    expect([await sink.has!(new Time(2000)), await sink.has!(new Time(2500))]).toEqual([true, false])
    expect([await sink.lastCommitted(), await redis.get('job:time')]).toEqual([new Time(3000), '3000'])
    await sink.close!()
    expect(await contents()).toEqual([6000, [1000, 3000, 2000]])
  })

  test('a batch that more later ones have passed than are remembered is written once', async () => {
    const sink = await opened()
    const times = Array.from({ length: REMEMBERED_TIMES }, (_, i) => (i + 10) * 10)
    await redis.set('job:time', times.at(-1)!)
    // The scores of earlier versions are the times themselves.
    await redis.zadd('job:times', ...times.flatMap((time) => [time, time]))
    expect(await sink.has!(new Time(95))).toBe(false)
    for (let attempt = 0; attempt < 2; attempt++) await sink.write(batch(95, 1))
    expect(await contents()).toEqual([1, [95]])
    const has = (time: number) => sink.has!(new Time(time))
    expect([await has(95), await has(100), await has(110), await has(105)]).toEqual([true, false, true, false])
    expect(await redis.zcard('job:times')).toBe(REMEMBERED_TIMES)
    await redis.del('job:times')
    expect(await has(105)).toBe(true)
    await sink.close!()
  })

  test.each(['request', 'reply'] as const)('whichever %s is lost, each batch counts once', async (lost) => {
    const way = await BreakingWay.to(server.port)
    const run = async (cut: Cut | undefined): Promise<void> => {
      await redis.flushall()
      Object.assign(way.pieces, { request: 0, reply: 0 })
      way.cut = cut
      const sink = await opened({ url: way.url })
      for (const time of [1000, 2000]) await sink.write(batch(time, time, 1))
      await sink.close!()
      expect(await contents(), JSON.stringify(cut)).toEqual([3002, [1000, 2000]])
      expect(way.cut, `${JSON.stringify(cut)} was reached`).toBeUndefined()
    }
    await run(undefined)
    const pieces = way.pieces[lost]
    expect(pieces).toBeGreaterThan(6)
    // The number of pieces may differ from run to run, so the last ones may not be reached.
    for (let piece = 0; piece < pieces - 2; piece++) {
      for (const half of [false, true]) await run({ way: lost, piece, half })
    }
    await way.close()
  })

  test('Redis is killed in the middle of every batch and comes back', async () => {
    let killed = new Set<number>()
    const sink = await opened({
      write: async (transaction, records, time) => {
        await write(transaction, records, time)
        if (killed.has(time.milliseconds)) return
        killed = killed.add(time.milliseconds)
        await server.kill()
        void server.restart()
      },
    })
    for (const time of [1000, 2000, 3000]) await sink.write(batch(time, 1))
    await sink.close!()
    expect(await contents()).toEqual([3, [1000, 2000, 3000]])
  })

  test('Redis is killed while it executes', async () => {
    const sink = await opened()
    for (const time of [1000, 2000, 3000, 4000]) {
      const written = sink.write(batch(time, 1))
      await new Promise((resolve) => setTimeout(resolve, time / 1000))
      await server.kill()
      await server.restart()
      await written
    }
    await sink.close!()
    expect(await contents()).toEqual([4, [1000, 2000, 3000, 4000]])
  })

  test('Redis stays away: the batch fails in words, later ones go on, and it can still be written', async () => {
    const sink = await opened({ attempts: 2 })
    await sink.write(batch(1000, 1))
    await server.kill()
    await expect(sink.write(batch(2000, 1))).rejects.toMatchObject({
      code: 'redis-away',
      message: expect.stringMatching(/batch of 2000 ms: Redis at 127.0.0.1:\d+ is away \(2 attempts.*ECONNREFUSED/),
    })
    await expect(opened({ attempts: 1 })).rejects.toMatchObject({ code: 'redis-away' })
    await server.restart()
    await sink.write(batch(3000, 1))
    await sink.close!()
    const next = await opened()
    for (const time of [2000, 3000, 4000]) await next.write(batch(time, 1))
    await next.close!()
    expect(await contents()).toEqual([4, [1000, 3000, 2000, 4000]])
  })

  test('Redis does not answer: an attempt ends in time, and what it carries out later counts once', async () => {
    let frozen = false
    const sink = await opened({
      attempts: 5,
      timeout: Milliseconds(300),
      write: async (transaction, records, time) => {
        await write(transaction, records, time)
        if (frozen) return
        frozen = true
        server.freeze()
        // The MULTI is sent to the frozen server, which executes it when it wakes up, or finds the connection closed.
        setTimeout(() => server.thaw(), 700)
      },
    })
    await sink.write(batch(1000, 1))
    await sink.write(batch(2000, 1))
    await sink.close!()
    expect(await contents()).toEqual([2, [1000, 2000]])
  })

  test('two processes race: each batch is applied once, and who comes late is told', async () => {
    const [one, two] = await Promise.all([opened(), opened()])
    const times = Array.from({ length: 40 }, (_, i) => (i + 1) * 1000)
    let overtaken = 0
    const run = async (sink: typeof one): Promise<void> => {
      for (const time of times) {
        await sink.write(batch(time, 1)).catch((error: unknown) => {
          expect(error).toEqual(code('sink-overtaken'))
          overtaken++
        })
      }
    }
    await Promise.all([run(one), run(two)])
    await Promise.all([one.close!(), two.close!()])
    const [sum, order] = (await contents()) as [number, number[]]
    expect([sum, order.sort((a, b) => a - b), overtaken]).toEqual([40, times, 40])
  })

  test('the times change between reading them and executing: Redis refuses, and all is looked at anew', async () => {
    const other = await opened()
    let meanwhile: number[] = [1000]
    const sink = await opened({
      write: async (transaction, records, time) => {
        await write(transaction, records, time)
        for (const t of meanwhile.splice(0)) await other.write(batch(t, 1))
      },
    })
    await expect(sink.write(batch(1000, 100))).rejects.toEqual(code('sink-overtaken'))
    meanwhile = [1500]
    await sink.write(batch(2000, 10))
    await Promise.all([sink.close!(), other.close!()])
    expect(await contents()).toEqual([12, [1000, 1500, 2000]])
  })

  test('an error of write is the error of the batch; nothing is written, and the next batch goes on', async () => {
    const error = Object.assign(new Error('Connection is closed.'), { code: 'ECONNREFUSED', syscall: 'connect' })
    let calls = 0
    const sink = await opened({
      write: (transaction, records, time) => {
        void write(transaction, records, time)
        if (calls++ === 0) throw error
      },
    })
    await expect(sink.write(batch(1000, 1))).rejects.toBe(error)
    await sink.write(batch(2000, 1))
    await sink.close!()
    expect([calls, await contents()]).toEqual([2, [1, [2000]]])
  })

  test('a transaction that write executes itself is refused, nothing is written', async () => {
    const sink = await opened({
      write: (transaction) => {
        transaction.set('x', 1)
        return transaction.exec()
      },
    })
    await expect(sink.write(batch(1000))).rejects.toEqual(code('transaction-ended'))
    await sink.close!()
    expect(await redis.keys('*')).toEqual([])
  })

  test('a command that Redis does not take fails the whole batch at once', async () => {
    const sink = await opened({
      write: (transaction) => transaction.set('x', 1).call('INCRBY', 'y'),
    })
    await expect(sink.write(batch(1000))).rejects.toMatchObject({
      code: 'redis-refused',
      message: expect.stringContaining("wrong number of arguments for 'incrby'"),
    })
    await sink.close!()
    expect(await redis.keys('*')).toEqual([])
  })

  test('a command that fails while the others are carried out is reported, each time, and not repeated', async () => {
    await redis.set('sum', 'text')
    const sink = await opened()
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(sink.write(batch(1000, 1))).rejects.toMatchObject({
        code: 'redis-command-failed',
        message: expect.stringMatching(/batch of 1000 ms .* command number 1: .*not an integer/),
      })
    }
    await sink.close!()
    expect([await redis.lrange('order', 0, -1), await redis.get('job:time')]).toEqual([['1000'], '1000'])
  })

  test('takes the settings of a client: database and prefix', async () => {
    const client = new Redis(server.url, { db: 3, keyPrefix: 'p:', lazyConnect: true })
    const sink = redisSink<number>({ client, key: 'job', write })
    await sink.open!()
    await sink.write(batch(1000, 5))
    await sink.close!()
    await redis.select(3)
    expect([await redis.get('p:sum'), await redis.get('p:job:time')]).toEqual(['5', '1000'])
    await redis.select(0)
    expect([client.status, await redis.keys('*')]).toEqual(['wait', []])
  })

  test('a password that is wrong or missing is refused without trying again, and is not shown', async () => {
    await redis.config('SET', 'requirepass', 'right')
    try {
      for (const url of [server.url.replace('//', '//:wrong@'), server.url]) {
        const error: unknown = await opened({ url, attempts: 50 }).catch((e: unknown) => e)
        expect(error).toMatchObject({ code: 'redis-refused', message: expect.not.stringContaining('wrong@') })
      }
      await (
        await opened({ url: server.url.replace('//', '//:right@') })
      ).close!()
    } finally {
      await redis.config('SET', 'requirepass', '')
    }
  })

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['no time', () => redis.set('job:time', 'noon'), /"job:time" in Redis holds "noon" and not the times of batches/],
    ['a list', () => redis.rpush('job:time', 1), /"job:time" in Redis holds a list and not/],
    ['times of another type', () => redis.set('job:times', 1), /"job:times" in Redis holds a string and not/],
  ])('a key that holds %s is refused, and nothing is written', async (_, take, said) => {
    await take()
    const before = await redis.keys('*')
    await expect(opened()).rejects.toMatchObject({ code: 'redis-key-taken', message: expect.stringMatching(said) })
    expect(await redis.keys('*')).toEqual(before)
  })

  test('a failover inside a MULTI is waited for, and the batch counts once', async () => {
    let calls = 0
    const sink = await opened({
      write: async (transaction, records, time) => {
        calls++
        // A replica of a server that is away: it answers reads and refuses writes, as after a failover.
        if (calls === 1) await redis.replicaof('127.0.0.1', 1)
        if (calls === 3) await redis.replicaof('NO', 'ONE')
        await write(transaction, records, time)
      },
    })
    await sink.write(batch(1000, 5))
    await sink.close!()
    expect([calls, await contents()]).toEqual([3, [5, [1000]]])
  })

  test('a failover that lasts is an error of a Redis that is away, with the reason', async () => {
    const sink = await opened({ attempts: 2 })
    await redis.replicaof('127.0.0.1', 1)
    try {
      await expect(sink.write(batch(1000, 5))).rejects.toMatchObject({
        code: 'redis-away',
        message: expect.stringContaining('READONLY'),
      })
    } finally {
      await redis.replicaof('NO', 'ONE')
    }
    await sink.close!()
  })

  test('one sink for two outputs, and a sink that is not open, are refused', async () => {
    const sink = sinkOf()
    await expect(sink.write(batch(1000))).rejects.toEqual(code('sink-not-open'))
    await sink.open!()
    await expect(sink.open!()).rejects.toEqual(code('sink-in-use'))
    await sink.close!()
    await sink.open!()
    await sink.close!()
  })
})

describe('refused at once:', () => {
  const write = () => undefined
  test.each<[string, unknown, string]>([
    ['no key', { write }, 'bad-option'],
    ['no write', { key: 'a' }, 'bad-option'],
    ['an unknown option', { key: 'a', write, ulr: '' }, 'unknown-option'],
    ['a bare number for a time', { key: 'a', write, timeout: 5 }, 'not-a-duration'],
    ['no attempts', { key: 'a', write, attempts: 0 }, 'bad-option'],
    ['a client of another kind', { key: 'a', write, client: {} }, 'bad-option'],
    ['a cluster', { key: 'a', write, client: { duplicate: write, isCluster: true } }, 'bad-option'],
    ['client and url', { key: 'a', write, url: 'redis://x', client: { duplicate: write } }, 'bad-option'],
  ])('%s', (_, options, wanted) => {
    expect(() => redisSink(options as never)).toThrow(code(wanted))
  })

  test('a program without ioredis, with the command that installs it', async () => {
    const missing = Object.assign(new Error("Cannot find package 'ioredis'"), { code: 'ERR_MODULE_NOT_FOUND' })
    const other = Object.assign(new Error("Cannot find package 'denque'"), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(clientsOf('redisSink', 'redis://x', () => Promise.reject(missing))).rejects.toMatchObject({
      code: 'ioredis-missing',
      message: expect.stringContaining('npm install ioredis'),
    })
    await expect(clientsOf('redisSink', 'redis://x', () => Promise.reject(other))).rejects.toBe(other)
  })

  test('nobody listens: the start fails in words', async () => {
    const sink = redisSink({ url: 'redis://127.0.0.1:1', key: 'a', write, attempts: 2, timeout: Seconds(2) })
    await expect(sink.open!()).rejects.toMatchObject({ code: 'redis-away' })
  })
})
