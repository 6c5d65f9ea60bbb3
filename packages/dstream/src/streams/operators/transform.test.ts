import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../../test/laws.js'
import type { DStream } from '../../index.js'

const second = { batchInterval: Seconds(1) }

test('is map, when it maps', () =>
  batchwise(
    fc.integer(),
    (s) => s.transform((rdd) => rdd.map((n) => n + 1)),
    (b) => b.map((n) => n + 1),
  ))

test('is called for every batch, with its time', async () => {
  const times = await runBatches([[1], [], [2]], (s) =>
    s.transform((rdd, time) => rdd.context.parallelize([time.milliseconds])),
  )
  expect(times).toEqual([[1000], [2000], [3000]])
})

test('may be asynchronous and may act on what it is given', async () => {
  const sorted = await runBatches([[3, 1, 2], []], (s) =>
    s.transform(async (rdd) => ((await rdd.isEmpty()) ? rdd : rdd.sortBy((n) => n))),
  )
  expect(sorted).toEqual([[1, 2, 3], []])
})

test('several streams, in order', async () => {
  const t = new TestContext(second)
  const a = t.input([[1, 2], [3]])
  const b = t.input([['x'], ['y']])
  const out = t.output(
    t.ssc.transform([a, b], ([left, right], time) => left.map((n) => `${n} ${time.milliseconds}`).union(right)),
  )
  await t.run()
  expect(out.batches).toEqual([
    ['1 1000', '2 1000', 'x'],
    ['3 2000', 'y'],
  ])
})

test('nothing returned: the outputs that depend on it fail, the others run', async () => {
  const t = new TestContext({ ...second, onFailure: 'skip' })
  const s = t.input([[1], [2]])
  t.output(s.transform(() => undefined as never))
  const other = t.output(s)
  await expect(t.run()).rejects.toMatchObject({ code: 'transform-returned-nothing' })
  expect(other.batches).toEqual([[1], [2]])
  expect(t.errors.map(({ time }) => time)).toEqual([1000, 2000])
})

type Numbers = DStream<number>

test.each<[string, (s: Numbers, f: () => never) => DStream<unknown>]>([
  ['transform', (s, f) => s.transform(f)],
  ['transformToPair', (s, f) => s.transformToPair(f)],
  ['transformWith', (s, f) => s.transformWith(s, f)],
  ['transform', (s, f) => s.context.transform([s], f)],
])('what %s must return is said when it returns something else', async (name, transformed) => {
  const returning = (value: (s: Numbers) => unknown) =>
    runBatches<number, unknown>([[1]], (s) => transformed(s, () => value(s) as never))
  const no = 'Transform function must not return null.'
  await expect(returning(() => null)).rejects.toThrow(no)
  await expect(returning(() => null)).rejects.toThrow(`the function of ${name} returned null`)
  await expect(returning(() => Promise.resolve(undefined))).rejects.toThrow(no)
  const rdd = 'Transform function must return an RDD;'
  await expect(returning(() => [1])).rejects.toMatchObject({ code: 'transform-returned-no-rdd' })
  await expect(returning(() => [1])).rejects.toThrow(`${rdd} the function of ${name} returned [1].`)
  await expect(returning(async () => 'a')).rejects.toThrow(`${rdd} the function of ${name} returned "a".`)
  await expect(returning((s) => s)).rejects.toThrow(`${rdd} the function of ${name} returned a DStream.`)
})

test('what it throws comes out as it was thrown', async () => {
  const t = new TestContext(second)
  const mine = new TypeError('mine')
  t.output(
    t.input([[1]]).transform(() => {
      throw mine
    }),
  )
  await expect(t.run()).rejects.toBe(mine)
})

test('a parent without an RDD fails the batch, in the words of Spark', async () => {
  const none = runBatches<number, number>([null], (s) => s.map((n) => n).transform((rdd) => rdd))
  await expect(none).rejects.toMatchObject({ code: 'no-parent-rdd' })
  await expect(none).rejects.toThrow(
    'Couldn\'t generate RDD from parent at time 1000 ms: "map", a parent of transform, has none',
  )
})

test('several streams are an array of streams, and of one context', () => {
  const t = new TestContext(second)
  const s = t.input([[1]])
  const of = (streams: unknown) => () => t.ssc.transform(streams as [], () => t.ssc.sc.emptyRDD())
  expect(of(s)).toThrow('Transform takes an array of DStreams, [a, b], not a DStream')
  expect(of([s, 1])).toThrow('Transform takes an array of DStreams, [a, b], not [a DStream, 1]')
  expect(of([])).toThrow('Transform called on no streams')
  expect(of([s, new TestContext(second).input([[1]])])).toThrow(/different contexts/)
})
