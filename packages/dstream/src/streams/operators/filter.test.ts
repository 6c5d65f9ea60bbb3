import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import type { DStream } from '../../index.js'
import { batchwise } from '../../../test/laws.js'

test('keeps what the predicate holds for', async () => {
  expect(await runBatches([[1, 2, 3], [], [4]], (s) => s.filter((n) => n % 2 === 0))).toEqual([[2], [], [4]])
})

test('each batch is filtered as an array is', () =>
  batchwise(
    fc.integer(),
    (s) => s.filter((n) => n > 0),
    (b) => b.filter((n) => n > 0),
  ))

test('two filters are one of both', () =>
  batchwise(
    fc.integer({ min: 0, max: 30 }),
    (s) => s.filter((n) => n % 2 === 0).filter((n) => n % 3 === 0),
    (b) => b.filter((n) => n % 6 === 0),
  ))

test('a type guard narrows the stream', () => {
  const guard = (s: DStream<string | number>) => s.filter((x): x is string => typeof x === 'string')
  expectTypeOf(guard).returns.toEqualTypeOf<DStream<string>>()
})
