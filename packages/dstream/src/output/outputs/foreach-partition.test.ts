import { Milliseconds, Seconds, Time, type DStream, type PartitionContext, type StreamingContextOptions } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { batchesOf } from '../../../test/laws.js'

type Call = readonly [time: number, partition: number, records: readonly unknown[]]

/** Runs batches of numbers, and keeps the calls that have ended well. */
async function run(
  rows: readonly (readonly number[] | null)[],
  options: {
    readonly numPartitions?: number
    readonly define?: (numbers: DStream<number>) => DStream<unknown>
    readonly context?: Partial<StreamingContextOptions>
    /** Called before a call is kept. */
    readonly each?: (context: PartitionContext) => unknown
  } = {},
) {
  const { numPartitions = 1, define = (s) => s, context, each } = options
  const t = new TestContext({ batchInterval: Seconds(1), ...context })
  const calls: Call[] = []
  define(t.input(rows, { numPartitions })).foreachPartition(async (records, context) => {
    await each?.(context)
    calls.push([context.time.milliseconds, context.partition, [...records]])
  })
  const error = await t.run(rows.length).catch((e: unknown) => e)
  // A graceful stop runs one more batch.
  const calledBefore = [...calls]
  await t.stop().catch(() => undefined)
  return { calls: calledBefore, error }
}

/** The slices in which `parallelize` puts an array. */
function sliced<T>(all: readonly T[], n: number): T[][] {
  const at = (p: number): number => Math.floor((p * all.length) / n)
  return Array.from({ length: n }, (_, p) => all.slice(at(p), at(p + 1)))
}

test('calls the function with each partition, empty ones too, and not where a batch has no RDD', async () => {
  const { calls } = await run([[1, 2, 3], [], null], { numPartitions: 2 })
  expect(calls).toEqual([
    [1000, 0, [1]],
    [1000, 1, [2, 3]],
    [2000, 0, []],
    [2000, 1, []],
  ])
})

test('law: the calls of a batch are the slices of its array', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(fc.integer()), fc.integer({ min: 1, max: 4 }), async (rows, numPartitions) => {
      const { calls } = await run(rows, { numPartitions, define: (s) => s.map((n) => n + 1) })
      const twin = rows.flatMap((row, b) =>
        sliced(row, numPartitions).map((part, i): Call => [(b + 1) * 1000, i, part.map((n) => n + 1)]),
      )
      expect(calls).toEqual(twin)
    }),
    { numRuns: 40 },
  ))

test('the records are the partition itself, which cannot be changed', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const given: Iterable<number>[] = []
  t.input([[1, 2]]).foreachPartition((records) => {
    expectTypeOf(records).toEqualTypeOf<Iterable<number>>()
    given.push(records)
  })
  await t.run(1)
  expect(given.map((records) => [Array.isArray(records), [...records], [...records]])).toEqual([
    [false, [1, 2], [1, 2]],
  ])
})

describe('a call that fails', () => {
  const rows = [[1, 2, 3, 4], [5]]

  test('is made again, and those that have ended well are not', async () => {
    const seen: [number, number, number][] = []
    const { calls, error } = await run(rows, {
      numPartitions: 4,
      each: ({ time, partition, attempt }) => {
        seen.push([time.milliseconds, partition, attempt])
        if (time.milliseconds === 1000 && partition === 2 && attempt < 3) throw new Error('away')
      },
    })
    expect(seen.slice(0, 6)).toEqual([
      [1000, 0, 1],
      [1000, 1, 1],
      [1000, 2, 1],
      [1000, 2, 2],
      [1000, 2, 3],
      [1000, 3, 3],
    ])
    expect(calls.map(([time, partition]) => [time, partition])).toEqual(
      [1000, 2000].flatMap((time) => [0, 1, 2, 3].map((partition) => [time, partition])),
    )
    expect(error).toBeUndefined()
  })

  test('stops the job with its own error when the attempts are used up', async () => {
    const away = new Error('away')
    const { calls, error } = await run(rows, {
      numPartitions: 2,
      context: { retry: { attempts: 2 } },
      each: ({ partition }) => (partition === 1 ? Promise.reject(away) : undefined),
    })
    expect([error, calls]).toEqual([away, [[1000, 0, [1, 2]]]])
  })

  test('is given up where onFailure says so', async () => {
    const { calls } = await run(rows, {
      context: { retry: { attempts: 2 }, onFailure: 'skip' },
      each: ({ time }) => (time.milliseconds === 1000 ? Promise.reject(new Error('away')) : undefined),
    })
    expect(calls).toEqual([[2000, 0, [5]]])
  })

  test('is made with the records of the batch, also when later batches have run meanwhile', async () => {
    const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: Infinity } })
    const calls: Call[] = []
    t.input(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      { numPartitions: 2 },
    ).foreachPartition((records, { time: { milliseconds }, partition, attempt }) => {
      if (milliseconds === 1000 && partition === 1 && attempt < 3) throw new Error('away')
      calls.push([milliseconds, partition, [...records]])
    })
    await t.run(5)
    await t.stop()
    expect(calls.slice(0, 6)).toEqual([
      [1000, 0, [1]],
      [1000, 1, [2]],
      [2000, 0, [3]],
      [2000, 1, [4]],
      [3000, 0, [5]],
      [3000, 1, [6]],
    ])
  })
})

test('a function above it that throws fails the batch as for every output', async () => {
  const { error, calls } = await run([[1, 2]], {
    numPartitions: 2,
    define: (s) =>
      s.map((n) => {
        if (n === 2) throw new RangeError(`no ${n}`)
        return n
      }),
  })
  expect([error, calls]).toEqual([new RangeError('no 2'), [[1000, 0, [1]]]])
})

test('the timeout aborts the signal, no further partition begins, and the next attempt has a new one', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const calls: [number, number, boolean][] = []
  t.input([[1, 2, 3]], { numPartitions: 3 }).foreachPartition(
    async (_, { partition, attempt, signal }) => {
      calls.push([partition, attempt, signal.aborted])
      if (partition === 1 && attempt === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    { timeout: Milliseconds(20) },
  )
  await t.run(1)
  expect(calls).toEqual([
    [0, 1, false],
    [1, 1, false],
    [2, 2, false],
  ])
})

test('a batch that a former life has begun is marked, and all of its partitions are called again', async () => {
  const calls: [number, number, number, boolean][] = []
  const storage = memoryStorage()
  const live = async (startTime: number, fails: boolean): Promise<void> => {
    const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(startTime) })
    t.input([[1, 2], [3]], { numPartitions: 2 }).foreachPartition(
      (_, { time, partition, attempt, replayed }) => {
        calls.push([time.milliseconds, partition, attempt, replayed])
        if (fails && partition === 1) throw new Error('away')
      },
      { retry: { attempts: 1 } },
    )
    await t.run(1).catch(() => undefined)
    await t.stop().catch(() => undefined)
  }
  await live(0, true)
  await live(1000, false)
  expect(calls.slice(0, 4)).toEqual([
    [1000, 0, 1, false],
    [1000, 1, 1, false],
    [1000, 0, 1, true],
    [1000, 1, 1, true],
  ])
})
