import fc from 'fast-check'
import { List, Map as ImmutableMap, OrderedMap, Record, Set as ImmutableSet } from 'immutable'
import { describe, expect, test } from 'vitest'
import { Duration } from '../time/duration.js'
import { Time } from '../time/time.js'
import { COGROUPED, GROUPED } from './groups.js'
import { recordForm, textForm } from './text-form.js'

const cyclic: { [name: string]: unknown } = { a: 1 }
cyclic['self'] = cyclic
const cyclicMap = new Map<string, unknown>()
cyclicMap.set('self', cyclicMap)
const shared = { x: 1 }
const Point = Record({ x: 0, y: 0 })

class Place {
  constructor(readonly x: number) {}
  toString(): string {
    return `Point(${this.x})`
  }
}

// The values that Spark 4.3 prints for the same data: Scala's tuples and collections, Java's integers and doubles.
const SPARK: [unknown, string][] = [
  ['a b', 'a b'],
  ['', ''],
  [3, '3'],
  [true, 'true'],
  [null, 'null'],
  [['a', 1], '(a,1)'],
  [['a', [1, 2]], '(a,(1,2))'],
  [['a', 1, true], '(a,1,true)'],
  [['a'], '(a)'],
  [['a', null], '(a,null)'],
  [[], '()'],
  [NaN, 'NaN'],
  [-0, '-0.0'],
  [0, '0'],
  [1.5, '1.5'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [1e21, '1.0E21'],
  [1e20, '1.0E20'],
  [12345678.9, '1.23456789E7'],
  [9999999.5, '9999999.5'],
  [1234567.5, '1234567.5'],
  [0.001, '0.001'],
  [0.0025, '0.0025'],
  [0.0001, '1.0E-4'],
  [1e-7, '1.0E-7'],
  [-1.5e-7, '-1.5E-7'],
  [123456789012345680000, '1.2345678901234568E20'],
  [5e-324, '4.9E-324'],
  [Number.MAX_VALUE, '1.7976931348623157E308'],
  [100.25, '100.25'],
  [10_000_000, '10000000'],
  [2 ** 53, '9007199254740992'],
  [2 ** 63, '9.223372036854776E18'],
  [9223372036854775807n, '9223372036854775807'],
  [123456789012345678901234567890n, '123456789012345678901234567890'],
  [List([1, 2]), 'List(1, 2)'],
  [List(), 'List()'],
  [List([['a', 1]]), 'List((a,1))'],
  [['a', List(['x', 'y'])], '(a,List(x, y))'],
  [
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
    'Map(a -> 1, b -> 2)',
  ],
  [new Map(), 'Map()'],
  [new Set([1, 2]), 'Set(1, 2)'],
  [new Set(), 'Set()'],
  [(1 / 3) * -1, '-0.3333333333333333'],
  [0.1 + 0.2, '0.30000000000000004'],
  [10_000_000.5, '1.00000005E7'],
  [-(2 ** 63), '-9.223372036854776E18'],
  [-(2n ** 63n), '-9223372036854775808'],
  ['é😀', 'é😀'],
  ['a\tb', 'a\tb'],
  [['', ''], '(,)'],
  [[1, 2, 3, 4], '(1,2,3,4)'],
  [[[['a', 1], 2], 3], '(((a,1),2),3)'],
  [
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    '((a,b),(c,d))',
  ],
  [['a', NaN], '(a,NaN)'],
  [['a', -0], '(a,-0.0)'],
  [List([List([1]), List()]), 'List(List(1), List())'],
  [List([null, 1]), 'List(null, 1)'],
  [new Map([[['a', 1], new Set([new Map([[null, 2]])])]]), 'Map((a,1) -> Set(Map(null -> 2)))'],
  [new Time(1000), '1000 ms'],
  [new Duration(1000), '1000 ms'],
]

describe.each<[string, [unknown, string][]]>([
  ['as Spark prints it', SPARK],
  [
    "in Spark's way, for what it has no value for",
    [
      [undefined, 'undefined'],
      [Symbol('s'), 'Symbol(s)'],
      [function f() {}, '[function f]'],
      [
        [
          ['a', 'b'],
          [undefined, NaN],
        ],
        '((a,b),(undefined,NaN))',
      ],
      [['a', { n: [1, 2] }], '(a,{"n":[1,2]})'],
      [ImmutableMap({ a: [1, -0] }), 'Map(a -> (1,-0.0))'],
      [OrderedMap([[1, 'a']] as [unknown, unknown][]).set('1', 'b'), 'Map(1 -> a, 1 -> b)'],
      [ImmutableSet([1]), 'Set(1)'],
    ],
  ],
  [
    'by a toString of its own',
    [
      [new Place(1), 'Point(1)'],
      [['a', new Place(2)], '(a,Point(2))'],
      [{ toString: () => 'mine' }, 'mine'],
      [new URL('http://localhost/a'), 'http://localhost/a'],
      [{ toString: 5, a: 1 }, '{"toString":5,"a":1}'],
    ],
  ],
  [
    'everything else as one line of JSON',
    [
      [{ text: 'two\nlines' }, '{"text":"two\\nlines"}'],
      [{ list: ['a', 1, -0] }, '{"list":["a",1,0]}'],
      [new Date(0), '"1970-01-01T00:00:00.000Z"'],
      [{ n: 12n }, '{"n":"12"}'],
      [{ map: new Map([['a', 1]]), other: new Map([[1, 'a']]) }, '{"map":{"a":1},"other":[[1,"a"]]}'],
      [{ s: new Set(['a']) }, '{"s":["a"]}'],
      [new Uint8Array([1, 2, 3]), '[1,2,3]'],
      [new BigInt64Array([1n]), '["1"]'],
      [Buffer.from([1, 2]), '[1,2]'],
      [new Uint8Array([1, 2]).buffer, '[1,2]'],
      [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), '[2,3]'],
      [new Point({ x: 1 }), '{"x":1,"y":0}'],
      [/a/g, '"/a/g"'],
      [new TypeError('no'), '{"name":"TypeError","message":"no"}'],
    ],
  ],
  [
    'what no form is made for does not throw',
    [
      [cyclic, '{"a":1,"self":"[circular]"}'],
      [cyclicMap, 'Map(self -> [circular])'],
      [{ map: cyclicMap }, '{"map":{"self":"[circular]"}}'],
      [[shared, shared, cyclic], '({"x":1},{"x":1},{"a":1,"self":"[circular]"})'],
      [
        {
          toString: () => {
            throw new Error('no')
          },
        },
        '[unprintable]',
      ],
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

test('an array with billions of places and a few elements is shown by its elements', () => {
  const sparse: unknown[] = ['a']
  sparse[4e9] = [1, 2]
  const shown = '{"0":"a","4000000000":[1,2],"length":4000000001}'
  expect([textForm(sparse), textForm(['k', sparse]), textForm({ sparse })]).toEqual([
    shown,
    `(k,${shown})`,
    `{"sparse":${shown}}`,
  ])
})

test('a tuple that holds itself ends', () => {
  const tuple: unknown[] = [1]
  tuple.push(tuple, tuple)
  expect(textForm(tuple)).toBe('(1,[circular],[circular])')
  let deep: unknown = 1
  for (let i = 0; i < 150; i++) deep = [deep]
  expect(textForm(deep)).toBe(`${'('.repeat(100)}${'['.repeat(50)}1${']'.repeat(50)}${')'.repeat(100)}`)
})

test('a plain object is what JSON.stringify makes of it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
      expect(textForm(record)).toBe(JSON.stringify(record))
    }),
  )
})

test('a finite number is read back from its form', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (n) => void expect(Number(textForm(n))).toBe(n)))
})

test('groups, as the place of an RDD says', () => {
  expect(recordForm(GROUPED)(['a', [1, [2, 3]]])).toBe('(a,Seq(1, (2,3)))')
  expect(recordForm(GROUPED)(['a', []])).toBe('(a,Seq())')
  expect(recordForm(COGROUPED)(['a', [[1, 2], []]])).toBe('(a,(Seq(1, 2),Seq()))')
  expect(recordForm(undefined)(['a', [1, 2]])).toBe('(a,(1,2))')
  expect(recordForm('Seq')(['a', [1, 2]])).toBe('Seq(a, (1,2))')
  expect(recordForm([undefined, ['ArrayBuffer', undefined]])(['a', [[1], [2]]])).toBe('(a,(ArrayBuffer(1),(2)))')
  expect(recordForm(GROUPED)('no pair')).toBe('no pair')
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
