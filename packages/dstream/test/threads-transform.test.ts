import type { DStream, Logger } from 'dstream'
import type { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodies } from './random-bodies.js'
import { add, byDigit, byName, many, runAll, type Options, type Rows } from './threads-run.js'

type Define = (s: DStream<number>, t: TestContext) => DStream<unknown>

/** Runs batches of numbers through one stream that a function makes whose text is known, as that of a job is. */
async function run(rows: Rows, define: Define, threads: number | undefined, options?: Options) {
  const warnings: string[] = []
  const warn = (_: object, line: string): void => void warnings.push(line)
  const logger: Logger = { debug: () => undefined, info: () => undefined, warn, error: warn }
  const all = (s: DStream<number>, t: TestContext) => ({ out: define(s, t) })
  const { batches, ...ended } = await runAll(rows, all, threads, { logger, ...options, definition: define })
  return { ...ended, batches: batches['out']!, warnings }
}

const rows = [many, many.slice(7), [], many.map((n) => -n)]
const differences = (warnings: readonly string[]): string[] => warnings.filter((line) => line.includes('transform'))

describe('what transform makes in each batch is done by workers', () => {
  test.each<[string, Define]>([
    [
      'steps by the time',
      (s) =>
        s
          .transform((rdd, time) => rdd.map((n) => n + (time.milliseconds % 7)))
          .mapToPair(byName)
          .reduceByKey(add),
    ],
    [
      'a shuffle',
      (s) =>
        s.transform((rdd, time) => {
          const k = (time.milliseconds / 1000) % 5
          return rdd
            .map((n) => n * k)
            .mapToPair(byName)
            .reduceByKey(add)
        }),
    ],
    [
      'other functions in every second batch',
      (s) =>
        s
          .transform((rdd, time) => {
            if ((time.milliseconds / 1000) % 2 === 0) return rdd.filter((n) => n % 3 === 0)
            const above = (limit: number) => (n: number) => n > limit
            return rdd.map((n) => n * 3).filter(above(5))
          })
          .countByValue(),
    ],
    [
      'several shuffles',
      (s) =>
        s.transform((rdd) => {
          const pairs = rdd.mapToPair(byDigit).reduceByKey(add)
          return pairs.mapToPair(([key, n]): [number, number] => [n % 3, key]).groupByKey()
        }),
    ],
    [
      'a transform of a transform, between steps',
      (s) =>
        s
          .map((n) => n + 1)
          .transform((rdd) => rdd.map((n) => n * 2))
          .filter((n) => n > 10)
          .transform((rdd, time) => rdd.mapToPair((n): [number, number] => [n % 10, time.milliseconds]))
          .reduceByKey(add),
    ],
    ['transformToPair', (s) => s.transformToPair((rdd) => rdd.mapToPair(byName)).runningReduceByKey(add)],
    [
      'transformWith',
      (s, t) =>
        s
          .transformWith(t.input(rows, { numPartitions: 3 }), (a, b, time) =>
            a.map((n) => n + time.milliseconds).union(b.map((n) => -n)),
          )
          .mapToPair(byDigit)
          .reduceByKey(add),
    ],
    [
      'transform of several streams',
      (s, t) =>
        t.ssc
          .transform([s, t.input(rows, { numPartitions: 3 })], ([a, b], time) =>
            a.map((n) => n + time.milliseconds).union(b.map((n) => -n)),
          )
          .mapToPair(byDigit)
          .reduceByKey(add),
    ],
    [
      'a shuffle of several streams, by indexes',
      (s, t) => {
        const streams = [s, t.input(rows, { numPartitions: 3 }).map((n) => n + 1)]
        return t.ssc.transform(streams, (rdds, time) => {
          const k = (time.milliseconds / 1000) % 5
          return rdds[0]!
            .filter((n) => n % 5 !== k)
            .union(rdds[1]!)
            .mapToPair(byName)
            .reduceByKey(add)
        })
      },
    ],
    [
      'several streams by map and reduce',
      (s, t) => {
        const streams = [1, 2, 3].map((k) => t.input(rows, { numPartitions: k }))
        return t.ssc
          .transform([s, ...streams], (rdds, time) =>
            rdds.map((rdd) => rdd.map((n) => n * (1 + (time.milliseconds % 3)))).reduce((a, b) => a.union(b)),
          )
          .countByValue()
      },
    ],
    [
      'a join of two that are reduced',
      (s, t) =>
        t.ssc.transform([s.mapToPair(byDigit), t.input(rows, { numPartitions: 3 })], ([a, b], time) => {
          const k = time.milliseconds / 1000
          const pairs = b.map((n) => n + k).mapToPair(byDigit)
          return a.reduceByKey(add).join(pairs.reduceByKey(add))
        }),
    ],
    [
      'what a state and a window read',
      (s) => {
        const pairs = s.transform((rdd, time) => rdd.mapToPair((n): [number, number] => [n % 9, time.milliseconds]))
        return pairs.runningReduceByKey(add).union(pairs.reduceByKeyAndWindow(add, s.context.batchInterval.times(2)))
      },
    ],
    [
      'an addition to an accumulator, and a broadcast',
      (s, t) => {
        const seen = t.ssc.sc.longAccumulator('seen')
        const runs = t.ssc.sc.longAccumulator('runs')
        const table = t.ssc.sc.broadcast([1, 10, 100])
        return s
          .transform((rdd, time) => {
            runs.add(1)
            const factor = table.value[(time.milliseconds / 1000) % 3]!
            return rdd.map((n) => (seen.add(1), n * factor + table.value[0]!))
          })
          .mapToPair(byName)
          .reduceByKey(add)
          .mapPartitions((pairs) => [...pairs, ['seen', seen.value], ['runs', runs.value]])
      },
    ],
  ])('%s', async (_, define) => {
    const [none, one, three] = await Promise.all([undefined, 1, 3].map((threads) => run(rows, define, threads)))
    expect([one!.batches, three!.batches]).toEqual([none!.batches, none!.batches])
    expect(none!.batches[0]!.length).toBeGreaterThan(0)
    expect(one!.tasks.onWorkers).toBe(0)
    expect(three!.tasks.onWorkers).toBeGreaterThan(0)
    expect(three!.tasks.repeated).toBe(0)
    expect([three!.error, three!.warnings]).toEqual([undefined, []])
  })

  test('random functions, nested, by the time and with several shuffles, give the same to the last bit', async () => {
    const numbers = fc.array(fc.oneof(fc.integer(), fc.double()), { maxLength: 60 })
    let inWorkers = 0
    const numRuns = 100
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(numbers, { minLength: 1, maxLength: 3 }), async (define, batches) => {
        const [one, three] = await Promise.all(
          [1, 3].map((threads) => run(batches, define, threads, { leastBytes: 0 })),
        )
        expect(three!.batches).toStrictEqual(one!.batches)
        expect([three!.tasks.repeated, three!.error, three!.warnings]).toEqual([0, undefined, []])
        if (three!.tasks.onWorkers > 0) inWorkers++
      }),
      { numRuns },
    )
    expect(inWorkers).toBeGreaterThan(numRuns / 2)
  })

  test('random functions over whole numbers give what they give without threads', async () => {
    const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(numbers, { minLength: 1, maxLength: 3 }), async (define, batches) => {
        const [none, three] = await Promise.all(
          [undefined, 3].map((threads) => run(batches, define, threads, { leastBytes: 0 })),
        )
        expect(three!.batches).toStrictEqual(none!.batches)
      }),
      { numRuns: 40 },
    )
  })

  test('a record that a function refuses is left out once, with its error', async () => {
    const define: Define = (s) =>
      s
        .transform((rdd, time) =>
          rdd.map((n) => {
            if (n === 7) throw new RangeError(`no ${n} at ${time.milliseconds % 2}`)
            return n
          }),
        )
        .countByValue()
    for (const onRecordError of ['skip', 'fail'] as const) {
      const batches = [[...many, 7]]
      const [none, two] = await Promise.all(
        [undefined, 2].map((threads) => run(batches, define, threads, { onRecordError })),
      )
      expect(two).toMatchObject({ batches: none!.batches, skippedRecords: none!.skippedRecords, errors: none!.errors })
      expect(String(two!.error)).toBe(String(none!.error))
    }
  })
})

let built = 0
let changed = 0

describe('a function that need not make the same in a worker stays in this thread, with the right result', () => {
  test.each<[string, Define]>([
    [
      'by chance',
      (s) =>
        s
          .transform((rdd) => {
            const k = Math.random() < 2 ? 1 : 0
            return rdd.map((n) => n + k)
          })
          .countByValue(),
    ],
    ['by a variable outside', (s) => s.transform((rdd) => rdd.map((n) => n + Math.min(changed++, 0))).countByValue()],
    [
      'by a variable that another output changes',
      (s) => {
        let limit = 0
        s.foreachRDD(() => void (limit = 3))
        return s.transform((rdd) => rdd.filter((n) => n >= Math.min(limit, 0))).countByValue()
      },
    ],
    [
      'after an action',
      (s) =>
        s
          .transform((rdd) => {
            void rdd.count()
            return rdd.map((n) => n + 1)
          })
          .countByValue(),
    ],
    [
      'after waiting for one',
      (s) =>
        s
          .transform(async (rdd) => {
            const n = await rdd.count()
            return rdd.map((m) => m + n)
          })
          .countByValue(),
    ],
    [
      'of several streams, in a way that does not name each',
      (s, t) =>
        t.ssc
          .transform([s, t.input(rows, { numPartitions: 3 })], ([a, ...others]) =>
            others.reduce((all, rdd) => all.union(rdd), a).map((n) => n + 1),
          )
          .countByValue(),
    ],
    [
      'with a partitioner of its own above it',
      (s) =>
        s
          .mapToPair(byDigit)
          .transform((rdd) => rdd.partitionBy({ numPartitions: 3, getPartition: (key) => Number(key) % 3 }))
          .transform((rdd) => rdd.mapValues((n) => n + 1))
          .reduceByKey(add),
    ],
  ])('%s', async (_, define) => {
    const two = await run(rows, define, 2)
    expect(two.tasks.onWorkers).toBe(0)
    expect(two.batches).toEqual((await run(rows, define, undefined)).batches)
    expect(two.error).toBeUndefined()
  })

  test.each<[string, Define]>([
    [
      'functions of another text',
      (s) => {
        const double = built++ === 0 ? (n: number) => n * 2 : (n: number) => n + n + 1
        return s.transform((rdd) => rdd.map(double)).countByValue()
      },
    ],
    [
      'the id of an RDD',
      (s) =>
        s
          .transform((rdd) => {
            const isEven = rdd.id % 2 === 0
            return rdd.map((n) => (isEven ? n : n + 0))
          })
          .countByValue(),
    ],
  ])('%s: it is found, and told once', async (_, define) => {
    built = 0
    const two = await run(rows, define, 2)
    expect(two.tasks.onWorkers).toBe(0)
    expect(differences(two.warnings)).toEqual([
      'What transform#1 makes is done in this thread from now on, since the function of transform#1 builds something else in a worker: its RDDs or functions are others there',
    ])
    built = 0
    expect(two.batches).toEqual((await run(rows, define, undefined)).batches)
  })

  test('a broadcast of another value', async () => {
    const define: Define = (s, t) => {
      const table = t.ssc.sc.broadcast([built++])
      return s
        .transform((rdd) => {
          const [first] = table.value
          return rdd.map((n) => n + first!)
        })
        .countByValue()
    }
    built = 0
    const two = await run(rows, define, 2)
    expect(two.tasks.onWorkers).toBe(0)
    built = 0
    expect(two.batches).toEqual((await run(rows, define, undefined)).batches)
  })
})
