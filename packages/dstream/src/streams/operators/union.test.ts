import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import { expect, expectTypeOf, test } from 'vitest'
import type { DStream } from '../../index.js'

const second = { batchInterval: Seconds(1) }

test('the records of the first, then those of the second', async () => {
  const t = new TestContext(second)
  const out = t.output(t.input([[1, 2], [], [3]]).union(t.input([['a'], ['b'], []])))
  await t.run()
  expect(out.batches).toEqual([[1, 2, 'a'], ['b'], [3]])
})

test('of many streams, in their order, with the borders of their partitions', async () => {
  const t = new TestContext(second)
  const streams = [[[1]], [[2]], [[3]]].map((rows) => t.input(rows))
  const out = t.output(t.ssc.union(streams))
  await t.run()
  expect(out.partitions).toEqual([[[1], [2], [3]]])
})

test('with itself it has every record twice', async () => {
  expect(await runBatches([[1, 2]], (s) => s.union(s))).toEqual([[1, 2, 1, 2]])
})

test('a parent without an RDD fails the batch and is named', async () => {
  const t = new TestContext(second)
  t.output(t.input<number>([[1]]).union(t.input<number>([null])))
  await expect(t.run()).rejects.toMatchObject({
    code: 'no-parent-rdd',
    message: expect.stringContaining(
      'Could not generate RDD from a parent for unifying at time 1000 ms: "input", a parent of union,',
    ),
  })
})

test('streams of different slides or contexts are refused', () => {
  const t = new TestContext(second)
  const s = t.input([[1]])
  expect(() => s.union(s.window(Seconds(2), Seconds(2)))).toThrow(/different slide durations/)
  expect(() => t.ssc.union([s, new TestContext(second).input([[1]])])).toThrow(/different contexts/)
  expect(() => t.ssc.union([])).toThrow('Union called on no streams')
})

test.each<[string, (s: DStream<number>) => unknown[], string]>([
  ['one after the other', (s) => [s, s], 'a DStream'],
  ['none', () => [], 'undefined'],
  ['an array with something else in it', (s) => [[s, 1, null]], '[a DStream, 1, null]'],
  ['a set', (s) => [new Set([s])], '[{}]'],
])('of a context it takes an array of streams: %s', (_, args, got) => {
  const s = new TestContext(second).input([[1]])
  const union = s.context.union.bind(s.context) as (...given: unknown[]) => unknown
  expect(() => union(...args(s))).toThrow(`Union takes an array of DStreams, [a, b], not ${got}`)
})

test('of a stream it takes a stream', () => {
  const t = new TestContext(second)
  const s = t.input([[1]])
  expect(() => s.union(t.ssc.sc.parallelize([1]) as never)).toThrow('not an RDD')
})

test('its type is either', () => {
  const both = (a: DStream<string>, b: DStream<number>) => a.union(b)
  expectTypeOf(both).returns.toEqualTypeOf<DStream<string | number>>()
})
