import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import * as immutable from 'immutable'
import { List, Map as IMap, OrderedMap, OrderedSet, Record as IRecord, Seq, Set as ISet, Stack } from 'immutable'
import { Seconds } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { Unstorable } from './unstorable.js'
import { decodeValue, encodeValue } from './value-codec.js'
import { loadImmutable } from '../../base/values/immutable-library.js'

await loadImmutable()

function back(value: unknown): unknown {
  return decodeValue(encodeValue(value))
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.array(fc.nat(0xffff), { maxLength: 90 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\ufeff',
    '\ufeff' + 'x'.repeat(80),
    '\ud800',
    'é'.repeat(70),
    '',
    '__proto__',
    'constructor',
    'toJSON',
  ),
)
const leaf = fc.oneof(
  anyText,
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(
    null,
    undefined,
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 70_000n,
  ),
  // Node 20's deepStrictEqual holds two invalid dates for different: a test of their own.
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.int32Array(),
  fc.float64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array().map((bytes) => bytes.buffer.slice(0)),
  fc.uint8Array().map((bytes) => new DataView(bytes.buffer)),
  fc.nat().map((ms) => new Time(ms)),
  fc.nat(1000).map((s) => Seconds(s)),
)
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.sparseArray(tie('value'), { maxLength: 5 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 5 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value

describe('what is written and read back is equal', () => {
  test('for any plain data, map, set, date and buffer', () => {
    fc.assert(
      fc.property(anything, (value) => {
        assert.deepStrictEqual(back(value), value)
      }),
      { numRuns: 1500 },
    )
  })

  test('minus zero stays minus zero, everywhere', () => {
    const read = back([-0, { z: -0 }, new Map([['z', -0]])]) as [number, { z: number }, Map<string, number>]
    expect([read[0], read[1].z, read[2].get('z')].every((zero) => Object.is(zero, -0))).toBe(true)
  })

  const user = IRecord({ name: '', age: -0, tags: List<string>() }, 'User')
  test.each([
    ['List', List([1, undefined, List(['a'])])],
    [
      'Map',
      IMap<unknown, unknown>([
        [List([1, 'a']), 1n],
        ['b', new Date(5)],
      ]),
    ],
    [
      'OrderedMap',
      OrderedMap([
        ['z', 1],
        ['a', 2],
        ['m', 3],
      ]),
    ],
    ['Set', ISet(['a', List([1])])],
    ['OrderedSet', OrderedSet(['z', 'a', 'm'])],
    ['Stack', Stack([1, 2, 3])],
    ['Record', user({ name: 'ann', tags: List(['x']) })],
    ['a Map that holds maps', IMap({ a: IMap({ b: List([new Map([[1, 2]])]) }) })],
  ])('immutable %s comes back as the same kind, in the same order', (_, value) => {
    const read = back(value) as typeof value
    // A native Map inside an immutable one is equal by reference only.
    if (!String(value).includes('[object Map]')) expect(immutable.is(read, value)).toBe(true)
    expect(read.toJS()).toEqual(value.toJS())
    expect([...read]).toHaveLength([...value].length)
    for (const kind of ['isList', 'isMap', 'isOrdered', 'isSet', 'isStack', 'isRecord', 'isOrderedSet'] as const) {
      expect(immutable[kind](read), kind).toBe(immutable[kind](value))
    }
  })

  test('a record has its defaults again', () => {
    const read = back(user({ name: 'ann' })) as ReturnType<typeof user>
    expect(read.delete('name').name).toBe('')
    expect(Object.is(read.age, -0)).toBe(true)
    expect(IRecord.getDescriptiveName(read)).toBe('User')
  })

  test('an error has its class, message, stack, cause and what was added to it', () => {
    const error = Object.assign(new RangeError('far', { cause: { line: 3 } }), { code: 'E1' })
    const read = back(error) as typeof error
    expect(read).toBeInstanceOf(RangeError)
    expect([read.message, read.stack, read.cause, read.code]).toEqual(['far', error.stack, { line: 3 }, 'E1'])
    expect(Object.keys(read)).toEqual(['code'])
  })

  test('an array with billions of places and a few elements', () => {
    const sparse: unknown[] = [undefined, 'a']
    sparse[4e9] = { b: 1 }
    const read = back([sparse]) as unknown[][]
    expect([Object.entries(read[0]!), read[0]!.length]).toEqual([Object.entries(sparse), 4e9 + 1])
  })

  test('an invalid date', () => {
    const read = back([new Date(NaN)]) as [Date]
    expect(read[0]).toBeInstanceOf(Date)
    expect(read[0].getTime()).toBeNaN()
  })

  test('an array with almost nothing in it', () => {
    const sparse: unknown[] = [1]
    sparse[4e9] = 2
    const read = back({ sparse }) as { sparse: unknown[] }
    expect([read.sparse.length, Object.keys(read.sparse), read.sparse[4e9]]).toEqual([4e9 + 1, ['0', '4000000000'], 2])
  })

  test('a regular expression', () => expect(back(/a\/b+/giu)).toEqual(/a\/b+/giu))

  test('__proto__ is a key, and pollutes nothing', () => {
    const read = back(JSON.parse('{"__proto__":{"admin":true},"a":1}')) as Record<string, unknown>
    expect(Object.keys(read)).toEqual(['__proto__', 'a'])
    expect((read as { admin?: boolean }).admin).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('a dictionary with many keys, and many shapes in one value', () => {
    const words = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`w${i}`, i]))
    expect(back(words)).toEqual(words)
    const shapes = Array.from({ length: 300 }, (_, i) => ({ [`a${i}`]: i, b: i }))
    expect(back([...shapes, ...shapes])).toEqual([...shapes, ...shapes])
  })

  test('each call is decodable alone: no structure is shared between two', () => {
    const first = encodeValue([{ count: 1, last: 'a' }])
    const second = encodeValue([{ count: 2, last: 'b' }])
    expect(decodeValue(second)).toEqual([{ count: 2, last: 'b' }])
    expect(decodeValue(first)).toEqual([{ count: 1, last: 'a' }])
  })

  test('nothing read back keeps the bytes alive, and nothing given is changed', () => {
    const value = Object.freeze({ bytes: new Uint8Array([1, 2, 3]), zero: -0, list: Object.freeze([undefined, 1]) })
    const encoded = encodeValue(value)
    const read = decodeValue(encoded) as typeof value
    encoded.fill(0)
    expect(read).toStrictEqual(value)
    expect(read.bytes.buffer.byteLength).toBe(3)
  })
})

describe('what match and exec return comes back whole', () => {
  const text = 'ab-12 cd-34'
  const results: [string, RegExpExecArray | RegExpMatchArray | null][] = [
    ['match', text.match(/b-(\d)/)],
    ['match with groups, some of them without a text', text.match(/(?<word>\w+)-(?<none>x)?/)],
    ['match of all', text.match(/\d/g)],
    ['exec', /c(d)/.exec(text)],
    ['exec with indices', /(?<n>\d+)/d.exec(text)],
    ['a match of more than a few groups', 'abcdefghijkl'.match(/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)/)],
    ['the last of matchAll', [...text.matchAll(/\w/g)].at(-1)!],
  ]
  test.each(results)('%s', (_, result) => {
    for (const value of [result, { nested: [result] }, new Map([['m', result]])]) {
      assert.deepStrictEqual(back(value), value)
    }
    expect(Object.keys(back(result) as object)).toEqual(Object.keys(result!))
  })
})

describe('properties that would be lost are refused, with the path', () => {
  const hidden = Symbol('hidden')
  const dense = Array.from({ length: 1000 }, (_, i) => i)
  const extra = (array: unknown[], name: PropertyKey = 'unit') => Object.assign(array, { [name]: 'ms' })
  test.each<[string, unknown, PropertyKey[], string]>([
    ['a symbol of an object', { a: { [hidden]: 1 } }, ['a'], 'Symbol(hidden)'],
    [
      'a symbol of an object without a prototype',
      [Object.assign(Object.create(null), { [hidden]: 1 })],
      [0],
      'Symbol(hidden)',
    ],
    ['a symbol of an array', { a: extra([1], hidden) }, ['a'], 'Symbol(hidden)'],
    ['a symbol of an empty array', { a: extra([], hidden) }, ['a'], 'Symbol(hidden)'],
    ['a symbol of a Map', [Object.assign(new Map(), { [hidden]: 1 })], [0], 'Symbol(hidden)'],
    ['a property of an array', { a: extra([1, 2]) }, ['a'], '"unit"'],
    ['a property of an empty array', [extra([])], [0], '"unit"'],
    ['a property of a long array', [extra([...dense])], [0], '"unit"'],
    ['a property of an array with holes', [extra([, 1, , 2])], [0], '"unit"'], // eslint-disable-line no-sparse-arrays
    ['a property of a long array with holes', [extra([...dense, , 1])], [0], '"unit"'], // eslint-disable-line no-sparse-arrays
    ['a property that looks like an index', [extra([1], '-1')], [0], '"-1"'],
    ['a property beyond all indexes', [extra([1], '4294967295')], [0], '"4294967295"'],
    ['a further property of a match', [extra('ab'.match(/a/)!)], [0], '"unit"'],
    ['a property of a Map', [Object.assign(new Map(), { unit: 1 })], [0], '"unit"'],
    ['a property of a Date', [Object.assign(new Date(0), { unit: 1 })], [0], '"unit"'],
    ['a property of a RegExp', [Object.assign(/x/, { unit: 1 })], [0], '"unit"'],
  ])('%s', (_, value, path, named) => {
    const error = refusalOf(value)
    expect(error.path).toEqual(path)
    expect(error.reason).toContain(`the property ${named} `)
    expect(error.reason).toContain('cannot be stored')
  })

  test('no property is lost: a value is read back equal, or it is refused', () => {
    const text = fc.string().filter((key) => key !== 'length')
    const name = fc.oneof(text, fc.constant(hidden), fc.constantFrom('index', 'groups', '0', '01', '9'))
    const array = fc.array(fc.integer(), { maxLength: 12 })
    const bag = fc.oneof(
      array,
      fc.sparseArray(fc.integer(), { maxLength: 12 }),
      fc.constant({}).map(() => ({})),
    )
    fc.assert(
      fc.property(bag, fc.array(fc.tuple(name, fc.integer())), (value, properties) => {
        for (const [key, n] of properties) (value as Record<PropertyKey, unknown>)[key] = n
        try {
          assert.deepStrictEqual(back([value]), [value])
        } catch (error) {
          if (!(error instanceof Unstorable)) throw error
          const isExtra = (key: PropertyKey) =>
            typeof key === 'symbol' || (Array.isArray(value) && key !== 'length' && String(Number(key) >>> 0) !== key)
          expect(Reflect.ownKeys(value).some(isExtra)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('hidden properties, which are no data to JavaScript either, are left out', () => {
    const value = Object.defineProperty({ a: 1 }, hidden, { value: 2 })
    expect(back([value])).toEqual([{ a: 1 }])
  })
})

function refusalOf(value: unknown): Unstorable {
  try {
    encodeValue(value)
  } catch (error) {
    if (error instanceof Unstorable) return error
    throw error
  }
  return expect.unreachable('it was stored')
}

describe('what cannot be stored is refused, with the path', () => {
  class Account {
    balance = 1
  }
  class User extends IRecord({ name: '' }) {}
  class MyList extends Array<number> {}
  class MyError extends Error {}
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  test.each<[string, unknown, PropertyKey[]]>([
    ['a function', { a: [1, { f: () => 1 }] }, ['a', 1, 'f']],
    ['a symbol', [Symbol('x')], [0]],
    ['Account', new Map([['k', { acc: new Account() }]]), ['k', 'acc']],
    ['User', { u: new User() }, ['u']],
    ['MyList', { u: MyList.from([1]) }, ['u']],
    ['MyError', { u: new MyError('x') }, ['u']],
    ['WeakMap', { w: new WeakMap() }, ['w']],
    ['Promise', List([Promise.resolve()]), [0]],
    ['Seq', { s: Seq([1, 2]) }, ['s']],
    ['SharedArrayBuffer', { s: new SharedArrayBuffer(4) }, ['s']],
    ['Number', { n: new Number(1) }, ['n']],
  ])('%s', (named, value, path) => {
    let error: unknown
    try {
      encodeValue(value)
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(Unstorable)
    expect((error as Unstorable).path).toEqual(path)
    expect((error as Unstorable).reason).toContain(named)
  })

  test('a value that holds itself', () => {
    expect(() => encodeValue(cyclic)).toThrow(/holds itself/)
  })
})

describe('damaged bytes', () => {
  test('never hang and never come back as a value with a wrong flag', () => {
    expect(() => decodeValue(new Uint8Array([7, 1]))).toThrow(/damaged/)
    expect(() => decodeValue(new Uint8Array())).toThrow(/damaged/)
  })

  test('a header that claims four billion elements is refused at once', () => {
    expect(() => decodeValue(new Uint8Array([0, 0xdd, 0xff, 0xff, 0xff, 0xff]))).toThrow()
    expect(() => decodeValue(new Uint8Array([0, 0xc6, 0xff, 0xff, 0xff, 0xff]))).toThrow()
  })

  test('any bytes decode or throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 1), (bytes, flag) => {
        try {
          decodeValue(Uint8Array.from([flag, ...bytes]))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 500 },
    )
  })
})
