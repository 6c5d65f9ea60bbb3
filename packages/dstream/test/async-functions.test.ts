import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RDDContext, Seconds, type DStream, type RDD } from '../src/index.js'
import { print } from '../src/output/outputs/print.js'
import { runBatches } from '../src/testing/index.js'

// Each function is async, or returns a promise among other things, where nothing awaits it. Each promise is rejected: a
// rejection that nobody handles would end this test run, as it would end a user's process.

const broken = async (): Promise<never> => {
  await Promise.resolve()
  throw new Error('later')
}
const later = broken as () => never
const foreign = runInNewContext('() => Promise.reject(new Error("later"))') as () => never
const thenable = (() => ({ then: () => expect.unreachable('a thenable was started') })) as unknown as () => never

type Numbers = RDD<number>
const keyed = (rdd: Numbers) => rdd.mapToPair((n) => [n % 2, n])
const one = () => 1
const add = (a: number, b: number) => a + b
const pairOf = (half: () => unknown) => () => ['a', half()] as never

const operators: Record<string, (rdd: Numbers, f: () => never) => Promise<unknown>> = {
  map: (rdd, f) => rdd.map(f).count(),
  filter: (rdd, f) => rdd.filter(f).count(),
  tap: (rdd, f) => rdd.tap(f).count(),
  flatMap: (rdd, f) => rdd.flatMap(f).count(),
  'flatMap, items': (rdd, f) => rdd.flatMap(() => [f(), f()]).count(),
  'flatMap, items of a generator': (rdd, f) => rdd.flatMap(function* () { yield f() }).count(), // prettier-ignore
  'flatMap, then flatMap': (rdd, f) => rdd.flatMap(() => [1, 2]).flatMap(f).count(), // prettier-ignore
  mapToPair: (rdd, f) => rdd.mapToPair(f).count(),
  'mapToPair, value': (rdd, f) => rdd.mapToPair(pairOf(f)).count(),
  flatMapToPair: (rdd, f) => rdd.flatMapToPair(() => [['a', f()]]).count(),
  mapValues: (rdd, f) => keyed(rdd).mapValues(f).count(),
  flatMapValues: (rdd, f) => keyed(rdd).flatMapValues(f).count(),
  'flatMapValues, items': (rdd, f) => keyed(rdd).flatMapValues(() => [f()]).count(), // prettier-ignore
  mapPartitions: (rdd, f) => rdd.mapPartitions(f).count(),
  'mapPartitions, items': (rdd, f) => rdd.mapPartitions(() => [f()]).count(),
  mapPartitionsToPair: (rdd, f) => rdd.mapPartitionsToPair(() => [['a', f()]]).count(),
  mapPartitionsWithIndex: (rdd, f) => rdd.mapPartitionsWithIndex(function* () { yield f() }).count(), // prettier-ignore
  'mapAsync, value of a pair': (rdd, f) => rdd.mapAsync(async () => [1, f()]).count(),
  keyBy: (rdd, f) => rdd.keyBy(f).count(),
  groupBy: (rdd, f) => rdd.groupBy(f).count(),
  sortBy: (rdd, f) => rdd.sortBy(f).collect(),
  'sortBy, then take': (rdd, f) => rdd.sortBy(f).take(1),
  top: (rdd, f) => rdd.top(1, f),
  takeOrdered: (rdd, f) => rdd.takeOrdered(1, f),
  max: (rdd, f) => rdd.max(f),
  min: (rdd, f) => rdd.min(f),
  reduceByKey: (rdd, f) => keyed(rdd).reduceByKey(f).count(),
  reduceByKeyLocally: (rdd, f) => keyed(rdd).reduceByKeyLocally(f),
  'reduceByKey, keys that are no integers': (rdd, f) => rdd.mapToPair((n) => [`k${n % 2}`, n]).reduceByKey(f).count(), // prettier-ignore
  'combineByKey, createCombiner': (rdd, f) => keyed(rdd).combineByKey(f, add, add).count(),
  'combineByKey, mergeValue': (rdd, f) => keyed(rdd).combineByKey(one, f, add).count(),
  'combineByKey, mergeCombiners': (rdd, f) => keyed(rdd).combineByKey(one, add, f).count(),
  foldByKey: (rdd, f) => keyed(rdd).foldByKey(0, f).count(),
  'aggregateByKey, zero': (rdd, f) => keyed(rdd).aggregateByKey(f, one, add).count(),
  'aggregateByKey, seq': (rdd, f) => keyed(rdd).aggregateByKey(one, f, add).count(),
  'aggregateByKey, comb': (rdd, f) => keyed(rdd).aggregateByKey(one, add, f).count(),
  reduce: (rdd, f) => rdd.reduce(f),
  treeReduce: (rdd, f) => rdd.treeReduce(f),
  fold: (rdd, f) => rdd.fold(0, f),
  'aggregate, zero': (rdd, f) => rdd.aggregate(f, add, add),
  'aggregate, seq': (rdd, f) => rdd.aggregate(one, f, add),
  'aggregate, comb': (rdd, f) => rdd.aggregate(one, add, f),
  foreach: (rdd, f) => rdd.foreach(f),
}

describe.each([
  ['generated', true],
  ['interpreted', false],
])('%s loops refuse a promise that nothing awaits', (_, codegen) => {
  const sc = new RDDContext({ runtime: { codegen } })
  const numbers = () => sc.parallelize([1, 2, 3, 4, 5, 6], { numPartitions: 2 })

  const refusal = async (run: Promise<unknown>): Promise<unknown> => {
    const error = (await run.then(
      (value) => expect.unreachable(`came to ${String(value)}`),
      (reason: unknown) => reason,
    )) as { code: string; cause?: unknown }
    return error.code === 'record-error' ? error.cause : error
  }

  test.each(Object.entries(operators))('%s', async (name, run) => {
    const operator = name.split(',')[0]!
    for (const f of [later, foreign, thenable]) {
      const error = await refusal(run(numbers(), f))
      expect(error).toMatchObject({ code: 'promise-returned' })
      expect((error as Error).message).toMatch(/must not be async: (await with mapAsync|use foreachAsync)/)
      expect((error as Error).message).toContain(`The function of ${operator} `)
    }
  })

  test('of an async generator', async () => {
    const items = async function* () {} as unknown as () => never
    for (const run of [operators['flatMap'], operators['mapPartitions']]) {
      const error = await refusal(run!(numbers(), items))
      expect((error as Error).message).toContain('returned an async iterable')
    }
  })

  test('saveAsTextFile and print refuse a promise that a source holds', async () => {
    const written: string[] = []
    const files = {
      saveParts: () => undefined,
      save: async (_: string, __: string, parts: AsyncIterable<Iterable<string>>) => {
        for await (const lines of parts) written.push(...lines)
      },
    }
    const saving = new RDDContext({ runtime: { codegen, files: files as never } })
    const promises = saving.parallelize([1, 2]).zip(saving.parallelize([Promise.resolve(1), Promise.resolve(2)]))
    expect(await refusal(promises.saveAsTextFile('out'))).toMatchObject({ code: 'promise-returned' })
    const output = print(
      undefined as never,
      10,
      () => ({ write: (text: string) => written.push(text) }) as never,
      () => undefined,
    )
    expect(await refusal(Promise.resolve(output.run(promises as never, 1000, {} as never)))).toMatchObject({
      code: 'promise-returned',
    })
    expect(written).toEqual([])
  })

  test('a function that is asynchronous for some records only: those are left out, the others counted as they are', async () => {
    const bad = new Set([3, 4])
    const errors: string[] = []
    const skipping = new RDDContext({
      runtime: {
        codegen,
        onRecordError: (error) => {
          errors.push(`${error.operator} ${JSON.stringify(error.record)}`)
          return 'skip'
        },
      },
    })
    const some = skipping.parallelize([1, 2, 3, 4, 5])
    const cached = (n: number) => (bad.has(n) ? later() : n)
    expect(await some.map(cached).collect()).toEqual([1, 2, 5])
    expect(await some.filter((n) => (bad.has(n) ? later() : true)).collect()).toEqual([1, 2, 5])
    expect(await some.flatMap((n) => [n, cached(n)]).collect()).toEqual([1, 1, 2, 2, 3, 4, 5, 5])
    expect(await some.map((n): [string, number] => ['k', n]).mapValues(cached).collect()).toEqual([['k', 1], ['k', 2], ['k', 5]]) // prettier-ignore
    expect(await some.reduce((a, b) => (bad.has(b) ? later() : a + b))).toBe(8)
    expect(await some.fold(0, (a, b) => (bad.has(b) ? later() : a + b))).toBe(8)
    expect(await some.map((n): [string, number] => ['k', n]).reduceByKey((a, b) => (bad.has(b) ? later() : a + b)).collect()).toEqual([['k', 8]]) // prettier-ignore
    expect(await some.map((n): [number, number] => [7, n]).reduceByKey((a, b) => (bad.has(b) ? later() : a + b)).collect()).toEqual([[7, 8]]) // prettier-ignore
    expect(errors).toHaveLength(2 * 8)
    expect(errors.slice(0, 2)).toEqual(['map 3', 'map 4'])
  })

  test('data with a `then` that is no function, and what else is no promise, passes', async () => {
    const values = [{ then: 1 }, [{ then: 'x' }, null], [1, [2, 3]], null, undefined, new Map([['then', 1]]), () => 1]
    expect(await sc.parallelize(values).map((value) => value).collect()).toEqual(values) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(fc.anything()), async (any) => {
        expect(await sc.parallelize(any).map((value) => value).tap((value) => value).collect()).toEqual(any) // prettier-ignore
      }),
      { numRuns: 50 },
    )
  })
})

type Pairs = DStream<[string, number]>
const inBatches: Record<string, (pairs: Pairs) => DStream<unknown>> = {
  branch: (pairs) => pairs.branch(later)[0],
  top: (pairs) => pairs.top(1, later),
  reduce: (pairs) => pairs.reduce(later),
  reduceByKey: (pairs) => pairs.reduceByKey(later),
  reduceByWindow: (pairs) => pairs.reduceByWindow(later, Seconds(2)),
  'reduceByWindow, inverse': (pairs) => pairs.map(([, n]) => n).reduceByWindow(add, later, Seconds(1)), // prettier-ignore
  reduceByKeyAndWindow: (pairs) => pairs.reduceByKeyAndWindow(later, Seconds(2)),
  'reduceByKeyAndWindow, f': (pairs) => pairs.reduceByKeyAndWindow(later, add, Seconds(2)),
  filterFunc: (pairs) => pairs.reduceByKeyAndWindow(add, add, Seconds(1), Seconds(1), { filterFunc: later }),
  updateStateByKey: (pairs) => pairs.updateStateByKey(later),
  updateStateByPartition: (pairs) => pairs.updateStateByPartition(later),
  runningReduceByKey: (pairs) => pairs.runningReduceByKey(later),
  mapWithState: (pairs) => pairs.mapWithState(later),
}

test.each(Object.entries(inBatches))('%s in a stream refuses a promise', async (_, define) => {
  const rows: [string, number][][] = [[['a', 1], ['a', 2]], [['a', 3]], []] // prettier-ignore
  const run = runBatches(rows, define)
  await expect(run).rejects.toMatchObject({
    code: expect.stringMatching(/promise-returned|promise-emitted|state-not-data/),
  })
  await expect(run).rejects.toThrow('must not be async: await with mapAsync')
})

test('an accumulator takes no promise', async () => {
  const list = new RDDContext().collectionAccumulator<unknown>('seen')
  expect(() => list.add(later())).toThrow(expect.objectContaining({ code: 'bad-option' }))
  expect(list.value).toEqual([])
})

test('an async onRecordError is refused, with the error of the record as its cause', async () => {
  const odd = (n: number) => {
    if (n % 2 === 0) throw new Error('even')
    return n
  }
  const onRecordError = (async () => 'skip') as unknown as () => 'skip'
  const run = runBatches([[1, 2, 3]], (s) => s.map(odd), { onRecordError })
  await expect(run).rejects.toMatchObject({ code: 'promise-returned', cause: { code: 'record-error', record: 2 } })
  await expect(run).rejects.toThrow("onRecordError returned a Promise, and nothing waits for it; it must not be async: return 'fail' or 'skip' at once") // prettier-ignore
  const rejecting = runBatches([[2]], (s) => s.map(odd), { onRecordError: later })
  await expect(rejecting).rejects.toMatchObject({ code: 'promise-returned' })
})
