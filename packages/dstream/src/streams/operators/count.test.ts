import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../../test/laws.js'

test('an empty batch counts 0, a missing one nothing', async () => {
  expect(await runBatches([['a', 'b'], [], null, ['c']], (s) => s.count())).toEqual([[2], [0], [1]])
})

test('counts', () =>
  batchwise(
    fc.integer(),
    (s) => s.count(),
    (b) => [b.length],
  ))

test('counts what flows through a chain', () =>
  batchwise(
    fc.integer(),
    (s) =>
      s
        .filter((n) => n > 0)
        .flatMap((n) => [n, n])
        .count(),
    (b) => [b.filter((n) => n > 0).length * 2],
  ))
