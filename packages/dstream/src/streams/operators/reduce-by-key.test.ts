import { runBatches } from 'dstream/testing'
import { expect, test } from 'vitest'
import { batchwise, batchwiseUnordered, pairs } from '../../../test/laws.js'

function reduced(batch: readonly [string, number][]): [string, number][] {
  const sums = new Map<string, number>()
  for (const [k, v] of batch) sums.set(k, (sums.get(k) ?? 0) + v)
  return [...sums]
}

test('per key, keys in order of first arrival', () => batchwise(pairs, (s) => s.reduceByKey((a, b) => a + b), reduced))

test('the same keys and values in several partitions', () =>
  batchwiseUnordered(pairs, (s) => s.reduceByKey((a, b) => a + b, { numPartitions: 3 }), reduced))

test('keys are compared by value', async () => {
  const rows: [readonly [string, number], number][][] = [
    [
      [['x', 1], 1],
      [['x', 1], 2],
      [['x', 2], 4],
    ],
  ]
  expect(await runBatches(rows, (s) => s.reduceByKey((a, b) => a + b))).toEqual([
    [
      [['x', 1], 3],
      [['x', 2], 4],
    ],
  ])
})

test('a plain object is no key', async () => {
  const rows = [[[{ a: 1 }, 1]]] as unknown as [string, number][][]
  await expect(runBatches(rows, (s) => s.reduceByKey((a, b) => a + b))).rejects.toMatchObject({
    code: 'key-not-allowed',
  })
})

test('records that are no pairs are refused, naming the cure', async () => {
  const rows = [['ab', 'c']] as unknown as [string, number][][]
  await expect(runBatches(rows, (s) => s.reduceByKey((a, b) => a + b))).rejects.toThrow(/mapToPair/)
})
