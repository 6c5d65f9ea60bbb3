import { runBatches } from 'dstream/testing'
import { expect, test } from 'vitest'

test('passes on what it sees', async () => {
  const seen: number[] = []
  expect(await runBatches([[1, 2], [3]], (s) => s.tap((n) => seen.push(n)))).toEqual([[1, 2], [3]])
  expect(seen).toEqual([1, 2, 3])
})

test('two outputs on one stream: each record is seen once', async () => {
  const seen: number[] = []
  await runBatches([[1, 2]], (s) => {
    const tapped = s.tap((n) => seen.push(n))
    tapped.foreachRDD((rdd) => rdd.collect())
    return tapped
  })
  expect(seen).toEqual([1, 2])
})
