import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as here from '../src/index.js'
import { TestContext } from '../src/testing/index.js'

// A program can hold the ESM and the CommonJS build, or two versions of the package. A value of the one is recognised by the
// other, or refused in words.

let there: typeof here

beforeAll(async () => {
  vi.resetModules()
  there = (await import('../src/index.js')) as typeof here
})
afterAll(() => vi.resetModules())

const { Seconds } = here
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function theirContext(): here.StreamingContext {
  return new there.StreamingContext({ batchInterval: there.Seconds(1), logger: silent })
}

async function outputOf<U>(define: (t: TestContext) => here.DStream<U>, batches?: number): Promise<U[][]> {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(define(t))
  await t.run(batches)
  await t.ssc.stop()
  return out.batches
}

test('the two copies are two', () => {
  expect(there.StreamingContext).not.toBe(here.StreamingContext)
  expect(there.StateSpec).not.toBe(here.StateSpec)
})

test('a StateSpec with its options', async () => {
  const spec = there.StateSpec.function((key: string, n: number | undefined, state: here.State<number>) => {
    if (!state.isTimingOut()) state.update((state.getOption() ?? 0) + (n ?? 0))
    return [key, state.getOption()] as const
  })
    .initialState(new there.RDDContext().parallelize([['a', 10]]))
    .timeout(there.Seconds(5))
    .partitioner(new there.HashPartitioner(2))
  expect(spec).toBeInstanceOf(here.StateSpec)
  expect(await outputOf((t) => t.inputPairs([[['a', 1]]]).mapWithState(spec))).toEqual([[['a', 11]]])
})

test('RDDs, as elements of a queue, as a constant, as initial states, from a transform function', async () => {
  const sc = new there.RDDContext()
  expect(await outputOf((t) => t.ssc.queueStream([sc.parallelize([1]).map((n) => n + 1)]), 1)).toEqual([[2]])
  expect(await outputOf((t) => t.ssc.constantStream(sc.parallelize(['a'])).countByValue(), 1)).toEqual([[['a', 1]]])
  expect(await outputOf((t) => t.input([[1]]).transform((rdd) => rdd.zip(sc.parallelize(['a']))))).toEqual([[[1, 'a']]])
  const options = { initialState: sc.parallelize([['a', 5]]) }
  const totals = (t: TestContext) =>
    t.inputPairs<string, number>([[['a', 1]]]).updateStateByKey<number>((v, n = 0) => v.length + n, options)
  expect(await outputOf(totals)).toEqual([[['a', 6]]])
})

test('RDDs of both copies in one action', async () => {
  const mine = new here.RDDContext().parallelize([['a', 1], ['b', 2]]) // prettier-ignore
  const theirs = new there.RDDContext().parallelize([['a', 3]]).reduceByKey((a, b) => a + b)
  expect(await mine.union(theirs).reduceByKey((a, b) => a + b).collect()).toEqual([['a', 4], ['b', 2]]) // prettier-ignore
  expect(await mine.join(theirs).collect()).toEqual([['a', [1, 3]]])
  expect(await mine.subtractByKey(theirs).keys().collect()).toEqual(['b'])
  expect(await theirs.cogroup(mine).count()).toBe(2)
})

test('Durations, Times and partitioners', async () => {
  const t = new TestContext({ batchInterval: there.Seconds(1), startTime: new there.Time(0) })
  const stream = t.inputPairs([[['a', 1]], [['a', 2]]])
  t.ssc.remember(there.Minutes(1))
  const sum = (a: number, b: number): number => a + b
  const options = { partitioner: new there.HashPartitioner(2) }
  const out = t.output(stream.reduceByKeyAndWindow(sum, there.Seconds(2), there.Seconds(1), options))
  await t.run()
  expect(out.batches).toEqual([[['a', 1]], [['a', 3]]])
  expect(await stream.slice(new there.Time(1000), new there.Time(2000))).toHaveLength(2)
  await t.ssc.stop({ timeout: there.Seconds(1) })
})

test('Times and Durations as values of a state', async () => {
  const last = (t: TestContext) =>
    t.inputPairs<string, unknown>([[['a', new there.Time(3)]], [['a', new here.Time(4)]], [['a', there.Seconds(5)]]])
      .updateStateByKey<{ at: unknown }>((values, at) => (values.length > 0 ? { at: values[0] } : at)) // prettier-ignore
  expect(await outputOf((t) => last(t).map(([, { at }]) => String(at)))).toEqual([['3 ms'], ['4 ms'], ['5000 ms']])
})

test('receivers', async () => {
  class Three extends there.Receiver<number> {
    onStart(): void {
      this.store(3)
    }
    onStop(): void {}
  }
  const batches = await outputOf((t) => t.ssc.receiverStream(new Three()), 1)
  expect(batches).toEqual([[3]])
})

test('sinks, storages, listeners', async () => {
  const { memoryStorage } = await import('../src/storage.js')
  const t = new TestContext({ batchInterval: Seconds(1), storage: memoryStorage() })
  const reports: string[] = []
  const logger = { ...silent, info: (_: object, message: string) => void reports.push(message) }
  t.ssc.addStreamingListener(new there.StatsReportListener({ logger }))
  const seen: unknown[] = []
  let committed: here.Time | undefined
  t.input([['a']]).to({
    write: async ({ rdd, time }) => {
      seen.push(await rdd.collect())
      committed = new there.Time(time.milliseconds)
    },
    lastCommitted: () => committed,
  })
  await t.run()
  await t.ssc.stop()
  expect(seen).toEqual([['a']])
  expect(reports).toHaveLength(2)
})

test.each<[string, (mine: here.DStream<[string, number]>, theirs: here.DStream<[string, number]>) => unknown]>([
  ['union', (mine, theirs) => mine.union(theirs)],
  ['transformWith', (mine, theirs) => mine.transformWith(theirs, (rdd) => rdd)],
  ['cogroup', (mine, theirs) => mine.cogroup(theirs)],
  ['join', (mine, theirs) => mine.join(theirs)],
  ['leftOuterJoin', (mine, theirs) => mine.leftOuterJoin(theirs)],
  ['rightOuterJoin', (mine, theirs) => mine.rightOuterJoin(theirs)],
  ['fullOuterJoin', (mine, theirs) => mine.fullOuterJoin(theirs)],
  ['union', (mine, theirs) => (mine.context as here.StreamingContext).union([mine, theirs])],
  ['transform', (mine, theirs) => (mine.context as here.StreamingContext).transform([mine, theirs], ([rdd]) => rdd)],
])('%s refuses a stream of the other copy', (name, combine) => {
  const mine = new TestContext({ batchInterval: Seconds(1) }).inputPairs<string, number>([])
  const theirs = theirContext().queueStream<[string, number]>([])
  expect(() => combine(mine, theirs)).toThrow(
    `Cannot combine the streams of ${name}: Some of the DStreams have different contexts`,
  )
})

test('getOrCreate refuses a context of the other copy, getActiveOrCreate takes it', async () => {
  await expect(here.StreamingContext.getOrCreate('unused', theirContext)).rejects.toMatchObject({
    code: 'other-copy',
    message: expect.stringContaining('npm ls dstream') as string,
  })
  const other = theirContext()
  expect(await here.StreamingContext.getActiveOrCreate(() => other)).toBe(other)
})

test('errors', () => {
  expect(() => there.Seconds(NaN)).toThrow(here.DStreamError)
})
