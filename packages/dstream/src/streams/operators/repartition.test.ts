import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwiseUnordered } from '../../../test/laws.js'

test('exactly as many partitions as asked', async () => {
  const sizes = await runBatches([[1, 2, 3, 4, 5, 6], []], (s) =>
    s
      .repartition(3)
      .glom()
      .map((part) => part.length),
  )
  expect(sizes).toEqual([
    [2, 2, 2],
    [0, 0, 0],
  ])
})

test('the same records', () =>
  batchwiseUnordered(
    fc.integer(),
    (s) => s.repartition(3),
    (b) => b,
  ))

test('no partitions are refused', async () => {
  await expect(runBatches([[1]], (s) => s.repartition(0))).rejects.toMatchObject({ code: expect.any(String) })
})
