import type { DStream } from 'dstream'
import { Seconds } from 'dstream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutTimes } from '../src/engine/stages/body-runs.js'
import { add, byDigit, byName, many, runAll, type Options, type Rows } from './threads-run.js'

// Map sides behind another shuffle, whose records are in the main thread: workers combine them where they are many.

type Numbers = DStream<number>
type Define = (s: Numbers) => DStream<unknown>

/** Runs batches through one stream. Returns also how many map sides have had tasks in workers. */
async function run(rows: Rows, define: Define, threads: number | undefined, options: Options = {}) {
  const sent = new Set<string>()
  const all = (s: Numbers) => ({ out: define(s) })
  const { batches, ...ended } = await runAll(rows, all, threads, {
    leastBytes: 0,
    ...options,
    definition: define,
    given: (frame) => (sent.add(withoutTimes(JSON.stringify(frame.plan))), frame),
  })
  return { ...ended, batches: batches['out']!, sent: sent.size }
}

const parts = { numPartitions: 3 }
const sumOf = ([, n]: readonly [unknown, number]): [number, number] => [n % 5, n]
const rows = [many, many.slice(7), [], many.map((n) => -n)]

describe('a map side behind a shuffle', () => {
  test.each<[string, Define, number]>([
    ['behind another one', (s) => s.mapToPair(byDigit).reduceByKey(add, parts).mapToPair(sumOf).reduceByKey(add), 2],
    ['without steps between', (s) => s.mapToPair(byName).reduceByKey(add, parts).countByValue(), 2],
    ['three in a row', (s) => s.mapToPair(byDigit).groupByKey(parts).mapValues((all) => all.length).mapToPair(sumOf).reduceByKey(add, { numPartitions: 2 }).countByValue(), 3], // prettier-ignore
    ['behind distinct', (s) => s.map((n) => n % 17).distinct(parts).mapToPair(byDigit).groupByKey(), 2], // prettier-ignore
    ['behind a repartition', (s) => s.repartition(3).mapToPair(byName).reduceByKey(add), 1],
    [
      'behind a repartition of a partition',
      (s) =>
        s
          .mapPartitions((all) => [...all])
          .repartition(3)
          .countByValue(),
      1,
    ],
    [
      'two behind one',
      (s) => {
        const sums = s.mapToPair(byDigit).reduceByKey(add, parts)
        return sums.mapToPair(sumOf).reduceByKey(add).union(sums.map(sumOf).groupByKey().mapValues((all) => all.length)) // prettier-ignore
      },
      3,
    ],
    [
      'behind a union',
      (s) => s.mapToPair(byDigit).reduceByKey(add).map(([, n]) => n).union(s.repartition(1)).countByValue(), // prettier-ignore
      3,
    ],
    ['of a state', (s) => s.mapToPair(byDigit).reduceByKey(add, parts).mapToPair(sumOf).runningReduceByKey(add), 2],
    [
      'in a transform',
      (s) =>
        s.transform((rdd, time) => {
          const k = (time.milliseconds / 1000) % 3
          const pairs = rdd.mapToPair(byDigit).reduceByKey(add, { numPartitions: 3 })
          return pairs.mapToPair(([key, n]): [number, number] => [(key + k) % 3, n]).reduceByKey(add)
        }),
      2,
    ],
    [
      'in a transform, behind a sort',
      (s) => s.transform((rdd) => rdd.sortBy((n) => n, { numPartitions: 3 }).mapToPair(byName).reduceByKey(add)), // prettier-ignore
      1,
    ],
    ['behind a transform', (s) => s.transform((rdd) => rdd.mapToPair(byDigit).reduceByKey(add, { numPartitions: 3 })).mapToPair(sumOf).groupByKey(), 2], // prettier-ignore
    [
      'in a transform of several',
      (s) =>
        s.context.transform([s.mapToPair(byDigit), s.mapToPair(byName)], ([a, b]) =>
          a
            .reduceByKey(add)
            .map(([, n]) => n)
            .union(b.reduceByKey(add).map(([, n]) => n))
            .mapToPair(byDigit)
            .reduceByKey(add),
        ),
      4,
    ],
  ])('%s', async (_, define, sent) => {
    const [none, one, three] = await Promise.all([undefined, 1, 3].map((threads) => run(rows, define, threads)))
    expect([one!.batches, three!.batches]).toEqual([none!.batches, none!.batches])
    expect(none!.batches[0]!.length).toBeGreaterThan(0)
    expect({ sent: three!.sent, repeated: three!.tasks.repeated, error: three!.error }).toEqual({
      sent,
      repeated: 0,
      error: undefined,
    })
  })

  test.each<[string, Define, Options]>([
    ['of few records', (s) => s.mapToPair(byDigit).reduceByKey(add, parts).countByValue(), { leastBytes: 4096 }],
    ['of few that a sort gives in a transform', (s) => s.countByValue().union(s.transform((rdd) => rdd.sortBy((n) => n, { numPartitions: 3 })).countByValue()), { leastBytes: 4096 }], // prettier-ignore
    ['of one partition', (s) => s.mapToPair(byDigit).reduceByKey(add).countByValue(), {}],
    [
      'that several operators read behind steps',
      (s) => {
        const sums = s.mapToPair(byDigit).reduceByKey(add, parts).mapToPair(sumOf)
        return sums.reduceByKey(add).union(sums.groupByKey().mapValues((all) => all.length))
      },
      {},
    ],
    [
      'that a window keeps',
      (s) => {
        const sums = s.mapToPair(byDigit).reduceByKey(add, parts)
        return sums
          .mapToPair(sumOf)
          .reduceByKey(add)
          .union(sums.window(Seconds(2)))
      },
      {},
    ],
    [
      'whose function changes a variable outside',
      (s) => s.mapToPair(byDigit).reduceByKey(add, parts).map(([, n]) => n + Math.min(changed++, 0)).countByValue(), // prettier-ignore
      {},
    ],
  ])('stays, %s', async (_, define, options) => {
    const [none, three] = await Promise.all([undefined, 3].map((threads) => run(rows, define, threads, options)))
    expect(three!.batches).toEqual(none!.batches)
    expect([three!.sent, three!.tasks.repeated, three!.error]).toEqual([1, 0, undefined])
  })

  test('of a repartition goes to workers with few records', async () => {
    const define: Define = (s) => s.mapPartitions((all) => [...all]).repartition(3).countByValue() // prettier-ignore
    const some = await run(rows, define, 3, { leastBytes: 4096 })
    expect([some.sent, some.error]).toEqual([1, undefined])
  })

  test('of many records goes to workers by its size alone', async () => {
    const numbers = Array.from({ length: 5000 }, (_, n) => n)
    const define: Define = (s) =>
      s
        .mapToPair((n): [number, number] => [n, n % 7])
        .reduceByKey(add, parts)
        .mapToPair(sumOf)
        .reduceByKey(add)
    const [all, some] = await Promise.all(
      [numbers, numbers.slice(0, 4000)].map((batch) => run([batch], define, 3, { leastBytes: 4096 })),
    )
    expect([all!.sent, some!.sent]).toEqual([2, 1])
  })

  test('combines by partition for any number of threads: fractions have the same digits', async () => {
    const numbers = fc.array(fc.double({ noNaN: true }), { maxLength: 60 })
    const define: Define = (s) =>
      s
        .mapToPair((n): [number, number] => [Math.floor(n) % 20, n])
        .reduceByKey(add, parts)
        .mapToPair(([key, n]): [number, number] => [key % 3, n])
        .reduceByKey(add)
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 2 }), async (batches) => {
        const [one, three] = await Promise.all([1, 3].map((threads) => run(batches, define, threads)))
        expect(three!.batches).toStrictEqual(one!.batches)
      }),
      { numRuns: 40 },
    )
  })

  test.each(['skip', 'fail'] as const)(
    'that refuses records has the errors of one thread: %s',
    async (onRecordError) => {
      const refuse = (bad: number) => (n: number) => {
        if (n % 10 === bad) throw new RangeError(`no ${n}`)
        return n
      }
      const above = refuse(3)
      const below = refuse(4)
      const define: Define = (s) => s.map(above).distinct(parts).map(below).countByValue()
      const [none, three] = await Promise.all(
        [undefined, 3].map((threads) => run(rows, define, threads, { onRecordError })),
      )
      const { batches, skippedRecords, errors } = none!
      expect(three).toMatchObject({ batches, skippedRecords, errors })
      expect(String(three!.error)).toBe(String(none!.error))
    },
  )
})

let changed = 0
