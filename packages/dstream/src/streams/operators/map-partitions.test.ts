import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../../test/laws.js'

test('sees a partition as a whole', async () => {
  const sums = await runBatches([[1, 2, 3, 4]], (s) => s.mapPartitions((records) => [[...records].length]), {
    numPartitions: 2,
  })
  expect(sums).toEqual([[2, 2]])
})

test('record by record it is flatMap', () =>
  batchwise(
    fc.integer(),
    (s) =>
      s.mapPartitions(function* (records) {
        for (const n of records) yield* [n, n + 1]
      }),
    (b) => b.flatMap((n) => [n, n + 1]),
  ))

test('to pairs', async () => {
  const counted = await runBatches([['a', 'b', 'a']], (s) =>
    s.mapPartitionsToPair((records) => [...records].map((w): [string, number] => [w, 1])).reduceByKey((a, b) => a + b),
  )
  expect(counted).toEqual([
    [
      ['a', 2],
      ['b', 1],
    ],
  ])
})
