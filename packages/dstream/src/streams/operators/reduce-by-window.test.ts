import { Seconds } from 'dstream'
import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf } from '../../../test/laws.js'

function add(a: number, b: number): number {
  return a + b
}
const small = fc.integer({ min: -99, max: 99 })

test('is the reduction of the window', () =>
  fc.assert(
    fc.asyncProperty(
      batchesOf(small),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (rows, w, s) => {
        const direct = await runBatches(rows, (x) => x.window(Seconds(w), Seconds(s)).reduce(add))
        expect(await runBatches(rows, (x) => x.reduceByWindow(add, Seconds(w), Seconds(s)))).toEqual(direct)
      },
    ),
    { numRuns: 40 },
  ))

test('with an inverse: nothing before the first record, what is left of the value afterwards', async () => {
  const out = await runBatches([[], [1, 2], [3], [], []], (x) => x.reduceByWindow(add, (a, b) => a - b, Seconds(2)))
  expect(out).toEqual([[], [3], [6], [3], [0]])
})
