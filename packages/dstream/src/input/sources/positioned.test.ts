import { describe, expect, test } from 'vitest'
import { SourceHarness } from '../../../test/source-harness.js'
import type { Time } from '../../base/time/time.js'
import { positioned } from './positioned.js'
import type { Source } from './source.js'
import { noReads } from '../../../test/reads.js'

/** A log of numbers; each batch reads all new ones, at most `limit`. */
class Log implements Source<number, number> {
  length: number
  readonly committedTo: number[] = []
  readonly limits: (number | undefined)[] = []
  readonly times: number[] = []
  readonly failures: Error[] = []
  closed = false
  constructor(length: number) {
    this.length = length
  }
  initial(): number {
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    return 0
  }
  plan(from: number, limit: number | undefined, time: Time): number {
    this.limits.push(limit)
    this.times.push(time.milliseconds)
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    return Math.min(this.length, from + (limit ?? Infinity))
  }
  *read(from: number, until: number): Iterable<number> {
    for (let n = from; n < until; n++) yield n
  }
  committed(until: number): void {
    this.committedTo.push(until)
  }
  close(): void {
    this.closed = true
  }
}

describe('batches', () => {
  test('each takes what is planned, and can be read again', async () => {
    const h = new SourceHarness()
    const log = new Log(3)
    const source = h.add((home) => positioned(home, log))
    await source.start()
    expect(await h.batch(source, 1000)).toEqual([[0, 1, 2]])
    expect(await h.batch(source, 2000)).toEqual([])
    log.length = 5
    expect(await h.batch(source, 3000)).toEqual([[3, 4]])
    expect(await h.compute(source, 1000)).toEqual([[0, 1, 2]])
    expect(log.times).toEqual([1000, 2000, 3000])
    expect([1000, 2000, 3000].map((time) => source.info(time).numRecords)).toEqual([3, 0, 2])
    await source.committed!(1000)
    await source.committed!(3000)
    expect(log.committedTo).toEqual([3, 5])
    source.forget!(3000)
    expect(source.info(3000).numRecords).toBe(0)
    await source.stop()
    expect(log.closed).toBe(false)
    await source.close!()
    expect(log.closed).toBe(true)
  })

  test('of an asynchronous source, read twice', async () => {
    const h = new SourceHarness()
    let reads = 0
    const source = h.add((home) =>
      positioned(home, {
        initial: () => Promise.resolve('a'),
        plan: (from) => Promise.resolve(`${from}z`),
        async *read(from: string, until: string) {
          reads++
          yield from
          yield until
        },
      }),
    )
    await source.start()
    await source.plan!(1000)
    const rdd = (await source.operator.compute(1000, noReads))!
    expect(await rdd.collect()).toEqual(['a', 'az'])
    expect(await rdd.collect()).toEqual(['a', 'az'])
    expect(reads).toBe(2)
    expect(source.info(1000).numRecords).toBe(2)
  })
})

describe('a position that is none', () => {
  test.each<[string, 'initial' | 'plan', unknown, RegExp]>([
    [
      'undefined',
      'plan',
      undefined,
      /plan returned undefined, which is no position.*from itself when there is no data/,
    ],
    ['NaN, as from + limit without a rate', 'plan', NaN, /plan returned NaN, which.*limit, is undefined when the rate/],
    ['infinite', 'plan', Infinity, /plan returned Infinity, which is no position/],
    ['NaN inside', 'plan', { part: [0, NaN] }, /plan returned \{.*\}, with NaN in it/],
    ['undefined at the start', 'initial', undefined, /initial returned undefined.*the position to start from/],
  ])('%s: is reported, and the next batch tries again', async (_, where, bad, said) => {
    const h = new SourceHarness()
    let ill = true
    const reads: unknown[] = []
    const source = h.add((home) =>
      positioned(home, {
        initial: () => (ill && where === 'initial' ? bad : 'first'),
        plan: () => (ill ? bad : 'second'),
        read: (from: unknown, until: unknown) => [reads.push([from, until])],
      }),
    )
    await source.start()
    expect(await h.batch(source, 1000)).toEqual([])
    expect(h.events.map(({ info }) => info.lastError)).toContainEqual(expect.stringMatching(said))
    ill = false
    expect(await h.batch(source, 2000)).toEqual([[1]])
    expect(reads).toEqual([['first', 'second']])
  })

  test.each([0, '', null, { offset: 3, of: undefined }, new Map([['a', 1]]), [0, 1]])(
    '%j is a position',
    async (good) => {
      const h = new SourceHarness()
      const source = h.add((home) =>
        positioned<unknown, unknown>(home, { initial: () => 'first', plan: () => good, read: () => ['read'] }),
      )
      expect(await h.batch(source, 1000)).toEqual([['read']])
    },
  )
})

describe('limits', () => {
  test('none, unless there is a rate', async () => {
    const h = new SourceHarness()
    const log = new Log(3)
    await h.batch(
      h.add((home) => positioned(home, log)),
      1000,
    )
    expect(log.limits).toEqual([undefined])
  })

  test.each([
    [30, 20, 50, [0, 1, 0, 1, 1]],
    [5, 500, 20, [2, 2, 2, 2]],
    [1, 100, 100, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    [2000, 1, 1000, [2, 2]],
    [0.1, 1000, 100, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ])(
    '%d a second in batches of %d ms: never more; where a batch is allowed less than one, in the end as many',
    async (maxRate, slideMs, n, first) => {
      const h = new SourceHarness({ rate: { maxRate }, slideMs })
      const log = new Log(1e9)
      const source = h.add((home) => positioned(home, log))
      const sizes: number[] = []
      for (let i = 1; i <= n; i++) {
        sizes.push((await h.batch(source, i * slideMs)).flat().length)
        const perBatch = (maxRate * slideMs) / 1000
        const allowed = perBatch < 1 ? perBatch * i : Math.floor(perBatch) * i
        expect(sizes.reduce((a, b) => a + b)).toBe(Math.floor(allowed + 1e-6))
      }
      expect(sizes.slice(0, first.length)).toEqual(first)
      expect(log.limits).not.toContain(0)
    },
  )

  test('the lower of maxRate and the rate of backpressure, per batch', async () => {
    const h = new SourceHarness({ rate: { maxRate: 10, initialRate: 4 }, slideMs: 500 })
    const log = new Log(100)
    const source = h.add((home) => positioned(home, log))
    const batches: number[] = []
    for (const [i, rate] of [undefined, 6, 100, 1, 1].entries()) {
      if (rate !== undefined) source.setRate!(rate)
      batches.push((await h.batch(source, (i + 1) * 500)).flat().length)
    }
    expect(batches).toEqual([2, 3, 5, 0, 1])
  })

  test('the first batch of a later run has the last rate', async () => {
    const h = new SourceHarness()
    const first = h.add((home) => positioned(home, new Log(1000)))
    await first.start()
    first.setRate!(7)
    await first.plan!(1000)
    const log = new Log(1000)
    const second = h.add((home) => positioned(home, log))
    second.restore!(first.snapshot!())
    await second.start()
    expect((await h.batch(second, 2000)).flat()).toEqual([7, 8, 9, 10, 11, 12, 13])
  })
})

describe('recovery', () => {
  test('goes on after the last planned batch, which has the same range again', async () => {
    const h = new SourceHarness()
    const log = new Log(3)
    const first = h.add((home) => positioned(home, log))
    await h.batch(first, 1000)
    const snapshot = first.snapshot!()
    log.length = 5
    const planned = await first.plan!(2000)
    log.length = 9
    const second = h.add((home) => positioned(home, log))
    second.restore!(snapshot)
    second.adopt!(2000, planned)
    await second.start()
    expect(await h.compute(second, 2000)).toEqual([[3, 4]])
    expect(await h.batch(second, 3000)).toEqual([[5, 6, 7, 8]])
  })
})

describe('failures', () => {
  test('of initial and plan are reported, and the next batch tries again', async () => {
    const h = new SourceHarness()
    const log = new Log(2)
    const source = h.add((home) => positioned(home, log))
    log.failures.push(new Error('no start'))
    await source.start()
    log.failures.push(new Error('still no start'))
    expect(await h.batch(source, 1000)).toEqual([])
    const planned = await source.plan!(2000)
    expect(planned).toEqual({ from: 0, until: 2 })
    log.failures.push(new Error('no plan'))
    expect(await source.plan!(3000)).toBeUndefined()
    expect(h.events.map(({ type, info }) => [type, info.name, info.lastErrorMessage])).toEqual([
      ['receiverError', 'Source stream [0]', 'Could not find out where to start'],
      ['receiverError', 'Source stream [0]', 'Could not plan the batch of 1000 ms; the next one tries again'],
      ['receiverError', 'Source stream [0]', 'Could not plan the batch of 3000 ms; the next one tries again'],
    ])
    source.adopt!(3000, undefined)
    expect(await h.compute(source, 3000)).toEqual([])
  })

  test('of committed and close are reported', async () => {
    const h = new SourceHarness()
    const failing = Object.assign(new Log(1), {
      committed: () => Promise.reject(new Error('no')),
      close: () => {
        throw new Error('no')
      },
    })
    const source = h.add((home) => positioned(home, failing))
    await h.batch(source, 1000)
    await source.committed!(1000)
    await source.close!()
    expect(h.events.length).toBe(2)
  })

  test('of read fail the batch', async () => {
    const h = new SourceHarness()
    const source = h.add((home) =>
      positioned(home, {
        initial: () => 0,
        plan: (from: number) => from + 1,
        // eslint-disable-next-line require-yield
        *read(): Iterable<number> {
          throw new Error('the log is gone')
        },
      }),
    )
    await expect(h.batch(source, 1000)).rejects.toThrow('the log is gone')
  })
})

test.each([[null], [{}], [{ initial: () => 0, plan: () => 0 }]])('%j is refused', (source) => {
  expect(() => new SourceHarness().add((home) => positioned(home, source as never))).toThrow(
    /source must be an object with the function (initial|read)/,
  )
})

describe('the result of read', () => {
  const reading = (read: () => unknown) => {
    const h = new SourceHarness()
    const source = { initial: () => 0, plan: (from: number) => from + 1, read } as Source<number, number>
    return { h, source: h.add((home) => positioned(home, source)) }
  }

  test.each<[string, () => unknown]>([
    ['an array', () => [1, 2]],
    ['an iterable', () => new Set([1, 2])],
    ['a promise of an array', () => Promise.resolve([1, 2])],
    ['an async iterable', () => numbers()],
    ['a promise of an async iterable', () => Promise.resolve(numbers())],
  ])('%s gives the records, and their count', async (_, read) => {
    const { h, source } = reading(read)
    expect((await h.batch(source, 1000)).flat()).toEqual([1, 2])
    expect(source.info(1000).numRecords).toBe(2)
  })

  test.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'undefined'],
    ['a number', () => 5, '5'],
    ['a text', () => 'ab', '"ab"'],
    ['a promise of nothing', () => Promise.resolve(undefined), 'undefined'],
    ['a promise of a text', () => Promise.resolve('ab'), '"ab"'],
  ])('%s is refused in words', async (_, read, value) => {
    const { h, source } = reading(read)
    await expect(h.batch(source, 1000)).rejects.toMatchObject({
      code: 'not-iterable',
      message: expect.stringContaining(`The function of fromSource returned ${value}`) as string,
    })
  })

  async function* numbers(): AsyncIterable<number> {
    yield* [1, 2]
  }
})
