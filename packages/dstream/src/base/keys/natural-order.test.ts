import fc from 'fast-check'
import { List } from 'immutable'
import { describe, expect, test } from 'vitest'
import { Milliseconds } from '../time/duration.js'
import { Time } from '../time/time.js'
import { canonicalOf } from './intern.js'
import { compareNatural } from './natural-order.js'

const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, NaN, Infinity, -Infinity))
const string = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('', 'a', 'ab', 'Z', 'é', '😀', '\uffff'))
const numbers = fc.array(number, { maxLength: 3 })

const families: [string, fc.Arbitrary<unknown>][] = [
  ['numbers', number],
  ['strings', string],
  ['bigints', fc.bigInt({ min: -5n, max: 5n })],
  ['booleans', fc.boolean()],
  ['nulls', fc.constant(null)],
  ['arrays of numbers', numbers],
  ['Lists of strings', fc.array(string, { maxLength: 3 }).map((parts) => List(parts))],
  ['arrays of a string and numbers', fc.tuple(string, numbers)],
]

describe.each(families)('%s', (_, one) => {
  test('are in a total order that agrees with equality of keys', () => {
    fc.assert(
      fc.property(one, one, one, (a, b, c) => {
        const [ab, ba, bc, ac] = [
          compareNatural(a, b),
          compareNatural(b, a),
          compareNatural(b, c),
          compareNatural(a, c),
        ]
        expect(Math.sign(ab) + Math.sign(ba)).toBe(0)
        expect(ab === 0).toBe(canonicalOf(a).encoding === canonicalOf(b).encoding)
        if (ab <= 0 && bc <= 0) expect(ac).toBeLessThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})

test.each<[string, readonly unknown[]]>([
  ['numbers, NaN last', [-Infinity, -1, 0, 0.5, 1e300, Infinity, NaN]],
  ['bigints', [-(10n ** 30n), -1n, 0n, 10n ** 30n]],
  ['strings by code unit', ['', 'A', 'Z', 'a', 'aa', 'b', 'é', '😀', '\uffff']],
  ['booleans', [false, true]],
  ['arrays', [[], [1], [1, 0], [1, 1], [2], [NaN]]],
  [
    'nested arrays',
    [
      [[1], 'b'],
      [[1], 'c'],
      [[1, 1], 'a'],
    ],
  ],
  ['Lists', [List<number>(), List([1]), List([1, 2]), List([2])]],
  ['Dates, invalid ones last', [new Date(-1), new Date(0), new Date(1), new Date(NaN)]],
  ['Times', [new Time(1), new Time(2)]],
  ['Durations', [Milliseconds(-1), Milliseconds(2)]],
])('%s', (_, ascending) => {
  expect([...ascending].reverse().sort(compareNatural)).toEqual(ascending)
  ascending.forEach((a, i) =>
    ascending.forEach((b, j) => {
      expect(Math.sign(compareNatural(a, b))).toBe(Math.sign(i - j))
    }),
  )
})

test('minus zero is zero', () => {
  expect(compareNatural(-0, 0)).toBe(0)
  expect(compareNatural([-0], [0])).toBe(0)
})

test('strings sort as JavaScript sorts them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('', 'a', 'Z', 'é', '\ud83d', '\ude00', '\uffff'), maxLength: 3 })),
      (strings) => {
        expect([...strings].sort(compareNatural)).toEqual([...strings].sort())
      },
    ),
  )
})

test.each<[unknown, unknown, string]>([
  [1, 'a', 'The number 1 and the string "a" have no common order'],
  ['a', 1, 'The string "a" and the number 1'],
  [1, 1n, 'The number 1 and the bigint 1n'],
  [true, 1, 'The boolean true and the number 1'],
  [null, 1, 'null and the number 1'],
  ['a', null, 'The string "a" and null'],
  [[1], 1, 'The Array [1] and the number 1'],
  [[1], ['a'], 'The number 1 and the string "a"'],
  [[1], List([1]), 'The Array [1] and the List [1]'],
  [new Date(0), 0, 'The Date "1970-01-01T00:00:00.000Z" and the number 0'],
  [new Time(0), Milliseconds(0), 'The Time 0 and the Duration 0'],
])('%# mixed types are refused: %s, %s', (a, b, words) => {
  const refused = expect.objectContaining({ code: 'mixed-order', message: expect.stringContaining(words) })
  expect(() => compareNatural(a, b)).toThrow(refused)
})

test.each<[unknown, string]>([
  [undefined, 'undefined has no natural order'],
  [{ a: 1 }, 'A plain object {"a":1} has no natural order'],
  [new Map(), 'A Map {} has no natural order'],
  [Symbol('s'), 'A symbol Symbol(s) has no natural order'],
  [() => 1, 'A function'],
])('%# what has no order is refused', (value, words) => {
  const refused = expect.objectContaining({ code: 'no-order', message: expect.stringContaining(words) })
  expect(() => compareNatural(value, value)).toThrow(refused)
  expect(() => compareNatural(value, 1)).toThrow(refused)
  expect(() => compareNatural('a', value)).toThrow(refused)
  expect(() => compareNatural([value], [value])).toThrow(refused)
})
