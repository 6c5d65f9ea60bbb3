import { HashPartitioner, Seconds, type DStream, type Key } from 'dstream'
import type { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import type { AnyFunction } from '../src/rdd/plan/lineage.js'
import { onCluster } from './cluster-run.js'
import type { ClusterFaults } from './loopback-cluster.js'
import { add, byDigit, byName, many, runAll, type JobOptions, type Rows } from './threads-run.js'

// Tables of map sides that stay with the executors and are merged there: results are those of one thread, where each partition is
// combined on its own as well.

type Define = (numbers: DStream<number>, t: TestContext) => DStream<unknown>
type Options = JobOptions & { readonly rows?: Rows }

const allRows: Rows = [many, many.map((n) => n * 3 - 700), [], many.slice(0, 90)]

/** Returns partitions as they are, not only their records in order. */
function partitioned(pairs: DStream<unknown>): DStream<unknown> {
  return pairs.transform((rdd) => rdd.glom())
}

async function run(define: Define, { rows = allRows, ...options }: Options = {}, faults: ClusterFaults = {}) {
  const { batches, ...others } = await onCluster(rows, (s, t) => ({ out: define(s, t) }), options, faults)
  return { batches: batches['out']!, ...others }
}

async function inOneThread(define: Define, { rows = allRows, ...options }: Options = {}) {
  const { batches, ...others } = await runAll(rows, (s, t) => ({ out: define(s, t) }), 1, options)
  return { batches: batches['out']!, ...others }
}

class ByParity {
  readonly numPartitions = 2
  getPartition(key: Key): number {
    return Math.abs(Number(key)) % 2
  }
}

const shuffles: Readonly<Record<string, Define>> = {
  'reduceByKey in one part': (s) => s.mapToPair((n) => [n % 97, n / 7]).reduceByKey((a, b) => a * 1.1 + b),
  'reduceByKey in three parts': (s) =>
    partitioned(s.mapToPair((n) => [`k${n % 97}`, `${n}`]).reduceByKey((a, b) => a + b, { numPartitions: 3 })),
  'groupByKey in one part': (s) => s.mapToPair(byDigit).groupByKey(),
  'groupByKey in five parts': (s) => partitioned(s.mapToPair((n) => [n % 31, n]).groupByKey({ numPartitions: 5 })),
  'compound keys': (s) => partitioned(s.mapToPair((n) => [[n % 7, `${n % 5}`], n]).reduceByKey(add, { numPartitions: 2 })), // prettier-ignore
  distinct: (s) => s.map((n) => n % 201).distinct(),
  'distinct in two parts': (s) => partitioned(s.map((n) => n % 201).distinct({ numPartitions: 2 })),
  countByValue: (s) => s.map((n) => n % 50).countByValue(),
  combineByKey: (s) =>
    s.mapToPair(byName).combineByKey(
      (n) => [n],
      (all, n) => [...all, n],
      (a, b) => [...a, -1, ...b],
    ),
  'a partitioner of the user': (s) =>
    partitioned(s.mapToPair((n) => [n % 31, n]).reduceByKey((a, b) => a - b, { partitioner: new ByParity() })),
  'a hash partitioner': (s) =>
    partitioned(s.mapToPair((n) => [n % 31, n]).reduceByKey((a, b) => a - b, { partitioner: new HashPartitioner(3) })),
  'a mutated combiner': (s) =>
    s
      .mapToPair((n): [number, { sum: number }] => [n % 4, { sum: n }])
      .reduceByKey((a, b) => {
        a.sum += b.sum
        return a
      }),
  'a shuffle behind a shuffle': (s) =>
    s
      .mapToPair((n) => [n % 97, n])
      .reduceByKey(add, { numPartitions: 3 })
      .mapToPair(([k, n]) => [k % 5, n])
      .reduceByKey((a, b) => a - b),
  transform: (s) => s.transform((rdd) => rdd.mapToPair((n) => [n % 13, n]).reduceByKey((a, b) => a - b)),
  runningReduceByKey: (s) => s.mapToPair(byName).runningReduceByKey(add),
  'runningReduceByKey in three parts': (s) =>
    partitioned(s.mapToPair((n) => [n % 31, n]).runningReduceByKey(add, { numPartitions: 3 })),
  'updateStateByKey in three parts': (s) =>
    partitioned(
      s
        .mapToPair((n) => [n % 31, n])
        .updateStateByKey((values: number[], sum: number | undefined) => values.reduce(add, sum ?? 0), {
          numPartitions: 3,
        }),
    ),
  'a window by key': (s) =>
    s.mapToPair((n) => [n % 31, n]).reduceByKeyAndWindow((a, b) => a - b, Seconds(2), Seconds(1)),
  join: (s) => {
    const one = s.map((n) => n + 1).mapToPair((n) => [n % 31, n])
    return one.groupByKey({ numPartitions: 2 }).join(s.mapToPair(byDigit).reduceByKey(add, { numPartitions: 2 }))
  },
  updateStateByKey: (s) =>
    s.mapToPair(byDigit).updateStateByKey((values: number[], sum: number | undefined) => values.reduce(add, sum ?? 0)),
}

describe('tables that are merged where they stay', () => {
  test.each(Object.entries(shuffles))('%s', async (_, define) => {
    const here = await inOneThread(define)
    const { cluster, ...there } = await run(define)
    expect(there.batches).toEqual(here.batches)
    expect(cluster.overBlocks.length).toBeGreaterThan(2)
    expect(cluster.kept.size).toBe(0)
    expect(there.tasks.repeated).toBe(0)
  })

  // In order of the numbers, partitions of few keys and of many take turns.
  const sorted = [...many].sort((a, b) => a - b)
  const uneven: Define = (s) =>
    partitioned(s.mapToPair((n) => [n % (n % 300 < 150 ? 3 : 97), n % 10]).groupByKey({ numPartitions: 3 }))
  test.each([
    [1, (left: number, added: number) => left === 7 && added === 0],
    [120, (left: number, added: number) => left > 1 && added > 1],
  ])('tables of at most %i bytes are sent as a whole, and go along', async (mostSent, isExpected) => {
    const options = { numPartitions: 7, rows: [sorted, sorted.map((n) => n + 150)] }
    const here = await inOneThread(uneven, options)
    const there = await run(uneven, options, { mostSent })
    expect(there.batches).toEqual(here.batches)
    expect(there.cluster.overBlocks.map(({ left, added }) => isExpected(left, added))).toEqual([true, true])
    expect((await run(uneven, options, { mostSent: 10_000 })).cluster.overBlocks).toEqual([])
  })
})

test('a map side whose tables were small for long is not asked to leave them, until one is large', async () => {
  const large = many.map((n) => n * 1000)
  const define: Define = (s) => s.mapToPair((n) => [n % 1000 === 0 ? n : n % 3, 1]).reduceByKey(add)
  // Eight tables a batch are small in the first batches.
  const all = [...Array.from({ length: 35 }, () => many), large, large, many]
  const here = await inOneThread(define, { rows: all, numPartitions: 8 })
  const { batches, cluster } = await run(define, { rows: all, numPartitions: 8 }, { mostSent: 100 })
  expect(batches).toEqual(here.batches)
  expect(cluster.offered.map((isOffered) => (isOffered ? 1 : 0)).join('')).toBe(`${'1'.repeat(32)}${'0'.repeat(4)}11`)
})

/** Throws in workers and here, for a record of one partition. */
const odd = (n: number): number => {
  if (n === 1008) throw new Error(`no ${n}`)
  return n
}

/** Throws where values of two partitions are merged, of which the first is large. */
function oddlyMerged(numbers: DStream<number>): DStream<[number, number]> {
  return numbers
    .mapToPair((n) => [n % 97, n])
    .combineByKey(
      (n) => n,
      (a, b) => a - b,
      (a, b) => {
        if (a > 1000) throw new Error(`no ${a} with ${b}`)
        return a - b
      },
    )
}

describe('what fails is what fails in one thread', () => {
  const failing: Readonly<Record<string, Define>> = {
    'a map side': (s) => s.map(odd).mapToPair((n) => [n % 97, n]).reduceByKey((a, b) => a - b), // prettier-ignore
    'a merging': (s) => oddlyMerged(s),
    both: (s) => oddlyMerged(s.map(odd)),
    'a merging to what cannot be sent': (s) =>
      s
        .mapToPair((n) => [n % 97, n])
        .combineByKey(
          (n): unknown => n,
          (a) => a,
          (a, b) => ({ a, f: () => b }),
        )
        .map(([key, value]) => [key, typeof value]),
  }
  const policies: readonly Options[] = [
    { onRecordError: 'skip' },
    { onRecordError: 'skip', defaultParallelism: 3 },
    { onRecordError: 'fail' },
  ]
  test.each(
    Object.entries(failing).flatMap(([name, define]) => policies.map((policy) => [name, policy, define] as const)),
  )(
    // prettier-ignore
    '%s, with %o',
    async (_, policy, define) => {
      const here = await inOneThread(define, policy)
      const { cluster, ...there } = await run(define, policy)
      expect([there.batches, there.errors, there.skippedRecords]).toEqual([here.batches, here.errors, here.skippedRecords]) // prettier-ignore
      expect(String(there.error)).toBe(String(here.error))
      expect(cluster.overBlocks.length > 0 || policy.onRecordError === 'fail').toBe(true)
      expect(cluster.kept.size).toBe(0)
    },
  )
})

describe('blocks that are not merged are fetched, and those that are lost are made again', () => {
  const faults: readonly (readonly [string, ClusterFaults, boolean])[] = [
    ['the stage fails', { failsOverBlocks: () => 'an executor was lost' }, true],
    ['every other stage fails', { failsOverBlocks: (n) => (n % 2 === 0 ? 'an executor was lost' : undefined) }, true],
    ['a bucket fails', { replied: (frame) => (frame.type === 'merged' ? failed : frame) }, true],
    ['a task is lost', { failsOverBlocks: () => 'lost', isLost: (task) => task === 1 }, true],
    ['all is lost', { failsOverBlocks: () => 'lost', isLost: () => true }, false],
    ['no fault', {}, false],
  ]
  const failed = { type: 'failed', id: 0, forGood: false, reason: 'there is no function' } as const
  const counted: Define = (s, { ssc }) => {
    const added = ssc.sc.longAccumulator('added')
    const merged = ssc.sc.longAccumulator('merged')
    return s
      .mapToPair((n) => {
        added.add(1)
        return [n % 97, n]
      })
      .combineByKey(
        (n) => n,
        (a, b) => a - b,
        (a, b) => {
          merged.add(1)
          return a - b
        },
        { numPartitions: 2 },
      )
      .transform((rdd) => rdd.context.parallelize([[...[], added.value, merged.value]]).union(rdd.glom() as never))
  }
  test.each(faults)('%s', async (_, given, isFetched) => {
    const options = { definition: counted as AnyFunction }
    const here = await inOneThread(counted, options)
    const { cluster, ...there } = await run(counted, options, given)
    expect(there.batches).toEqual(here.batches)
    expect(cluster.fetched > 0).toBe(isFetched)
    expect(cluster.kept.size).toBe(0)
  })
})
