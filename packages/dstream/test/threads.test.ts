import { Seconds, type Codec, type DStream, type InputSource, type SourceHome } from 'dstream'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineCodec } from '../src/base/lines/line-codec.js'
import type { PartitionSource } from '../src/rdd/plan/lineage.js'
import { rddOf } from '../src/rdd/rdd-of.js'
import { operator } from '../src/streams/graph/make.js'
import { loopbackWorkers } from './loopback-workers.js'
import { add, byDigit, byName, many, mapSides, runAll, type Options, type Rows } from './threads-run.js'

type Define = (numbers: DStream<number>, t: TestContext) => DStream<unknown>

/** Runs batches of numbers through one stream. */
async function run(rows: Rows, define: Define, threads: number | undefined, options?: Options) {
  const { batches, ...ended } = await runAll(rows, (s, t) => ({ out: define(s, t) }), threads, options)
  return { ...ended, batches: batches['out']! }
}

const collatz = (n: number) => (n % 2 === 0 ? n / 2 : 3 * n + 1)
const byPair = (n: number): [[number, string], number] => [[n % 3, `${n % 2}`], n]

/** Chains of steps with a shuffle behind them. */
const chains: Record<string, Define> = {
  reduceByKey: (s) => s.map(collatz).mapToPair(byDigit).reduceByKey(add),
  'reduceByKey of names': (s) =>
    s
      .filter((n) => n % 3 !== 0)
      .mapToPair(byName)
      .reduceByKey(Math.max),
  'reduceByKey of compound keys': (s) => s.mapToPair(byPair).reduceByKey(add),
  'two partitions': (s) => s.mapToPair(byName).reduceByKey(add, { numPartitions: 2 }),
  countByValue: (s) => s.flatMap((n) => [n % 5, n % 3]).countByValue(),
  groupByKey: (s) => s.mapToPair(byDigit).mapValues(collatz).groupByKey(),
  countByValueAndWindow: (s) => s.map((n) => n % 4).countByValueAndWindow(Seconds(2), Seconds(1)),
  'a union': (s) =>
    s
      .map(collatz)
      .union(s.filter((n) => n > 4))
      .mapToPair(byName)
      .reduceByKey(add),
  ...mapSides,
}

describe('a job gives the same on any number of threads', () => {
  test.each(Object.entries(chains))('%s', async (_, define) => {
    const [none, one, two, three] = await Promise.all(
      [undefined, 1, 2, 3].map((threads) => run([many, many.slice(1), []], define, threads)),
    )
    expect([one!.batches, two!.batches, three!.batches]).toEqual([none!.batches, none!.batches, none!.batches])
    expect(none!.batches[0]!.length).toBeGreaterThan(0)
    expect(one!.tasks.onWorkers).toBe(0)
    expect(two!.tasks.onWorkers).toBeGreaterThan(0)
    expect(two!.tasks.repeated).toBe(0)
    expect(two!.tasks.onWorkers + two!.tasks.onMainThread).toBe(one!.tasks.onMainThread)
  })

  test('random batches of any records', async () => {
    const record = fc.oneof(fc.integer(), fc.double())
    const rows = fc.array(fc.array(record, { maxLength: 60 }), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(...Object.values(chains)),
        fc.integer({ min: 1, max: 6 }),
        async (...args) => {
          const [batches, define, numPartitions] = args
          const one = await run(batches, define, 1, { numPartitions })
          const two = await run(batches, define, 3, { numPartitions })
          expect(two.batches).toStrictEqual(one.batches)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('sums of fractions are equal to the last bit', async () => {
    const rows = [many.map((n) => n / 7)]
    const sums: Define = (s) => s.mapToPair((n): [string, number] => ['sum', n]).reduceByKey(add)
    const [one, two, four] = await Promise.all([1, 2, 4].map((threads) => run(rows, sums, threads)))
    expect(two!.batches).toStrictEqual(one!.batches)
    expect(four!.batches).toStrictEqual(one!.batches)
  })
})

describe('a stage that only this thread can do runs here', () => {
  test.each<[string, Define]>([
    [
      'an accumulator',
      (s, t) => {
        const sum = t.ssc.sc.longAccumulator('sum')
        return s
          .map((n) => (sum.add(1), n))
          .mapToPair(byName)
          .reduceByKey(add)
          .transform((rdd) => rdd.map((r) => [r, sum.value]))
      },
    ],
    [
      'an accumulator behind another function',
      (s, t) => {
        const sum = t.ssc.sc.longAccumulator('sum')
        const count = (): void => sum.add(1)
        return s
          .map((n) => (count(), n))
          .mapToPair(byName)
          .reduceByKey(add)
          .transform((rdd) => rdd.map((r) => [r, sum.value]))
      },
    ],
    [
      'records that cannot be encoded',
      (s) =>
        s
          .map((n) => () => n)
          .mapToPair((f) => byName(f()))
          .reduceByKey(add),
    ],
  ])('%s', async (_, define) => {
    const one = await run([many], define, 1)
    const two = await run([many], define, 2)
    expect(two.batches).toEqual(one.batches)
  })

  test.each<[string, Define]>([
    [
      'tap',
      (s) =>
        s
          .tap(() => undefined)
          .mapToPair(byName)
          .reduceByKey(add),
    ],
    [
      'mapPartitions',
      (s) =>
        s
          .mapPartitions((all) => [...all])
          .mapToPair(byName)
          .reduceByKey(add),
    ],
  ])('%s', async (_, define) => {
    const two = await run([many], define, 2)
    expect(two.batches).toEqual((await run([many], define, undefined)).batches)
    expect(two.tasks.onWorkers).toBe(0)
  })
})

describe('a function that throws', () => {
  const picky: Define = (s) =>
    s
      .map((n) => {
        if (n % 100 === 3) throw new RangeError(`no ${n}`)
        return n
      })
      .mapToPair(byName)
      .reduceByKey(add)

  test('fails the batch with the error of one thread', async () => {
    const one = await run([many], picky, 1)
    const two = await run([many], picky, 2)
    expect(one.error).toBeInstanceOf(Error)
    expect(String(two.error)).toBe(String(one.error))
  })

  test('leaves the same records out', async () => {
    const one = await run([many], picky, 1, { onRecordError: 'skip' })
    const two = await run([many], picky, 2, { onRecordError: 'skip' })
    expect(two.batches).toEqual(one.batches)
    expect(two.skippedRecords).toEqual(one.skippedRecords)
    expect(one.skippedRecords['map#1']).toBeGreaterThan(0)
  })
})

test('a worker that dies is replaced, and its tasks are done again', async () => {
  let deaths = 0
  const dies = (frame: { readonly type: string }) => frame.type === 'task' && ++deaths === 2
  const one = await run([many, many, many], chains['reduceByKey']!, 1)
  const two = await run([many, many, many], chains['reduceByKey']!, 2, { endsBefore: dies })
  expect(two.batches).toEqual(one.batches)
  expect(two.started).toBe(2)
  expect(two.tasks.repeated).toBeGreaterThan(0)
})

/** A source of the testing kit whose partitions are received bytes, in blocks of ten lines. */
function blocksOf(lines: readonly string[], codec: Codec<string>, counts: number[]) {
  return (home: SourceHome): InputSource<string> => {
    const blocks = Array.from({ length: Math.ceil(lines.length / 10) }, (_, i) =>
      new TextEncoder().encode(lines.slice(i * 10, i * 10 + 10).join('\n')),
    )
    const part = (bytes: Uint8Array): PartitionSource<string> => ({
      iterate: (bad) => codec.decode(bytes, bad),
      encoded: { bytes, codec: { stream: home.streamId, id: codec.id }, counted: (n) => void counts.push(n) },
    })
    return {
      streamId: home.streamId,
      name: 'blocks',
      operator: operator<string>({
        kind: 'blocks',
        parents: [],
        slideMs: home.slideMs,
        source: true,
        compute: () => rddOf(home.sc, blocks.map(part)),
      }),
      start: () => undefined,
      stop: () => Promise.resolve(),
      info: () => ({ inputStreamId: home.streamId, numRecords: lines.length, metadata: {} }),
      codec: (id) => (id === codec.id ? codec : undefined),
    }
  }
}

describe('blocks of received bytes', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `${'word'.repeat((i % 4) + 1)} ${i}`)
  const run = async (codec: Codec<string>, threads: number) => {
    const counts: number[] = []
    const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
      const t = new TestContext({ batchInterval: Seconds(1), threads }, workers && { workers })
      const records = t.ssc.addSource(blocksOf(lines, codec, counts))
      return { t, out: t.output(records.flatMap((line) => line.split(' ')).countByValue()) }
    }
    const { t, out } = make(loopbackWorkers(() => make().t.ssc))
    await t.run(1)
    await t.stop()
    const onWorkers = t.ssc.recentProgress.reduce((n, { tasks }) => n + tasks!.onWorkers, 0)
    return { batches: out.batches, onWorkers, counts }
  }
  const picky: Codec<string> = {
    id: 'picky',
    *decode(bytes, bad) {
      for (const line of lineCodec.decode(bytes, bad)) {
        if (line.endsWith(' 55')) bad(new TextEncoder().encode(line), new Error('bad'))
        else yield line
      }
    },
  }

  test('are decoded and counted in workers', async () => {
    const [one, two] = [await run(lineCodec, 1), await run(lineCodec, 2)]
    expect(two.batches).toEqual(one.batches)
    expect(one.batches[0]).toHaveLength(1004)
    expect(two.onWorkers).toBeGreaterThan(0)
    expect(two.counts).toEqual(Array(two.onWorkers).fill(10))
  })

  test('are decoded here where a record does not decode', async () => {
    const [one, two] = [await run(picky, 1), await run(picky, 3)]
    expect(two.batches).toEqual(one.batches)
    expect(one.batches[0]).toHaveLength(1003)
  })
})
