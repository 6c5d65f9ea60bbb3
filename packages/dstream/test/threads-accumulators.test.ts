import { Seconds, type Accumulator, type StreamingContext } from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import { loopbackWorkers, tasksOf } from './loopback-workers.js'

const many = Array.from({ length: 400 }, (_, i) => (i * 7919) % 1009)
const rows = [many, many.slice(7)]
const input = new WeakMap<StreamingContext, TestContext>()
const noted: Accumulator<any, unknown>[] = []
const add = (a: number, b: number): number => a + b

/** Runs a job, and returns what its accumulators have in the end, with the tasks. */
async function run(define: (ssc: StreamingContext) => void, threads: number) {
  const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
    const internals = { definition: define, ...(workers && { workers }) }
    const t = new TestContext({ batchInterval: Seconds(1), threads }, internals)
    input.set(t.ssc, t)
    noted.length = 0
    define(t.ssc)
    return { t, accumulators: [...noted] }
  }
  const inWorkers: unknown[] = []
  const workers = loopbackWorkers(() => {
    const { t, accumulators } = make()
    inWorkers.push(...accumulators)
    return t.ssc
  })
  const { t, accumulators } = make(workers)
  const error = await t.run(rows.length).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const values = accumulators.map(({ value }) => (Array.isArray(value) ? [...value].sort((a, b) => a - b) : value))
  await t.stop().catch(() => undefined)
  const inThem = (inWorkers as typeof accumulators).map(({ isZero }) => isZero)
  return { values, error, tasks: tasksOf(t.ssc), leftInWorkers: inThem.filter((isZero) => !isZero).length }
}

const numbersOf = (ssc: StreamingContext) => input.get(ssc)!.input(rows, { numPartitions: 4 })

describe('accumulators get what tasks in workers add, once for each partition', () => {
  test.each<[string, (ssc: StreamingContext) => void, unknown[]]>([
    [
      'in a step',
      (ssc) => {
        const odd = ssc.sc.longAccumulator('odd')
        const seen = ssc.sc.collectionAccumulator<number>('seen')
        const halves = ssc.sc.doubleAccumulator('halves')
        noted.push(odd, seen, halves)
        numbersOf(ssc)
          .map((n) => {
            if (n % 2 === 1) odd.add(1)
            if (n < 9) seen.add(n)
            halves.add(n / 2)
            return n
          })
          .mapToPair((n) => [n % 5, n])
          .reduceByKey(add)
          .foreachRDD(async (rdd) => void (await rdd.collect()))
      },
      [
        rows.flat().filter((n) => n % 2 === 1).length,
        rows
          .flat()
          .filter((n) => n < 9)
          .sort((a, b) => a - b),
        rows.flat().reduce(add) / 2,
      ],
    ],
    [
      'behind another function',
      (ssc) => {
        const sum = ssc.sc.longAccumulator()
        noted.push(sum)
        const note = (n: number): void => sum.add(n)
        numbersOf(ssc).foreachPartition((records) => {
          for (const n of records) note(n)
        })
      },
      [rows.flat().reduce(add)],
    ],
    [
      'in the function of an output',
      (ssc) => {
        const sum = ssc.sc.longAccumulator()
        noted.push(sum)
        numbersOf(ssc).foreachPartition((records) => {
          for (const n of records) sum.add(n)
        })
      },
      [rows.flat().reduce(add)],
    ],
  ])('%s', async (_, define, expected) => {
    const one = await run(define, 1)
    const two = await run(define, 2)
    expect([one.values, two.values]).toEqual([expected, expected])
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
    expect(two.tasks.repeated).toBe(0)
    expect(two.leftInWorkers).toBe(0)
  })
})

describe('readers of one stream add what their own parts of a task have added', () => {
  /** Two readers of a stream; the accumulators of the stream, of both, and of one whose tables `fails` makes useless. */
  const readers =
    (fails: (ssc: StreamingContext) => (n: number) => unknown) =>
    (ssc: StreamingContext): void => {
      const below = ssc.sc.longAccumulator()
      const first = ssc.sc.longAccumulator()
      const second = ssc.sc.longAccumulator()
      noted.push(below, first, second)
      const valueOf = fails(ssc)
      const stream = numbersOf(ssc).map((n) => (below.add(1), n))
      const [one, two] = [
        stream.mapToPair((n): [number, number] => (first.add(1), [n % 5, n])).reduceByKey(add),
        stream.mapToPair((n): [number, unknown] => (second.add(1), [n % 3, valueOf(n)])).groupByKey(),
      ]
      one.foreachRDD(async (rdd) => void (await rdd.collect()))
      two.foreachRDD(async (rdd) => void (await rdd.collect()))
    }
  const all = rows.flat().length

  test.each<[string, (ssc: StreamingContext) => (n: number) => unknown]>([
    ['where all are done', () => (n) => n],
    ['where the table of one cannot be sent', () => (n) => () => n],
    [
      'where one uses an accumulator of the main thread',
      (ssc) => {
        const sum = ssc.sc.longAccumulator()
        const next = (n: number): number => (sum.add(1), sum.value + n)
        return (n) => next(n)
      },
    ],
    [
      'where one reads a broadcast that is another one in the worker',
      (ssc) => {
        const broadcast = ssc.sc.broadcast(() => 1)
        return (n) => n + broadcast.value()
      },
    ],
  ])('%s', async (_, fails) => {
    const one = await run(readers(fails), 1)
    const two = await run(readers(fails), 3)
    expect([one.values, two.values]).toEqual([
      [all, all, all],
      [all, all, all],
    ])
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
    expect([one.error, two.error]).toEqual([undefined, undefined])
  })
})

test.each<[string, (ssc: StreamingContext) => void]>([
  [
    'that is read there',
    (ssc) => {
      const sum = ssc.sc.longAccumulator()
      noted.push(sum)
      const next = (n: number): number => {
        sum.add(1)
        return sum.value + n
      }
      numbersOf(ssc)
        .map((n) => next(n))
        .mapToPair((n) => [n % 5, n])
        .reduceByKey(add)
        .foreachRDD(async (rdd) => void (await rdd.collect()))
    },
  ],
  [
    'that is made in an inner block, where another variable may have its name',
    (ssc) => {
      {
        const sum = ssc.sc.longAccumulator()
        noted.push(sum)
        numbersOf(ssc)
          .map((n) => (sum.add(1), n))
          .mapToPair((n) => [n % 5, n])
          .reduceByKey(add)
          .foreachRDD(async (rdd) => void (await rdd.collect()))
      }
    },
  ],
])('an accumulator %s keeps its stage in the main thread', async (_, define) => {
  const two = await run(define, 2)
  expect(two.values).toEqual([rows.flat().length])
  expect(two.tasks.onWorkers).toBe(0)
})

describe('a broadcast that a function in a worker reads', () => {
  const words = ['a', 'b', 'c']
  let made = 0
  const shared =
    (value: () => unknown, destroyAt = Infinity) =>
    (ssc: StreamingContext) => {
      const sum = ssc.sc.longAccumulator()
      noted.push(sum)
      const broadcast = ssc.sc.broadcast(value() as { of(n: number): number; readonly length: number })
      let batch = 0
      const pairs = numbersOf(ssc).mapToPair((n): [number, number] => [n % 5, broadcast.value.length])
      pairs
        .reduceByKey((a, b) => a + b)
        .foreachRDD(async (rdd) => {
          for (const [, n] of await rdd.collect()) sum.add(n)
          if (++batch === destroyAt) broadcast.destroy()
        })
    }
  const total = words.length * rows.flat().length

  test('is there, where it has the same value', async () => {
    const two = await run(
      shared(() => words),
      2,
    )
    expect(two.values).toEqual([total])
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
  })

  test.each<[string, () => unknown]>([
    ['has another value', () => (made++ === 0 ? words : ['x'])],
    ['cannot be compared', () => ({ length: words.length, of: (n: number) => n })],
  ])('is that of the main thread, where it %s', async (_, value) => {
    made = 0
    const two = await run(shared(value), 2)
    expect(two.values).toEqual([total])
    expect(two.tasks.onWorkers).toBe(0)
  })

  test('is destroyed there too', async () => {
    const one = await run(
      shared(() => words, 1),
      1,
    )
    const two = await run(
      shared(() => words, 1),
      2,
    )
    expect([one.error, two.error]).toMatchObject([{ code: 'broadcast-destroyed' }, { code: 'broadcast-destroyed' }])
    expect(two.values).toEqual(one.values)
  })
})
