import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import type { DStream } from '../../index.js'
import { batchwise } from '../../../test/laws.js'

test('one record in, one record out, batch by batch', async () => {
  expect(await runBatches([[1, 2], [], [3]], (s) => s.map((n) => n * 10))).toEqual([[10, 20], [], [30]])
})

test('each batch is mapped as an array is', () =>
  batchwise(
    fc.integer(),
    (s) => s.map((n) => n + 1),
    (b) => b.map((n) => n + 1),
  ))

test('a map after a map is the map of both', () =>
  batchwise(
    fc.integer(),
    (s) => s.map((n) => n + 1).map(String),
    (b) => b.map((n) => String(n + 1)),
  ))

test('undefined and null are ordinary records', async () => {
  expect(await runBatches([[1, 2]], (s) => s.map((n) => (n === 1 ? undefined : null)))).toEqual([[undefined, null]])
})

test('a batch without an RDD has none after it either', async () => {
  expect(await runBatches([[1], null, [2]], (s) => s.map((n) => n))).toEqual([[1], [2]])
})

test('the type follows the function', () => {
  const of = (s: DStream<number>): DStream<string> => s.map(String)
  expectTypeOf(of).returns.toEqualTypeOf<DStream<string>>()
})

test('what is not a function is refused where it is written', async () => {
  await expect(runBatches([[1]], (s) => s.map('x' as never))).rejects.toMatchObject({ code: expect.any(String) })
})
