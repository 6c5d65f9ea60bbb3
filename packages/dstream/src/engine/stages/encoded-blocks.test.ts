import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PairColumns } from '../../rdd/execution/pair-columns.js'
import { dividedTable, undividedTable } from '../../rdd/stages/blocks.js'
import {
  decodedBlock,
  decodedMerged,
  decodedTable,
  encodedBlocks,
  encodedFirsts,
  encodedTable,
  tableOrBlocks,
} from './encoded-blocks.js'

const wordsOf = (count: number): PairColumns<unknown, unknown> => {
  const at = Array.from({ length: count }, (_, i) => i)
  return new PairColumns(
    at.map((i) => `word ${i}`),
    at.map((i) => ({ n: i, half: i / 2, text: `${i}` })),
  )
}

test('blocks come out as they went in, however far apart their pairs were', () => {
  const counts = fc.oneof(fc.nat({ max: 50 }), fc.integer({ min: 3000, max: 3100 }))
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 300 }), fc.nat({ max: 5000 }), (count, buckets, partition) => {
      const table = wordsOf(count)
      const blocks = encodedBlocks(table, partition, buckets)
      const divided = dividedTable(table, partition, buckets)
      expect(blocks.map(({ length }) => length > 0)).toEqual(divided.map(({ places }) => places.length > 0))
      const decoded = blocks.filter(({ length }) => length > 0).map(decodedBlock)
      expect(decoded).toEqual(divided.filter(({ places }) => places.length > 0))
      expect([...undividedTable(decoded)]).toEqual([...table])
    }),
    { numRuns: 20 },
  )
})

test('the places of merged keys come out as they went in', () => {
  const rising = fc.uniqueArray(fc.nat()).map((places) => places.sort((a, b) => a - b))
  fc.assert(
    fc.property(fc.array(fc.record({ partition: fc.nat(), places: rising })), (firsts) => {
      const { counts, places } = encodedFirsts(firsts)
      expect(decodedMerged(encodedTable(wordsOf(2)), { counts, places })).toEqual({ table: wordsOf(2), firsts })
    }),
  )
})

test.each([
  ['a small table', 3, 1000, false],
  ['a table of few large pairs', 3, 50, true],
  ['a table of many pairs', 5000, 1_000_000, false],
  ['a table of more', 5000, 50_000, true],
])('%s is sent as a whole, or divided where it has more bytes', (_, count, mostBytes, isDivided) => {
  const table = wordsOf(count)
  const made = tableOrBlocks(table, 0, { buckets: 4, mostBytes })
  expect(Array.isArray(made)).toBe(isDivided)
  const whole = Array.isArray(made)
    ? undividedTable(made.filter(({ length }) => length > 0).map(decodedBlock))
    : decodedTable(made)
  expect([...whole]).toEqual([...table])
})
