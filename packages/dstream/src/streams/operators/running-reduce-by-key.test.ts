import { Seconds } from 'dstream'
import { runBatches, testRecovery, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, string]

const words = pairs.map(([k, v]): Pair => [k, String(v)])
function join(a: string, b: string): string {
  return `${a},${b}`
}

test('all values so far, in order, reduced; keys in order of first arrival', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(words), fc.integer({ min: 1, max: 3 }), async (batches, numPartitions) => {
      const all = new Map<string, string>()
      const expected = batches.map((batch) => {
        for (const [k, v] of batch) all.set(k, all.has(k) ? join(all.get(k)!, v) : v)
        return [...all]
      })
      const options = { numPartitions }
      expect(await runBatches<string, string, Pair>(batches, (s) => s.runningReduceByKey(join), options)).toEqual(
        expected,
      )
    }),
    { numRuns: 40 },
  ))

test('only what is in a batch is changed by it', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  let merged = 0
  const stream = t
    .inputPairs<string, number>([
      [
        ['a', 1],
        ['b', 1],
      ],
      [['b', 1]],
      [],
      null,
    ]) // prettier-ignore
    .runningReduceByKey((a, b) => (merged++, a + b))
  const out = t.output(stream)
  await t.run()
  expect(merged).toBe(1)
  expect(out.batches[3]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  expect([stream.get('b'), [...stream.snapshot()].length]).toEqual([2, 2])
})

test('a value may be added to in place: the total of a batch that fails stays what it was', async () => {
  let broken = true
  const t = new TestContext({ batchInterval: Seconds(1), onFailure: 'skip' })
  const stream = t
    .inputPairs<string, Set<number>>([[['a', new Set([1])]], [['a', new Set([2])]], [['a', new Set([3])]]])
    .runningReduceByKey((a, b) => {
      for (const v of b) a.add(v)
      if (broken && b.has(2)) throw new Error('after the change')
      return a
    })
  stream.foreachRDD(() => {})
  await expect(t.run(2)).rejects.toThrow('after the change')
  expect([...stream.get('a')!]).toEqual([1])
  broken = false
  await t.run()
  expect([...stream.get('a')!]).toEqual([1, 2, 3])
})

test('a crash anywhere changes nothing', async () => {
  const rows = [['a', 'b'], ['b'], [], ['a']]
  const { points } = await testRecovery<string>((t, s) => {
    t.output(s.mapToPair((w): Pair => [w, w]).runningReduceByKey(join))
  }, rows)
  expect(points).toBeGreaterThanOrEqual(8)
})
