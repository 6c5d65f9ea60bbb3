import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allot } from './allot.js'

const none = { max: Infinity, min: 0 }

describe('a table of shares', () => {
  test.each<[string, Parameters<typeof allot>[0], number | undefined, number[]]>([
    ['no limit', [{ lag: 5, ...none }, { lag: 0, ...none }], undefined, [5, 0]], // prettier-ignore
    ['in proportion to the lag', [{ lag: 60, ...none }, { lag: 20, ...none }], 4, [3, 1]], // prettier-ignore
    ['the rest to the largest lag', [{ lag: 2, ...none }, { lag: 3, ...none }], 1, [0, 1]], // prettier-ignore
    ['a maximum leaves room for others', [{ lag: 90, max: 1, min: 0 }, { lag: 10, ...none }], 5, [1, 4]], // prettier-ignore
    ['a minimum goes beyond the limit', [{ lag: 90, ...none }, { lag: 9, max: 9, min: 2 }], 1, [1, 2]], // prettier-ignore
  ])('%s', (_, shares, limit, wanted) => expect(allot(shares, limit)).toEqual(wanted))
})

test('law: without minimums the sum is the limit, or all that may be given where that is less', () => {
  const share = fc.record({ lag: fc.nat(1000), max: fc.nat(500), min: fc.constant(0) })
  fc.assert(
    fc.property(fc.array(share, { maxLength: 30 }), fc.nat(5000), (shares, limit) => {
      const given = allot(shares, limit)
      const most = shares.map(({ lag, max }) => Math.min(lag, max))
      expect(given.every((n, i) => n >= 0 && n <= most[i]!)).toBe(true)
      const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
      expect(sum(given)).toBe(Math.min(limit, sum(most)))
    }),
  )
})
