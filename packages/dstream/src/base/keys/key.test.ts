import fc from 'fast-check'
import {
  is,
  isOrdered,
  List,
  Map as ImmutableMap,
  OrderedMap,
  OrderedSet,
  Range,
  Record,
  Seq,
  Set as ImmutableSet,
  Stack,
} from 'immutable'
import { describe, expect, test } from 'vitest'
import { hashKey } from './hash.js'
import { isImmutableCollection, isRecord, markers } from '../values/immutable.js'
import { canonicalOf } from './intern.js'
import { keyOf, type Key } from './key.js'

const Pair = Record({ a: 1 as unknown, b: 'b' as unknown })
const Same = Record({ a: 1 as unknown, b: 'b' as unknown })
const Other = Record({ b: 'b' as unknown, a: 1 as unknown })

/** Few values of every type, chosen to look alike when written down. */
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '1n',
    'true',
    'null',
    'NaN',
    '[]',
    'n1;',
    's1:1',
    's1',
    ']',
    ')',
    ':',
    ',',
    'a,b',
    'é',
    '\ud800',
  ),
  fc.constantFrom(0, -0, 1, -1, 10, 0.5, 1e21, NaN, Infinity, -Infinity),
  fc.constantFrom(0n, 1n, -1n, 10n ** 21n),
  fc.constantFrom(true, false, null),
)

function nested(inner: fc.Arbitrary<unknown>, withArrays: boolean): fc.Arbitrary<unknown> {
  const some = fc.array(inner, { maxLength: 3 })
  const entries = fc.array(fc.tuple(inner, inner), { maxLength: 3 })
  const immutables = [
    some.map((parts) => List(parts)),
    some.map((parts) => Stack(parts)),
    some.map((parts) => ImmutableSet(parts)),
    some.map((parts) => OrderedSet(parts)),
    some.map((parts) => Seq(parts)),
    entries.map((parts) => ImmutableMap(parts)),
    entries.map((parts) => OrderedMap(parts)),
    fc.tuple(inner, inner).map(([a, b]) => new Pair({ a, b })),
    inner.map((b) => new Same({ b })),
    inner.map((a) => new Other({ a })),
  ]
  return withArrays ? fc.oneof(leaf, some, some, ...immutables) : fc.oneof(leaf, ...immutables)
}

const key = nested(nested(leaf, true), true)
const withoutArrays = nested(nested(leaf, false), false)

/** Equality as the documentation says it, written without any encoding. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b || (a !== a && b !== b)
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameInOrder(a, b)
  if (isRecord(a) || isRecord(b)) return isRecord(a) && isRecord(b) && sameInOrder([...a.toSeq()], [...b.toSeq()])
  if (!isImmutableCollection(a) || !isImmutableCollection(b)) return false
  const alike = (mark: string) => mark in a === mark in b
  if (!alike(markers.keyed) || !alike(markers.indexed) || isOrdered(a) !== isOrdered(b)) return false
  return isOrdered(a) ? sameInOrder([...a], [...b]) : sameInAnyOrder([...a], [...b])
}

function sameInOrder(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, i) => same(part, b[i]))
}

function sameInAnyOrder(a: readonly unknown[], b: readonly unknown[]): boolean {
  const left = [...b]
  return (
    a.length === b.length &&
    a.every((part) => {
      const i = left.findIndex((other) => same(part, other))
      if (i >= 0) left.splice(i, 1)
      return i >= 0
    })
  )
}

/** Another object of the same value: arrays anew, what has no order built the other way round. */
function twin(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value
  if (Array.isArray(value)) return value.map(twin)
  if (value instanceof Pair || value instanceof Same) return new Pair({ a: twin(value.a), b: twin(value.b) })
  if (value instanceof Other) return new Other({ a: twin(value.a), b: twin(value.b) })
  const parts = [...(value as Iterable<unknown>)]
  const entries = () => parts.map((entry) => (entry as unknown[]).map(twin) as [unknown, unknown])
  if (OrderedMap.isOrderedMap(value)) return OrderedMap(entries())
  if (ImmutableMap.isMap(value)) return ImmutableMap(entries().reverse())
  if (OrderedSet.isOrderedSet(value)) return OrderedSet(parts.map(twin))
  if (ImmutableSet.isSet(value)) return ImmutableSet(parts.map(twin).reverse())
  return List(parts.map(twin))
}

function encodeKey(value: unknown): string {
  return canonicalOf(value).encoding
}

describe('keys are compared by value', () => {
  const runs = { numRuns: 1000 }

  test('two keys have one encoding, one object and one hash exactly when they are the same', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const equal = same(a, b)
        expect(encodeKey(a) === encodeKey(b)).toBe(equal)
        expect(new Map([[keyOf(a), 1]]).has(keyOf(b))).toBe(equal)
        if (equal) expect(hashKey(a)).toBe(hashKey(b))
      }),
      runs,
    )
  })

  test('no string can pretend to be two', () => {
    const word = fc.string({ unit: fc.constantFrom('x', 'y', 'z'), minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        const encoding = encodeKey([a, b])
        const between = encoding.slice(encoding.indexOf(a) + a.length, encoding.lastIndexOf(b))
        expect(encodeKey([a + between + b])).not.toBe(encoding)
      }),
    )
  })

  test('a twin is the same key', () => {
    fc.assert(
      fc.property(key, (a) => {
        const b = twin(a)
        expect(same(a, b)).toBe(true)
        expect(encodeKey(b)).toBe(encodeKey(a))
        expect(hashKey(b)).toBe(hashKey(a))
        expect(new Set([keyOf(a), keyOf(b)]).size).toBe(1)
      }),
      runs,
    )
  })

  test("where no arrays are inside, immutable's own `is` agrees", () => {
    fc.assert(
      fc.property(withoutArrays, withoutArrays, (a, b) => {
        expect(encodeKey(a) === encodeKey(b)).toBe(is(a, b))
      }),
      runs,
    )
    fc.assert(
      fc.property(withoutArrays, (a) => {
        expect(is(a, twin(a))).toBe(true)
      }),
    )
  })

  test('the object that stands for a key is that key, and stands for itself', () => {
    fc.assert(
      fc.property(key, (a) => {
        const own = keyOf(a)
        expect(same(own, a)).toBe(true)
        expect(keyOf(own)).toBe(own)
        expect(encodeKey(own)).toBe(encodeKey(a))
        expect(hashKey(own)).toBe(hashKey(a))
      }),
    )
  })

  test('a Map under keyOf counts as a list searched by value does', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
        const counts = new Map<Key, number>()
        for (const k of keys) counts.set(keyOf(k), (counts.get(keyOf(k)) ?? 0) + 1)
        const searched: [unknown, number][] = []
        for (const k of keys) {
          const found = searched.find(([other]) => same(other, k))
          if (found) found[1]++
          else searched.push([k, 1])
        }
        expect([...counts].map(([k, n]) => [encodeKey(k), n])).toEqual(searched.map(([k, n]) => [encodeKey(k), n]))
      }),
    )
  })
})

describe('the object that stands for a key', () => {
  test('is a frozen copy, so that a change of the original changes no key', () => {
    const inner = ['x']
    const original = ['a', inner, List([inner])]
    const own = keyOf(original) as unknown as [string, string[], List<string[]>]
    inner[0] = 'y'
    original[0] = 'b'
    expect(own).toEqual(['a', ['x'], List([['x']])])
    expect([own, own[1], own[2].first()].every(Object.isFrozen)).toBe(true)
    expect(keyOf(['a', ['x'], List([['x']])])).toBe(own)
    expect(keyOf(original)).not.toBe(own)
  })

  test('shows nothing of being one', () => {
    const own = keyOf(['a', 1]) as unknown as object
    expect(Reflect.ownKeys(own)).toEqual(['0', '1', 'length'])
    expect(own).toStrictEqual(['a', 1])
  })

  test('primitives are their own', () => {
    for (const value of ['a', '', 1, -0, NaN, 5n, true, false, null]) expect(Object.is(keyOf(value), value)).toBe(true)
  })

  test('a lazy sequence is read once and becomes a collection', () => {
    let reads = 0
    const seq = Seq([1, 2]).map((n) => {
      reads++
      return n
    })
    const own = keyOf(seq)
    expect(List.isList(own)).toBe(true)
    const before = reads
    expect(keyOf(own)).toBe(own)
    expect(reads).toBe(before)
    expect(keyOf(Range(1, 3))).toBe(own)
  })

  test.each<[string, () => unknown, (value: unknown) => boolean]>([
    ['List', () => List(['a long string, longer than a cut']), List.isList],
    ['Stack', () => Stack(['a long string, longer than a stack']), Stack.isStack],
    ['Set', () => ImmutableSet(['a long string, longer than a cut']), ImmutableSet.isSet],
    ['OrderedSet', () => OrderedSet(['a long string, longer than a cut']), OrderedSet.isOrderedSet],
    ['Map', () => ImmutableMap([['a long string, longer than a cut', [1]]]), ImmutableMap.isMap],
    ['OrderedMap', () => OrderedMap([['a long string, longer than a cut', [1]]]), OrderedMap.isOrderedMap],
    ['Record', () => new Pair({ a: 'a long string, longer than a cut' }), (value) => value instanceof Pair],
  ])('a %s stays one', (_, make, check) => {
    const own = keyOf(make())
    expect(check(own)).toBe(true)
    expect(encodeKey(own)).toBe(encodeKey(make()))
    expect(keyOf(make())).toBe(own)
  })
})

describe('what is no key is refused', () => {
  const cyclic: unknown[] = ['a']
  cyclic.push(cyclic)
  class Point {
    equals() {
      return true
    }
    hashCode() {
      return 1
    }
  }

  test.each<[unknown, string]>([
    [undefined, 'undefined is not allowed as a key'],
    [{ a: 1 }, 'A plain object {"a":1} is not allowed as a key'],
    [Object.create(null), 'A plain object {} is not allowed'],
    [{}, 'use a string, a number, an array like [user, topic], or an immutable Record'],
    [new Date(0), 'use date.getTime() or date.toISOString()'],
    [new Map(), "use immutable's Map or Set"],
    [new Uint8Array([255]), 'A Uint8Array [255]'],
    [new Point(), 'A Point {} is not allowed as a key'],
    [new Point(), 'use what it consists of'],
    [() => 1, 'A function'],
    [Symbol('s'), 'A symbol Symbol(s)'],
    [['a', { b: 1 }], 'A plain object {"b":1} is not allowed in the key ["a", {"b":1}]'],
    [['a', undefined], 'undefined is not allowed in the key ["a", undefined]'],
    // eslint-disable-next-line no-sparse-arrays
    [['a', , 'b'], 'undefined is not allowed in the key'],
    [List([undefined]), 'undefined is not allowed in the key'],
    [ImmutableMap([['a', new Date(0)]]), 'A Date'],
    [cyclic, 'more than 100 levels deep, or holds itself'],
    [Range(0, Infinity), 'A sequence without end'],
    [List([1]).asMutable(), 'call asImmutable()'],
    [ImmutableMap({ a: 1 }).asMutable(), 'call asImmutable()'],
    [new Pair().asMutable(), 'call asImmutable()'],
  ])('%#: %s', (value, words) => {
    for (const refuse of [keyOf, encodeKey, hashKey]) {
      expect(() => refuse(value)).toThrow(expect.objectContaining({ code: 'key-not-allowed' }))
      expect(() => refuse(value)).toThrow(words)
    }
  })

  test('a key of a hundred levels is deep enough', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100; i++) deep = [deep]
    expect(keyOf(deep)).toEqual(deep)
    expect(() => keyOf([deep])).toThrow('100 levels')
  })
})
