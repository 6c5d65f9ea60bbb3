import {
  Milliseconds,
  Seconds,
  type DStream,
  type Duration,
  type PartitionContext,
  type StreamingContextOptions,
} from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

/** A call of the function, in the thread of the batches or in the worker of a number. */
interface Call {
  readonly worker: number
  readonly time: number
  readonly partition: number
  readonly attempt: number
  readonly records: readonly unknown[]
}

type Options = Partial<StreamingContextOptions> & WorkerFaults & { readonly timeout?: Duration }
type Each = (context: PartitionContext, worker: number, records: readonly unknown[]) => unknown
const many = Array.from({ length: 400 }, (_, i) => (i * 7919) % 1009)
const rows = [many, many.slice(1), []]

/** Runs batches of numbers in four partitions on `threads` threads, and notes the calls of their function as they begin. */
async function run(
  define: (numbers: DStream<number>, t: TestContext) => DStream<unknown>,
  threads: number | undefined,
  each: Each = () => undefined,
  { endsBefore, timeout, ...options }: Options = {},
) {
  const calls: Call[] = []
  const note = (call: Call): void => void calls.push(call)
  const make = (worker: number, workers?: ReturnType<typeof loopbackWorkers>): TestContext => {
    const given = { batchInterval: Seconds(1), threads: worker === 0 ? threads : undefined, ...options }
    const t = new TestContext(given, workers && { workers })
    const stream = define(t.input(rows, { numPartitions: 4 }), t)
    stream.foreachPartition(
      async (records, context) => {
        const { time, partition, attempt } = context
        const all = [...records]
        note({ worker, time: time.milliseconds, partition, attempt, records: all })
        await each(context, worker, all)
      },
      { timeout },
    )
    return t
  }
  let started = 0
  const workers = loopbackWorkers(() => make(++started).ssc, endsBefore && { endsBefore })
  const t = make(0, workers)
  const error = await t.run(rows.length).catch((e: unknown) => e)
  const tasks = tasksOf(t.ssc)
  const { skippedRecords } = t.ssc.totals
  await t.stop().catch(() => undefined)
  const byPartition = calls.map(({ time, partition, records }) => [time, partition, records] as const)
  byPartition.sort(([a, p], [b, q]) => a - b || p - q)
  return { calls, byPartition: byPartition.slice(0, 12), tasks, error, skippedRecords }
}

const onWorkers = ({ calls }: { readonly calls: readonly Call[] }): Call[] => calls.filter(({ worker }) => worker > 0)

/** Returns a stream that another output reads too. */
function shared<T>(stream: DStream<T>): DStream<T> {
  stream.foreachRDD(async (rdd) => void (await rdd.count()))
  return stream
}

describe('partitions are called beside the data: each once, with the records of one thread', () => {
  test.each<[string, (s: DStream<number>) => DStream<unknown>]>([
    ['the source itself', (s) => s],
    ['narrow steps', (s) => s.map((n) => n + 1).filter((n) => n % 3 !== 0)],
    ['a union', (s) => s.map((n) => n + 1).union(s.map((n) => -n))],
    ['transform', (s) => s.transform((rdd, time) => rdd.map((n) => n + (time.milliseconds % 3)))],
    ['a shuffle', (s) => s.map((n): [number, number] => [n % 50, n]).reduceByKey(Math.max, { numPartitions: 4 })],
    ['steps behind a shuffle', (s) => s.countByValue({ numPartitions: 4 }).map(([n, count]) => n * count)],
    ['a stream with two readers', (s) => shared(s.map((n) => n + 1))],
  ])('%s', async (_, define) => {
    const [none, one, two, three] = await Promise.all([undefined, 1, 2, 3].map((threads) => run(define, threads)))
    expect([one!.byPartition, two!.byPartition, three!.byPartition]).toEqual(Array(3).fill(none!.byPartition))
    expect([none, one, two, three].map((one) => one!.error)).toEqual(Array(4).fill(undefined))
    expect(onWorkers(one!)).toEqual([])
    expect(onWorkers(two!).length).toBeGreaterThan(0)
    expect(two!.tasks.repeated).toBe(0)
    expect(two!.calls).toHaveLength(none!.calls.length)
  })
})

describe('what has to stay in the thread of the batches stays there', () => {
  test.each<[string, (s: DStream<number>, t: TestContext) => DStream<unknown>]>([
    ['tap', (s) => s.tap(() => undefined)],
    ['transform by chance', (s) => s.transform((rdd) => (Math.random() < 2 ? rdd.map((n) => n + 1) : rdd))],
    ['mapPartitions', (s) => s.mapPartitions((all) => [...all])],
    ['a state', (s) => s.map((n): [number, number] => [n % 50, n]).runningReduceByKey(Math.max, { numPartitions: 4 })],
  ])('%s', async (_, define) => {
    const two = await run(define, 2)
    expect(onWorkers(two)).toEqual([])
    expect(two.byPartition).toEqual((await run(define, undefined)).byPartition)
  })

  test('records that cannot be encoded', async () => {
    const two = await run((s) => s.map((n) => () => n).map((f) => f()), 2)
    expect(two.byPartition).toEqual((await run((s) => s, undefined)).byPartition)
  })

  test('a function that changes a variable outside of it', async () => {
    const workers = loopbackWorkers(() => t.ssc)
    const t: TestContext = new TestContext({ batchInterval: Seconds(1), threads: 2 }, { workers })
    const seen: number[] = []
    t.input([many], { numPartitions: 4 }).foreachPartition((records) => void seen.push(...records))
    await t.run(1)
    await t.stop()
    expect(seen).toEqual(many)
  })
})

describe('a call that fails in a worker', () => {
  const away = Object.assign(new RangeError('away'), { code: 'EAWAY' })

  test('is made again in the next attempt, and those that have ended well are not', async () => {
    const fails: Each = ({ partition, attempt, time }, worker) => {
      if (worker > 0 && partition > 0 && attempt === 1 && time.milliseconds === 1000) throw away
    }
    const two = await run((s) => s.map((n) => n), 2, fails)
    const first = two.calls.filter(({ time }) => time === 1000)
    const ended = first.filter(({ worker, partition, attempt }) => worker === 0 || partition === 0 || attempt > 1)
    expect(two.error).toBeUndefined()
    expect(ended.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3])
    expect(first.length).toBeGreaterThan(4)
    expect(two.tasks.repeated).toBe(0)
  })

  test('fails the attempt with the name, message and code of its error', async () => {
    const fails: Each = (_, worker) => {
      if (worker > 0) throw away
    }
    const errors: unknown[] = []
    const onFailure = (error: unknown): 'stop' => (errors.push(error), 'stop')
    const two = await run((s) => s, 2, fails, { retry: { attempts: 1 }, onFailure })
    expect(errors).toEqual([away])
    expect(errors[0]).toBeInstanceOf(RangeError)
    expect(errors[0]).toHaveProperty('code', 'EAWAY')
    expect(two.error).toBe(errors[0])
  })

  test('a worker that dies: its partitions are called once more, in the same attempt', async () => {
    let deaths = 0
    const dies = (frame: { readonly type: string }) => frame.type === 'task' && ++deaths === 2
    const two = await run((s) => s.map((n) => n), 2, undefined, { endsBefore: dies })
    expect(two.error).toBeUndefined()
    const once = (calls: readonly Call[]) =>
      new Set(calls.filter(({ time }) => time <= 3000).map(({ time, partition, records }) => `${time}/${partition} ${records.join()}`)) // prettier-ignore
    expect(once(two.calls)).toEqual(once((await run((s) => s.map((n) => n), undefined)).calls))
    expect(two.calls.every(({ attempt }) => attempt === 1)).toBe(true)
    expect(two.tasks.repeated).toBeGreaterThan(0)
  })

  test('the signal of an attempt that takes too long is aborted there', async () => {
    const hangs: Each = ({ time, attempt, signal }, worker) => {
      if (worker === 0 || attempt > 1 || time.milliseconds > 1000) return
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const two = await run((s) => s, 2, hangs, { timeout: Milliseconds(50) })
    expect(two.error).toBeUndefined()
    expect(new Set(two.byPartition.map(([time, partition]) => `${time}/${partition}`)).size).toBeGreaterThanOrEqual(8)
    expect(two.calls.some(({ worker, attempt }) => worker > 0 && attempt === 1)).toBe(true)
    expect(two.calls.some(({ time, attempt }) => time === 1000 && attempt === 2)).toBe(true)
  })
})

test('a step that throws: the function sees the records of one thread, and those left out are counted once', async () => {
  const picky = (s: DStream<number>) =>
    s.map((n) => {
      if (n % 100 === 3) throw new RangeError(`no ${n}`)
      return n
    })
  const [one, two] = await Promise.all(
    [1, 2].map((threads) => run(picky, threads, undefined, { onRecordError: 'skip' })),
  )
  expect(two!.byPartition).toEqual(one!.byPartition)
  expect(two!.skippedRecords).toEqual(one!.skippedRecords)
  const failing = await Promise.all([1, 2].map((threads) => run(picky, threads)))
  expect(String(failing[1]!.error)).toBe(String(failing[0]!.error))
})

test('a function that adds to an accumulator behind another one adds here, where the program reads it', async () => {
  const define = (t: TestContext) => {
    const sum = t.ssc.sc.longAccumulator('sum')
    const note = (n: number): void => sum.add(n)
    t.input([many, many], { numPartitions: 4 }).foreachPartition((records) => {
      for (const n of records) note(n)
    })
    return sum
  }
  const worker = new TestContext({ batchInterval: Seconds(1) })
  const inWorker = define(worker)
  const workers = loopbackWorkers(() => worker.ssc)
  const two = new TestContext({ batchInterval: Seconds(1), threads: 2 }, { workers })
  const here = define(two)
  await two.run(2)
  await two.stop()
  expect(here.value).toBe(2 * many.reduce((a, b) => a + b))
  expect(inWorker.isZero).toBe(true)
})
