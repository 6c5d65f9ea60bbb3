import fc from 'fast-check'
import { List, Map as ImmutableMap, OrderedMap, Record, Set as ImmutableSet } from 'immutable'
import { describe, expect, test } from 'vitest'
import { textForm } from './text-form.js'

const cyclic: { [name: string]: unknown } = { a: 1 }
cyclic['self'] = cyclic
const cyclicMap = new Map<string, unknown>()
cyclicMap.set('self', cyclicMap)
const shared = { x: 1 }
const Point = Record({ x: 0, y: 0 })

describe.each<[string, [unknown, string][]]>([
  [
    'strings and other primitives as they are',
    [
      ['a b', 'a b'],
      ['', ''],
      [1, '1'],
      [-0, '0'],
      [NaN, 'NaN'],
      [1e21, '1e+21'],
      [12n, '12'],
      [true, 'true'],
      [null, 'null'],
      [undefined, 'undefined'],
      [Symbol('s'), 'Symbol(s)'],
      [function f() {}, '[function f]'],
    ],
  ],
  [
    'pairs as tuples',
    [
      [['a', 1], '(a,1)'],
      [['a', [1, 2]], '(a,(1,2))'],
      [['a', ['b', undefined]], '(a,(b,undefined))'],
      [[['a', 'b'], 3], '((a,b),3)'],
      [['a', [1, 2, 3]], '(a,[1,2,3])'],
      [['a', { n: [1, 2] }], '(a,{"n":[1,2]})'],
      [[NaN, 1n], '(NaN,1)'],
    ],
  ],
  [
    'everything else as one line of JSON',
    [
      [[], '[]'],
      [['a'], '["a"]'],
      [['a', 1, 2], '["a",1,2]'],
      [{ text: 'two\nlines' }, '{"text":"two\\nlines"}'],
      [new Date(0), '"1970-01-01T00:00:00.000Z"'],
      [{ n: 12n }, '{"n":"12"}'],
      [new Map([['a', 1]]), '{"a":1}'],
      [new Map([[1, 'a']]), '[[1,"a"]]'],
      [{ s: new Set(['a']) }, '{"s":["a"]}'],
      [new Uint8Array([1, 2, 3]), '[1,2,3]'],
      [new BigInt64Array([1n]), '["1"]'],
      [Buffer.from([1, 2]), '[1,2]'],
      [new Uint8Array([1, 2]).buffer, '[1,2]'],
      [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), '[2,3]'],
      [List(['a', 1]), '["a",1]'],
      [ImmutableMap({ a: 1 }), '{"a":1}'],
      [OrderedMap([[1, 'a']] as [unknown, unknown][]).set('1', 'b'), '[[1,"a"],["1","b"]]'],
      [ImmutableSet([1]), '[1]'],
      [new Point({ x: 1 }), '{"x":1,"y":0}'],
      [/a/g, '"/a/g"'],
      [new TypeError('no'), '{"name":"TypeError","message":"no"}'],
    ],
  ],
  [
    'what no form is made for does not throw',
    [
      [cyclic, '{"a":1,"self":"[circular]"}'],
      [cyclicMap, '{"self":"[circular]"}'],
      [[shared, shared, cyclic], '[{"x":1},{"x":1},{"a":1,"self":"[circular]"}]'],
      [{ a: shared, b: { c: shared }, d: cyclic }, '{"a":{"x":1},"b":{"c":{"x":1}},"d":{"a":1,"self":"[circular]"}}'],
      [Object.create(null), '{}'],
      [{ toJSON: () => undefined }, '[unprintable]'],
      [
        {
          get a() {
            throw new Error('no')
          },
        },
        '[unprintable]',
      ],
    ],
  ],
])('%s', (_, rows) => {
  test.each(rows)('%#', (record, expected) => {
    expect(textForm(record)).toBe(expected)
  })
})

test('a pair that holds itself ends', () => {
  const pair: unknown[] = [1]
  pair.push(pair)
  expect(textForm(pair)).toMatch(/^(\(1,)+\[1,"\[circular\]"\]\)+$/)
})

test('plain data that is no pair is what JSON.stringify makes of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (record) => {
      fc.pre(!(Array.isArray(record) && record.length === 2))
      expect(textForm(record)).toBe(JSON.stringify(record))
    }),
  )
})

test('anything has a form, and only strings bring line ends into it', () => {
  const anything = fc.anything({
    withBigInt: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withDate: true,
    withSparseArray: true,
    withNullPrototype: true,
  })
  fc.assert(
    fc.property(anything, (record) => {
      expect(typeof textForm(record)).toBe('string')
      expect(textForm({ record })).not.toMatch(/[\n\r]/)
    }),
  )
})
