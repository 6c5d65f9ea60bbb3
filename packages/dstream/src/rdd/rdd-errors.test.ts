import { describe, expect, test } from 'vitest'
import type { RecordError } from '../base/record-error.js'
import { Milliseconds } from '../base/time/duration.js'
import type { Clock } from '../base/ports.js'
import { RDDContext } from './rdd-context.js'
import type { RDD } from './rdd.js'
import { rddOf } from './rdd-of.js'

const fused = new RDDContext()
const interpreted = new RDDContext({ runtime: { codegen: false } })
const oops = new Error('oops')
function fail(): never {
  throw oops
}

describe.each([
  ['generated', fused],
  ['interpreted', interpreted],
])('%s', (_, sc) => {
  const pairs = sc.parallelize<readonly [string, number]>([
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ])
  const rejection = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    )

  test.each<[string, unknown, () => Promise<unknown>]>([
    ['map', 1, () => sc.parallelize([1, 2]).map(fail).collect()],
    ['filter', 1, () => sc.parallelize([1]).filter(fail).count()],
    ['flatMap', 'x', () => sc.parallelize(['x']).flatMap(fail).collect()],
    ['tap', 1, () => sc.parallelize([1]).tap(fail).collect()],
    ['mapToPair', 7, () => sc.parallelize([7]).mapToPair(fail).reduceByKey(fail).collect()],
    ['mapValues', ['a', 1], () => pairs.mapValues(fail).collect()],
    ['reduceByKey', ['a', 3], () => pairs.reduceByKey(fail).collect()],
    ['combineByKey', ['a', 1], () => pairs.combineByKey(fail, fail, fail).collect()],
    ['reduce', ['b', 2], () => pairs.reduce(fail)],
    ['foreach', ['a', 1], () => pairs.foreach(fail)],
    ['foreachAsync', 4, () => sc.parallelize([4]).foreachAsync(fail)],
    ['mapAsync', 4, () => sc.parallelize([4]).mapAsync(fail).count()],
    ['sortBy', 5, () => sc.parallelize([5]).sortBy(fail).collect()],
    ['sortBy', 5, () => sc.parallelize([5]).sortBy(fail).take(1)],
    ['mapPartitions', [5], () => sc.parallelize([5]).mapPartitions(fail).collect()],
    ['foreachPartition', [5], () => sc.parallelize([5]).foreachPartition(fail)],
  ])('%s: a function that throws is named with its record, %j', async (operator, record, run) => {
    const error = await rejection(run())
    expect(error).toMatchObject({ code: 'record-error', operator, record, cause: oops })
  })

  const ranked = sc.parallelize<{ id: string; rank?: unknown }>([{ id: 'good', rank: 5 }, { id: 'bad' }, { id: 'good', rank: 7 }]) // prettier-ignore
  const rank = (record: { rank?: unknown }) => record.rank as number
  test.each<[string, () => Promise<unknown>]>([
    ['sortBy', () => ranked.sortBy(rank).collect()],
    ['sortBy', () => ranked.sortBy(rank).take(1)],
    ['takeOrdered', () => ranked.takeOrdered(1, rank)],
    ['max', () => ranked.max(rank)],
  ])('%s: a rank without an order is blamed on its own record', async (operator, run) => {
    const error = await rejection(run())
    expect(error).toMatchObject({ code: 'record-error', operator, record: { id: 'bad' }, cause: { code: 'no-order' } })
  })

  test.each<[string, string, () => Promise<unknown>]>([
    ['not-a-pair', 'mapValues', () => (sc.parallelize([1]) as never as RDD<[1, 1]>).mapValues(String).collect()],
    ['not-a-pair', 'reduceByKey', () => (sc.parallelize(['ab']) as never as RDD<['', 1]>).reduceByKey(fail).collect()],
    ['not-a-pair', 'sortByKey', () => (sc.parallelize([1]) as never as RDD<['', 1]>).sortByKey().collect()],
    ['not-a-pair', 'join', () => pairs.join(sc.parallelize([[1, 2, 3]]) as never as RDD<[string, 1]>).collect()],
    [
      'key-not-allowed',
      'reduceByKey',
      () =>
        sc
          .parallelize([[{}, 1]] as never as [string, 1][])
          .reduceByKey(fail)
          .collect(),
    ],
    [
      'key-not-allowed',
      'distinct',
      () =>
        sc
          .parallelize([{}] as never as string[])
          .distinct()
          .collect(),
    ],
    [
      'not-iterable',
      'flatMap',
      () =>
        sc
          .parallelize(['ab'])
          .flatMap((s) => s as never)
          .collect(),
    ],
    [
      'not-iterable',
      'mapPartitions',
      () =>
        sc
          .parallelize(['ab'])
          .mapPartitions(() => 1 as never)
          .collect(),
    ],
    [
      'mixed-order',
      'sortBy',
      () =>
        sc
          .parallelize<string | number>([1, 'a'])
          .sortBy((x) => x)
          .collect(),
    ],
    ['mixed-order', 'top', () => sc.parallelize<string | number>([1, 'a']).top(1)],
    ['not-a-number', 'sum', () => (sc.parallelize(['1']) as never as RDD<number>).sum()],
  ])('%s: the misuse of %s says what to do', async (code, operator, run) => {
    expect(await rejection(run())).toMatchObject({ operator, cause: { code } })
  })

  test.each<[string, () => unknown]>([
    ['bad-option', () => pairs.map(1 as never)],
    ['bad-option', () => pairs.repartition(0)],
    ['bad-option', () => pairs.sample(false, 2)],
    ['bad-option', () => pairs.randomSplit([0, 0])],
    ['bad-option', () => sc.range(0, 1, { step: 0 })],
    ['unknown-option', () => pairs.reduceByKey((a) => a, { partitions: 2 } as never)],
    ['unknown-option', () => pairs.sortByKey({ descending: true } as never)],
    ['not-an-rdd', () => pairs.join([] as never)],
    ['unequal-partitions', () => pairs.zip(sc.emptyRDD())],
    ['no-files', () => sc.textFile('x')],
  ])('%s is said where it is written', (code, define) => {
    expect(define).toThrow(expect.objectContaining({ code }))
  })

  test.each<[string, () => Promise<unknown>]>([
    ['empty-collection', () => sc.emptyRDD().first()],
    ['empty-collection', () => sc.parallelize([]).reduce(fail)],
    ['empty-collection', () => sc.parallelize([]).max()],
    ['bad-option', () => pairs.take(-1)],
    ['bad-option', () => pairs.top(1.5)],
    ['unequal-parts', () => pairs.zip(sc.parallelize([1])).collect()],
    ['bad-histogram', () => sc.parallelize<number>([]).histogram(2)],
    ['bad-histogram', () => sc.parallelize([1]).histogram([2, 1])],
  ])('%s is what the action rejects with', async (code, run) => {
    expect(await rejection(run())).toMatchObject({ code })
  })

  test('an error of the source itself is nobody else’s', async () => {
    const broken = rddOf(sc, [{ iterate: () => ({ [Symbol.iterator]: fail }) }])
    expect(await rejection(broken.map(String).collect())).toBe(oops)
  })

  test('what failed is evaluated again; what has been made is kept', async () => {
    let calls = 0
    const rdd = pairs
      .tap(() => {
        if (++calls === 2) throw oops
      })
      .groupByKey()
    expect(await rejection(rdd.count())).toMatchObject({ cause: oops })
    expect(await rdd.count()).toBe(2)
    expect(await rdd.count()).toBe(2)
    expect(calls).toBe(2 + 3)
  })
})

describe.each([true, false])('records may be left out (codegen: %s)', (codegen) => {
  const seen: RecordError[] = []
  const sc = new RDDContext({
    runtime: {
      codegen: codegen ? 'auto' : false,
      onRecordError: (error) => {
        seen.push(error)
        return error.record === 'poison' ? 'fail' : 'skip'
      },
    },
  })

  test('only the record that fails, and only in the step that fails', async () => {
    seen.length = 0
    const rdd = sc
      .parallelize(['a b', 'c boom', 'boom d'])
      .flatMap((line) => line.split(' '))
      .map((word) => (word === 'boom' ? fail() : word))
    expect(await rdd.collect()).toEqual(['a', 'b', 'c', 'd'])
    expect(seen.map(({ operator, record }) => [operator, record])).toEqual([
      ['map', 'boom'],
      ['map', 'boom'],
    ])
    expect(rdd.counters().map(({ taken, given }) => [taken, given])).toEqual([
      [3, 6],
      [6, 4],
    ])
  })

  test('a reduce goes on without it, a mapAsync too', async () => {
    const odd = sc.parallelize([1, 2, 3]).reduce((a, b) => (b === 2 ? fail() : a + b))
    expect(await odd).toBe(4)
    const late = sc.parallelize([1, 2, 3]).mapAsync(async (n) => (n === 2 ? fail() : n))
    expect(await late.collect()).toEqual([1, 3])
  })

  test('unless the policy says otherwise', async () => {
    const rdd = sc.parallelize(['poison']).map(fail)
    await expect(rdd.collect()).rejects.toMatchObject({ cause: oops })
  })
})

describe('mapAsync', () => {
  test('keeps order and bounds what waits at once', async () => {
    let waiting = 0
    let most = 0
    const rdd = fused.parallelize([3, 1, 2, 0]).mapAsync(
      async (n) => {
        most = Math.max(most, ++waiting)
        for (let i = 0; i < n; i++) await Promise.resolve()
        waiting--
        return n
      },
      { concurrency: 2 },
    )
    expect(await rdd.collect()).toEqual([3, 1, 2, 0])
    expect(most).toBe(2)
  })

  test('the first failure aborts the others', async () => {
    const aborted: number[] = []
    const rdd = fused.parallelize([1, 2, 3]).mapAsync(
      (n, signal) =>
        n === 2
          ? Promise.reject(oops)
          : new Promise((_, reject) =>
              signal.addEventListener('abort', () => {
                aborted.push(n)
                reject(signal.reason)
              }),
            ),
      { concurrency: 2 },
    )
    await expect(rdd.collect()).rejects.toMatchObject({ operator: 'mapAsync', record: 2, cause: oops })
    expect(aborted).toEqual([1])
  })

  test('a call that takes too long is aborted and fails', async () => {
    const timers: (() => void)[] = []
    const clock: Clock = {
      now: () => 0,
      setTimer: (atMs, run) => {
        expect(atMs).toBe(50)
        timers.push(run)
        return { cancel: () => {} }
      },
    }
    const sc = new RDDContext({ runtime: { clock } })
    let signalled = false
    const hangs = sc.parallelize([1]).mapAsync(
      (_, signal) => {
        signal.addEventListener('abort', () => (signalled = true))
        return new Promise<never>(() => {})
      },
      { timeout: Milliseconds(50) },
    )
    const result = hangs.collect()
    await Promise.resolve()
    timers.forEach((run) => run())
    await expect(result).rejects.toMatchObject({ cause: { code: 'async-timed-out' } })
    expect(signalled).toBe(true)
  })
})
