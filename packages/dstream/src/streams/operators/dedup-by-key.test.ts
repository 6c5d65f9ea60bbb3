import { Seconds } from 'dstream'
import { runBatches, testRecovery } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, number]

test('the first of each key, over batches and crashes; with a ttl, again when it has been away', async () => {
  const rows: Pair[][] = [
    [
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ],
    [['a', 3]],
    [],
    [['b', 2]],
  ]
  expect(await runBatches(rows, (s) => s.dedupByKey())).toEqual([
    [
      ['a', 1],
      ['b', 1],
    ],
    [],
    [],
    [],
  ])
  const again = await runBatches(rows, (s) => s.dedupByKey({ ttl: Seconds(2) }))
  expect(again.at(-1)).toEqual([['b', 2]])
  await testRecovery<Pair>((t, s) => void t.output(s.mapToPair((p) => p).dedupByKey({ ttl: Seconds(1) })), rows)
})

test('is the input without the pairs whose key has come within the ttl', () =>
  fc.assert(
    fc.asyncProperty(
      batchesOf(pairs),
      fc.option(fc.integer({ min: 1, max: 3 })),
      fc.integer({ min: 1, max: 3 }),
      async (batches, ttl, numPartitions) => {
        const passed = new Map<string, number>()
        const expected = batches.map((batch, t) =>
          batch.filter(([key]) => {
            const last = passed.get(key)
            if (last !== undefined && (ttl === null || t - ttl <= last)) return false
            passed.set(key, t)
            return true
          }),
        )
        const options = ttl === null ? {} : { ttl: Seconds(ttl) }
        const out = await runBatches<string, number, Pair>(batches, (s) => s.dedupByKey(options), { numPartitions })
        expect(out).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  ))

test('what is no pair is refused, naming the cure', async () => {
  const rows = [['ab']] as unknown as Pair[][]
  await expect(runBatches(rows, (s) => s.dedupByKey())).rejects.toThrow(/mapToPair/)
})
