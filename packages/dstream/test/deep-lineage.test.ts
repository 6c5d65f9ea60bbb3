import { expect, test } from 'vitest'
import { RDDContext, Seconds, type DStream, type RDD } from '../src/index.js'
import { TestContext } from '../src/testing/index.js'
import { fingerprint } from '../src/streams/graph/fingerprint.js'

// A program may build its graph in a loop. No chain of steps, however long, may end in an exhausted stack.

const LENGTH = 3000

function repeated<T>(first: T, next: (value: T) => T): T {
  let value = first
  for (let i = 0; i < LENGTH; i++) value = next(value)
  return value
}

const sc = new RDDContext()
const one = (): RDD<number> => sc.parallelize([1])
const pair = (): RDD<[string, number]> => sc.parallelize([['a', 1]])

test.each<[string, () => RDD<unknown>, unknown[]]>([
  ['map', () => repeated(one(), (rdd) => rdd.map((n) => n + 1)), [LENGTH + 1]],
  ['flatMap', () => repeated(one(), (rdd) => rdd.flatMap((n) => [n + 1])), [LENGTH + 1]],
  ['flatMapValues', () => repeated(pair(), (rdd) => rdd.flatMapValues((n) => [n + 1])), [['a', LENGTH + 1]]],
  ['keyBy and values', () => repeated(one(), (rdd) => rdd.keyBy((n) => n).values()), [1]],
  ['mapPartitions', () => repeated(one(), (rdd) => rdd.mapPartitions((all) => all)), [1]],
  ['reduceByKey', () => repeated(pair(), (rdd) => rdd.reduceByKey((a) => a)), [['a', 1]]],
  ['sortBy', () => repeated(one(), (rdd) => rdd.sortBy((n) => n)), [1]],
  ['persist', () => repeated(one(), (rdd) => rdd.map((n) => n).persist()), [1]],
])('a chain of 3,000 %s', async (_, make, expected) => {
  expect(await make().collect()).toEqual(expected)
})

test('a union of 3,000 unions, persisted too', async () => {
  expect(await repeated(one(), (rdd) => rdd.union(one())).count()).toBe(LENGTH + 1)
  const united = repeated(one(), (rdd) => rdd.union(one())).persist()
  expect([await united.count(), await united.count()]).toEqual([LENGTH + 1, LENGTH + 1])
})

test.each<[string, (stream: DStream<number>) => DStream<number>, number[][]]>([
  ['map', (stream) => stream.map((n) => n + 1), [[LENGTH + 1], [LENGTH + 2]]],
  ['flatMap', (stream) => stream.flatMap((n) => [n + 1]), [[LENGTH + 1], [LENGTH + 2]]],
  ['window', (stream) => stream.window(Seconds(1)), [[1], [2]]],
])('a stream of 3,000 %s', async (_, next, expected) => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const last = repeated(t.input([[1], [2]]), next)
  const out = t.output(last)
  await t.run()
  expect(out.batches).toEqual(expected)
  expect(t.ssc.explain().split('\n')).toHaveLength(LENGTH + 2)
  expect(fingerprint(last.operator)).toMatch(/^[0-9a-f]{16}$/)
  await t.ssc.stop()
})

test('a state behind 3,000 steps is found again after a crash', async () => {
  const define = (t: TestContext) =>
    t.output(repeated<DStream<number>>(t.input([[1], [1]]), (s) => s.map((n) => n)).mapToPair((n) => ['a', n]).runningReduceByKey((a, b) => a + b)) // prettier-ignore
  const t = new TestContext({ batchInterval: Seconds(1) })
  define(t)
  await t.run(1)
  const next = await t.crashAndRecover(define)
  await next.run(1)
  expect(next.defined.batches).toEqual([[['a', 2]]])
  await next.ssc.stop()
})
