import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describe } from './describe.js'

const cyclic: unknown[] = [1]
cyclic.push(cyclic)

test.each([
  ['a', '"a"'],
  [5, '5'],
  [-0, '-0'],
  [NaN, 'NaN'],
  [5n, '5n'],
  [null, 'null'],
  [undefined, 'undefined'],
  [['a', 1], '["a", 1]'],
  [[['a', 'b'], { c: 1 }], '[["a","b"], {"c":1}]'],
  [cyclic, '[1, [1,"[circular]"]]'],
  [{ a: 1 }, '{"a":1}'],
  [Symbol('s'), 'Symbol(s)'],
  [new Map([['a', 1]]), '{"a":1}'],
])('%#', (value, expected) => {
  expect(describe(value)).toBe(expected)
})

const anyUnit = fc.nat(0x2fff).map((n) => String.fromCharCode(n))

test('anything is described in one short line', () => {
  const anything = fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: true })
  fc.assert(
    fc.property(fc.oneof(anything, fc.string({ unit: anyUnit, maxLength: 300 })), (value) => {
      const text = describe(value)
      expect(text.length).toBeLessThanOrEqual(80)
      expect(text).not.toMatch(/\p{Cc}(?<!\t)/u)
    }),
  )
})
