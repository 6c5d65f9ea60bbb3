import { runBatches } from 'dstream/testing'
import { expect, expectTypeOf, test } from 'vitest'
import type { DStream } from '../../index.js'
import { batchwise, words } from '../../../test/laws.js'

test('records become pairs', async () => {
  expect(await runBatches([['a', 'bb']], (s) => s.mapToPair((w) => [w, w.length]))).toEqual([
    [
      ['a', 1],
      ['bb', 2],
    ],
  ])
})

test('the records are those of map', () =>
  batchwise(
    words,
    (s) => s.mapToPair((w) => [w, 1]),
    (b) => b.map((w): [string, number] => [w, 1]),
  ))

test('the pair operators are there afterwards, and only then', () => {
  const pairs = (s: DStream<string>) => s.mapToPair((w) => [w, 1])
  expectTypeOf(pairs).returns.toEqualTypeOf<DStream<[string, number]>>()
  // @ts-expect-error strings are no pairs
  const misuse = (s: DStream<string>) => s.reduceByKey((a) => a)
  // @ts-expect-error a plain object is no key
  const badKey = (s: DStream<string>) => s.mapToPair((w) => [{ w }, 1])
  expect([misuse, badKey]).toHaveLength(2)
})
