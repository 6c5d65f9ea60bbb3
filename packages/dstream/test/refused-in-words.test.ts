import { describe, expect, test } from 'vitest'
import { RDDContext, Seconds } from '../src/index.js'
import { TestContext } from '../src/testing/index.js'

// Mistakes that a user of Spark makes, each with the words that say what is wrong and what to do.

const sc = new RDDContext()
const numbers = sc.parallelize([3, 1, 2])
const pairs = sc.parallelize<[string, number]>([['a', 1]])
const plus = (a: number, b: number): number => a + b

test.each<[string, () => unknown, string]>([
  [
    'a zero that is a value, as in Scala',
    () => numbers.aggregate(0 as never, plus, plus),
    'aggregate: zero must be a function that returns the value to begin with, not 0. Every partition gets a value of its own: write () => 0',
  ],
  [
    'the same for treeAggregate',
    () => numbers.treeAggregate(0 as never, plus, plus),
    'treeAggregate: zero must be a function that returns the value to begin with, not 0',
  ],
  [
    'no records for treeReduce',
    () => numbers.filter(() => false).treeReduce(plus),
    'treeReduce needs at least one record',
  ],
  [
    'a zero of aggregateByKey that is a value',
    () => pairs.aggregateByKey(0 as never, plus, plus).collect(),
    'aggregateByKey: zero must be a function that returns the value to begin with, not 0',
  ],
  [
    'no weights',
    () => numbers.randomSplit([]),
    'randomSplit: weights must be an array of numbers of at least 0 whose sum is above 0, not []',
  ],
  ['weights that are none', () => numbers.randomSplit([0.5, -1]), 'whose sum is above 0, not [0.5, -1]'],
  ['one weight instead of a list', () => numbers.randomSplit(0.5 as never), 'whose sum is above 0, not 0.5'],
  [
    'fractions as an object',
    () => pairs.sampleByKey(false, { a: 0.5 } as never).collect(),
    'sampleByKey: fractions must be a Map of keys and numbers, not {"a":0.5}',
  ],
  [
    'a negative fraction',
    () => pairs.sampleByKey(false, new Map([['a', -1]])).collect(),
    'sampleByKey: fractions must be numbers from 0 to 1 without replacement, not -1',
  ],
  [
    'no path',
    () => new TestContext({ batchInterval: Seconds(1) }).ssc.sc.parallelize([1]).saveAsTextFile(undefined as never),
    'saveAsTextFile: path must be a string that is not empty, not undefined',
  ],
])('%s', async (_, call, words) => {
  const refusal = (async () => call())()
  await expect(refusal).rejects.toMatchObject({
    name: 'DStreamError',
    message: expect.stringContaining(words) as string,
  })
})

describe('a queue', () => {
  test('that is frozen', () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    expect(() => t.ssc.queueStream(Object.freeze([[1]]) as unknown as number[][])).toThrow('pass a copy, [...queue]')
  })

  test('that a copy of a frozen one feeds', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const out = t.output(t.ssc.queueStream([...Object.freeze([[1], [2]])]))
    await t.run(2)
    expect(out.batches).toEqual([[1], [2]])
    await t.stop()
  })
})

test('fromSource reads through a promise', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const read = async (from: number, until: number): Promise<number[]> =>
    Array.from({ length: until - from }, (_, i) => from + i)
  const source = { initial: () => 0, plan: (from: number) => from + 2, read }
  const out = t.output(t.ssc.fromSource(source))
  await t.run(2)
  expect([out.batches, t.errors]).toEqual([[[0, 1], [2, 3]], []]) // prettier-ignore
  await t.stop()
})

test('an RDD as initialState, for both kinds of states', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const options = { initialState: t.ssc.sc.parallelize([['a', 5]]) }
  const input = t.inputPairs<string, number>([[['a', 1]]])
  const updated = t.output(input.updateStateByKey<number>((values, n = 0) => values.reduce(plus, n), options))
  const mapped = t.output(
    input.mapWithState<number, number>((_key, n, state) => {
      state.update((state.getOption() ?? 0) + (n ?? 0))
      return state.get()
    }, options),
  )
  await t.run()
  expect([updated.batches, mapped.batches]).toEqual([[[['a', 6]]], [[6]]])
  await t.stop()
})
