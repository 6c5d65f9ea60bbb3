import { runBatches } from 'dstream/testing'
import { expect, test } from 'vitest'
import { batchwise, words } from '../../../test/laws.js'

function counted(batch: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const word of batch) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts]
}

test('how often each value occurs, in order of first arrival', () => batchwise(words, (s) => s.countByValue(), counted))

test('values are compared by value', async () => {
  const out = await runBatches([[['a', 1] as const, ['a', 1] as const, ['a', 2] as const]], (s) => s.countByValue())
  expect(out).toEqual([
    [
      [['a', 1], 2],
      [['a', 2], 1],
    ],
  ])
})

test('in as many partitions as asked', async () => {
  const parts = await runBatches([['a', 'b', 'c']], (s) => s.countByValue({ numPartitions: 4 }).glom())
  expect(parts[0]).toHaveLength(4)
})
