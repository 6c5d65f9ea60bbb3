import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../../test/laws.js'

test('an empty batch gives nothing', async () => {
  expect(await runBatches([[1, 2, 3], [], [4]], (s) => s.reduce((a, b) => a + b))).toEqual([[6], [], [4]])
})

test('each batch is reduced as an array is', () =>
  batchwise(
    fc.integer({ min: -99, max: 99 }),
    (s) => s.reduce((a, b) => a + b),
    (b) => (b.length === 0 ? [] : [b.reduce((x, y) => x + y)]),
  ))
