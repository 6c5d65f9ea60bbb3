import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise, pairs } from '../../../test/laws.js'

test('the greatest first', async () => {
  expect(await runBatches([[3, 1, 2], []], (s) => s.top(2))).toEqual([[3, 2], []])
})

test('the beginning of the stable descending sort', () =>
  batchwise(
    pairs,
    (s) => s.top(3, ([, n]) => n),
    (b) => [...b].sort((x, y) => y[1] - x[1]).slice(0, 3),
  ))

test('n must be a positive whole number', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, -1, 1.5, NaN), async (n) => {
      await expect(runBatches([[1]], (s) => s.top(n))).rejects.toMatchObject({ code: expect.any(String) })
    }),
  )
})

test('by must be a function', () => {
  const s = new TestContext({ batchInterval: Seconds(1) }).input([[1]])
  expect(() => s.top(2, 'length' as never)).toThrow('top: by must be a function, not "length"')
})
