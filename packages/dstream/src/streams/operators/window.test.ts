import { Milliseconds, Seconds } from 'dstream'
import { TestContext, runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf } from '../../../test/laws.js'

test('overlapping windows; the first are partial', async () => {
  const out = await runBatches([[1], [2], [3], [4], [5]], (s) => s.window(Seconds(3), Seconds(1)))
  expect(out).toEqual([[1], [1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]])
})

test('tumbling windows', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(t.input([[1], [2], [3], [4]]).window(Seconds(2), Seconds(2)))
  await t.run()
  expect(out.batches).toEqual([
    [1, 2],
    [3, 4],
  ])
  expect(out.times).toEqual([2000, 4000])
})

test('slide longer than the window: what lies between is never seen', async () => {
  expect(await runBatches([[1], [2], [3], [4], [5], [6]], (s) => s.window(Seconds(1), Seconds(3)))).toEqual([[3], [6]])
})

test('a batch without an RDD is passed over', async () => {
  expect(await runBatches([[1], null, [3]], (s) => s.window(Seconds(2)))).toEqual([[1], [1], [3]])
})

test('windows of windows', async () => {
  const out = await runBatches([[1], [2], [3], [4]], (s) => s.window(Seconds(2)).window(Seconds(2)))
  expect(out).toEqual([[1], [1, 1, 2], [1, 2, 2, 3], [2, 3, 3, 4]])
})

test('at t the batches in (t − window, t]', () =>
  fc.assert(
    fc.asyncProperty(
      batchesOf(fc.integer()),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (batches, width, slide) => {
        const expected = batches.flatMap((_, i) =>
          (i + 1) % slide === 0 ? [batches.slice(Math.max(0, i + 1 - width), i + 1).flat()] : [],
        )
        expect(await runBatches(batches, (s) => s.window(Seconds(width), Seconds(slide)))).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  ))

test('durations that are no multiple of the slide, zero, negative, or no durations are refused', () => {
  const stream = new TestContext({ batchInterval: Seconds(1) }).input([[1]])
  expect(() => stream.window(Milliseconds(1500))).toThrow(/multiple of the slide duration/)
  expect(() => stream.window(Seconds(2), Milliseconds(500))).toThrow(/multiple of the slide duration/)
  expect(() => stream.window(Seconds(0))).toThrow()
  expect(() => stream.window(Seconds(1).minus(Seconds(3)))).toThrow()
  // @ts-expect-error a bare number is no duration
  expect(() => stream.window(30)).toThrow(/Seconds/)
})
