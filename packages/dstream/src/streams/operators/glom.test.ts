import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise } from '../../../test/laws.js'

test('one array a partition', async () => {
  expect(await runBatches([[1, 2, 3], []], (s) => s.glom(), { numPartitions: 2 })).toEqual([
    [[1], [2, 3]],
    [[], []],
  ])
})

test('taken apart again it is what it was', () =>
  batchwise(
    fc.integer(),
    (s) => s.glom().flatMap((a) => a),
    (b) => b,
  ))
