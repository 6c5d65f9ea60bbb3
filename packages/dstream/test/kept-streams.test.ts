import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Seconds, StreamingContext, Time, type DStream, type RDD, type State } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { ManualClock } from '../src/testing/manual-clock.js'
import { directory } from './checkpoint-job.js'
import { collectGarbage } from './collect-garbage.js'
import { skippingContext } from './unstorable-values.js'

// A window keeps and stores the stream that it reads, and nothing of the streams above: a chain of steps takes the memory
// and the checkpoint of the same steps in one `transform`.

interface Order {
  readonly id: number
  readonly text: string
}

const RECORDS = 5000
const BATCHES = 12

function orders(t: TestContext): DStream<number> {
  return t.ssc.fromSource<number, number>({
    initial: () => 0,
    plan: (from) => from + RECORDS,
    read: (from) => Array.from({ length: RECORDS }, (_, i) => from + i),
  })
}

const order = (id: number): Order => ({ id, text: `order ${id}` })
const priced = (given: Order): Order => ({ ...given, text: `${given.text}, priced` })
const pair = ({ id, text }: Order): [string, number] => [`customer ${id % 2000}`, text.length]
const add = (a: number, b: number): number => a + b

type Steps = (numbers: DStream<number>) => DStream<[string, number]>

class Price {
  constructor(readonly value: number) {}
}

function pricesOf(numbers: DStream<number>): DStream<Price> {
  return numbers.map((n) => new Price(n)).uid('prices')
}

const chain: Steps = (numbers) => numbers.map(order).map(priced).map(priced).mapToPair(pair)
const oneTransform: Steps = (numbers) =>
  numbers.transform((rdd: RDD<number>) => rdd.map(order).map(priced).map(priced).map(pair))

const windows: Record<string, (pairs: DStream<[string, number]>) => DStream<[string, number]>> = {
  reduceByKeyAndWindow: (pairs) => pairs.reduceByKeyAndWindow(add, Seconds(6)),
  'reduceByKeyAndWindow with inverse': (pairs) =>
    pairs.reduceByKeyAndWindow(add, (a, b) => a - b, Seconds(6), Seconds(1)),
  window: (pairs) => pairs.window(Seconds(6)),
  'a slide of three batches': (pairs) => pairs.reduceByKeyAndWindow(add, Seconds(6), Seconds(3)),
}

interface Cost {
  readonly heap: number
  readonly stored: number
}

/** Runs a job. Returns what it holds in memory after its last batch, and the bytes of its commits, both without the input. */
async function cost(steps: Steps, window: (typeof windows)[string]): Promise<Cost> {
  const dir = await directory()
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const t = new TestContext({ batchInterval: Seconds(1), storage: fileStorage(dir) })
  let records = 0
  window(steps(orders(t))).foreachRDD(async (rdd) => {
    records += await rdd.count()
  })
  await t.run(BATCHES)
  collectGarbage()
  const heap = process.memoryUsage().heapUsed - before
  expect(records).toBeGreaterThan(0)
  await t.ssc.stop()
  const files = await readdir(dir, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  )
  return { heap, stored: sizes.reduce(add, 0) }
}

/** The same below a state. */
const stateful = (steps: (orders: DStream<Order>) => DStream<[string, number]>): Steps => {
  return (numbers) =>
    steps(
      numbers
        .mapToPair((id) => [id % 100, id])
        .mapWithState((_, id: number | undefined, state: State<number>) => {
          state.update(id!)
          return order(id!)
        }),
    )
}

/** The cost of the run that holds less of two: code that V8 compiles meanwhile counts as memory too. */
async function leastCost(steps: Steps, window: (typeof windows)[string]): Promise<Cost> {
  const [first, second] = [await cost(steps, window), await cost(steps, window)]
  return { heap: Math.min(first.heap, second.heap), stored: Math.max(first.stored, second.stored) }
}

describe('a chain above a window costs no more than one transform', () => {
  test.each(Object.entries(windows))('%s', async (_, window) => {
    await cost(oneTransform, window)
    const wanted = await leastCost(oneTransform, window)
    const got = await leastCost(chain, window)
    expect(got.stored / wanted.stored).toBeLessThan(1.2)
    expect(got.heap / wanted.heap).toBeLessThan(1.2)
  })

  test('below a state', async () => {
    const window = windows['reduceByKeyAndWindow']!
    const once = stateful((given) => given.transform((rdd) => rdd.map(priced).map(priced).map(pair)))
    const steps = stateful((given) => given.map(priced).map(priced).mapToPair(pair))
    await cost(once, window)
    const wanted = await leastCost(once, window)
    const got = await leastCost(steps, window)
    expect(got.stored / wanted.stored).toBeLessThan(1.2)
    expect(got.heap / wanted.heap).toBeLessThan(1.2)
  })
})

test('without a checkpoint, a window of a later batch has the data whose origin is gone after the commit', async () => {
  const clock = new ManualClock()
  const ssc = new StreamingContext({ batchInterval: Seconds(1), clock })
  const origin = new Map([1, 2, 3].map((n) => [n, [n]]))
  const seen: number[][] = []
  ssc
    .fromSource<number, number>({
      initial: () => 0,
      plan: (from) => from + 1,
      read: (_, until) => origin.get(until) ?? [],
      committed: (until) => void origin.delete(until),
    })
    .map((n) => n * 10)
    .window(Seconds(3), Seconds(3))
    .foreachRDD(async (rdd) => void seen.push(await rdd.collect()))
  await ssc.start()
  for (const time of [1000, 2000, 3000]) {
    clock.runNext(time)
    await ssc.engine!.ticker.idle()
  }
  await ssc.stop()
  expect(seen).toEqual([[10, 20, 30]])
})

describe('a record that cannot be stored', () => {
  const rows = [[1, 2], [3], [4]]

  test('above a window, which does not read it, stops nothing', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const define = (at: TestContext) =>
      at.output(
        pricesOf(at.input(rows))
          .map(({ value }) => value)
          .window(Seconds(2)),
      )
    const out = define(t)
    await t.run(2)
    expect(out.batches).toEqual([
      [1, 2],
      [1, 2, 3],
    ])
    const next = await t.crashAndRecover(define)
    await next.run(1)
    expect(next.defined.batches).toEqual([[3, 4]])
    await next.stop()
  })

  test('that a window reads fails the window, and no other reader of the stream', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const define = (at: TestContext, make: (n: number) => unknown) => {
      const given = at.input(rows).map(make).uid('prices')
      return { windows: at.output(given.window(Seconds(2))), direct: at.output(given) }
    }
    const out = define(t, (n) => (n === 2 ? new Price(n) : n))
    await expect(t.run(1)).rejects.toThrow(/^prices: a record that a window .* will read again: an instance of Price/)
    expect(out.windows.batches).toEqual([])
    expect(out.direct.batches).toEqual([[1, new Price(2)]])
    expect(t.ssc.lastProgress?.batchTime).toBe(1000)
    // Nothing is lost: the mended program computes the batch again from what was received.
    const next = await t.crashAndRecover((at) => define(at, (n) => n))
    await next.run(1)
    expect(next.defined.windows.batches.at(-1)).toEqual([1, 2, 3])
    await next.stop()
  })

  test('is left out of the window with onRecordError skip, and counts once', async () => {
    const { t, errors } = skippingContext()
    const define = (at: TestContext) =>
      at.output(
        at
          .input(rows)
          .map((n) => (n === 2 ? new Price(n) : n))
          .uid('prices')
          .window(Seconds(2)),
      )
    const out = define(t)
    await t.run(2)
    expect(out.batches).toEqual([[1], [1, 3]])
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ operator: 'prices', record: new Price(2) })
    const next = await t.crashAndRecover(define)
    await next.run(1)
    expect(next.defined.batches).toEqual([[3, 4]])
    await next.stop()
  })

  test('below remember: slices go on, and those of a state come back after a restart', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const define = (at: TestContext) => {
      at.ssc.remember(Seconds(5))
      const prices = pricesOf(at.input(rows))
      const values = prices.map(({ value }) => value)
      const totals = values.mapToPair((n) => ['all', n]).runningReduceByKey(add)
      at.output(prices)
      return { prices, values, totals, out: at.output(totals) }
    }
    const records = async <T>(stream: DStream<T>): Promise<T[][]> =>
      Promise.all((await stream.slice(new Time(1000), new Time(2000))).map((rdd) => rdd.collect()))
    const wanted = {
      prices: [[new Price(1), new Price(2)], [new Price(3)]],
      values: [[1, 2], [3]],
      totals: [[['all', 3]], [['all', 6]]],
    }
    const first = define(t)
    await t.run(2)
    expect(await records(first.prices)).toEqual(wanted.prices)
    const next = await t.crashAndRecover(define)
    await next.run(1)
    expect(next.defined.out.batches).toEqual([[['all', 10]]])
    for (const name of ['prices', 'values', 'totals'] as const) {
      expect(await records<unknown>(next.defined[name]), name).toEqual(wanted[name])
    }
    await next.stop()
  })

  test('above an output that has failed is not stored; the next life computes it again', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    let fails = true
    const seen: [number, number[]][] = []
    const define = (at: TestContext): void => {
      pricesOf(at.input(rows)).foreachRDD(async (rdd, time) => {
        const prices = await rdd.collect()
        if (fails) throw new Error('no answer')
        seen.push([time.milliseconds, prices.map(({ value }) => value)])
      })
    }
    define(t)
    await expect(t.run(1)).rejects.toThrow('no answer')
    expect(t.ssc.lastProgress?.batchTime).toBe(1000)
    fails = false
    const next = await t.crashAndRecover(define)
    await next.run(1)
    expect(seen).toEqual([
      [1000, [1, 2]],
      [2000, [3]],
    ])
    await next.stop()
  })
})
