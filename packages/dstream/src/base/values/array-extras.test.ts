import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arePlainPairs, hasExtras, isPlainPair } from './array-extras.js'

const names = fc.oneof(fc.integer({ min: 0, max: 12 }).map(String), fc.constantFrom('index', '-1', '01', '1e3', '4294967295')) // prettier-ignore
/** Arrays with and without holes, with properties of all kinds. */
const arrays = fc
  .record({
    length: fc.integer({ min: 0, max: 12 }),
    properties: fc.array(names, { maxLength: 12 }),
    symbol: fc.boolean(),
  })
  .map(({ length, properties, symbol }) => {
    const array: unknown[] = []
    for (const name of properties) array[name as never] = name as never
    array.length = Math.max(array.length, length)
    return symbol ? Object.assign(array, { [Symbol('s')]: 1 }) : array
  })

test('law: extras are what an array has beside its items, in a short array with holes too', () =>
  fc.assert(
    fc.property(arrays, (array) => {
      const items = array.reduce<number>((n) => n + 1, 0)
      fc.pre(array.length <= 8 || items === array.length)
      const own = Object.keys(array).length + Object.getOwnPropertySymbols(array).length
      expect(hasExtras(array)).toBe(own > items)
    }),
    { numRuns: 1000 },
  ))

test('what is no array, or one of a class, is no plain pair', () => {
  class Row extends Array<number> {}
  for (const record of [1, 'ab', null, { 0: 1, 1: 2, length: 2 }, Row.of(1, 2)]) expect(isPlainPair(record)).toBe(false)
  expect(arePlainPairs([['a', 1], 'ab'.match(/(b)/)!])).toBe(false)
  expect(arePlainPairs([['a', 1], ['b', 2]])).toBe(true) // prettier-ignore
})
