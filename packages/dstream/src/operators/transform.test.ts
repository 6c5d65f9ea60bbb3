import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../test/laws.js'

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
  const t = new TestContext(second)
  const s = t.input([[1], [2]])
  t.output(s.transform(() => undefined as never))
  const other = t.output(s)
  await expect(t.run()).rejects.toMatchObject({ code: 'transform-returned-nothing' })
  expect(other.batches).toEqual([[1], [2]])
  expect(t.errors.map(({ time }) => time)).toEqual([1000, 2000])
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

test('a parent without an RDD fails the batch', async () => {
  await expect(runBatches([null], (s) => s.transform((rdd) => rdd))).rejects.toMatchObject({ code: 'no-parent-rdd' })
})
