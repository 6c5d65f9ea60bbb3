import { runBatches } from 'dstream/testing'
import { expect, test } from 'vitest'
import { batchwise, pairs } from '../../../test/laws.js'

test('with the identity it is reduceByKey', () =>
  batchwise(
    pairs,
    (s) =>
      s.combineByKey(
        (v) => v,
        (c: number, v) => c + v,
        (a, b) => a + b,
      ),
    (batch) => {
      const sums = new Map<string, number>()
      for (const [k, v] of batch) sums.set(k, (sums.get(k) ?? 0) + v)
      return [...sums]
    },
  ))

test('combiners are made once per key and partition, and merged across partitions', async () => {
  const calls: string[] = []
  const out = await runBatches(
    [
      [
        ['a', 1],
        ['a', 2],
        ['a', 3],
        ['a', 4],
      ] as [string, number][],
    ],
    (s) =>
      s.combineByKey(
        (v) => (calls.push('create'), `${v}`),
        (c: string, v) => (calls.push('merge'), `${c}+${v}`),
        (a, b) => (calls.push('combine'), `(${a})(${b})`),
      ),
    { numPartitions: 2 },
  )
  expect(out).toEqual([[['a', '(1+2)(3+4)']]])
  expect(calls).toEqual(['create', 'merge', 'create', 'merge', 'combine'])
})
