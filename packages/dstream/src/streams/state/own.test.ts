import fc from 'fast-check'
import { List } from 'immutable'
import { describe, expect, test } from 'vitest'
import { Seconds } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { copyRecord } from '../../base/values/copy.js'
import { handOut, isUnchanged, ownState } from './own.js'

class Mean {
  n = 0
  seen = new Set<string>()
  add(word: string): this {
    this.n++
    this.seen.add(word)
    return this
  }
}
class Hidden {
  #n = 0
  next(): number {
    return ++this.#n
  }
}
class Clonable {
  #n: number
  constructor(n: number) {
    this.#n = n
  }
  next(): number {
    return ++this.#n
  }
  clone(): Clonable {
    return new Clonable(this.#n)
  }
}

const data = fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true }) // prettier-ignore

/** Tries to spoil everything that can be reached. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Map) [...value.values()].forEach((v) => spoil(v, seen))
  for (const part of Object.values(value)) if (!ArrayBuffer.isView(value)) spoil(part, seen)
  if (value instanceof Map || value instanceof Set) value.clear()
  else if (value instanceof Date) value.setTime(7)
  else if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer).fill(1)
  else if (!Object.isFrozen(value)) Object.assign(value, { spoilt: true })
}

describe('what is kept and what is handed out', () => {
  test('are copies: equal, with nothing shared that can be changed, and nothing given is frozen', () =>
    fc.assert(
      fc.property(data, (value) => {
        const before = structuredClone(value)
        const kept = ownState(value)
        const handed = handOut(kept)
        const record = copyRecord(kept)
        expect([kept, handed, record]).toEqual([before, before, before])
        expect(isUnchanged(kept, handed)).toBe(true)
        spoil(value)
        spoil(handed)
        spoil(record)
        expect(kept).toEqual(before)
      }),
    ))

  test('numbers, strings and their like are handed as they are', () => {
    for (const value of [1, 'a', 1n, true, null, undefined, NaN]) {
      expect([ownState(value), handOut(value), copyRecord(value)]).toEqual([value, value, value])
    }
  })

  test('a value that its owner has frozen is handed out as a copy that can be changed', () => {
    const given = Object.freeze({ n: 1, list: Object.freeze([Object.freeze({ m: 2 })]) }) as { n: number; list: { m: number }[] } // prettier-ignore
    const kept = ownState(given)
    const handed = handOut(kept)
    handed.n++
    handed.list[0]!.m++
    handed.list.push({ m: 9 })
    expect([kept, handed]).toEqual([
      { n: 1, list: [{ m: 2 }] },
      { n: 2, list: [{ m: 3 }, { m: 9 }] },
    ])
  })

  test('what an array has beside its items and an object under a symbol is copied', () => {
    const mark = Symbol('mark')
    const match = 'ab'.match(/(?<first>a)/)!
    const kept = ownState({ match, [mark]: 1 })
    match.groups!['first'] = 'x'
    expect([kept.match.index, kept.match.input, kept.match.groups!['first'], kept[mark]]).toEqual([0, 'ab', 'a', 1])
  })

  class Refusal extends Error {
    constructor(readonly row: { n: number }) {
      super('refused', { cause: new TypeError('no number') })
    }
  }
  class Day extends Date {
    zone = 'CET'
  }
  test.each<[string, object, (copy: any) => unknown]>([
    ['an error with a code', Object.assign(new Error('gone'), { code: 'ECONNRESET' }), ({ code }) => code],
    ['an error with a cause that is no data', new Error('gone', { cause: { retry: 1 } }), ({ cause }) => cause],
    ['an error of a class', new Refusal({ n: 1 }), (e) => [e instanceof Refusal, e.message, e.row, e.cause.message]],
    ['an AggregateError', new AggregateError([new Error('a')], 'all'), ({ errors }) => errors[0].message],
    ['the stack of an error', new RangeError('far'), ({ stack }) => stack],
    ['a date of a class', new Day(5), (day) => [day instanceof Day, day.getTime(), day.zone]],
    ['a date with a property', Object.assign(new Date(5), { zone: 'CET' }), ({ zone }) => zone],
    ['the place of an expression', Object.assign(/a/g, { lastIndex: 3 }), ({ lastIndex }) => lastIndex],
    ['a buffer with a property', Object.assign(new ArrayBuffer(1), { unit: 'ms' }), ({ unit }) => unit],
    ['an invalid date', new Date(NaN), (day) => day.getTime()],
  ])('a copy has all of %s', (_, value, read) => {
    const kept = ownState({ value }).value
    const handed = handOut([kept])[0]
    expect([kept, handed, copyRecord([kept])[0]].map((copy) => copy === value)).toEqual([false, false, false])
    expect([read(kept), read(handed), read(copyRecord([kept])[0])]).toEqual([read(value), read(value), read(value)])
    expect(isUnchanged([kept], [handed])).toBe(true)
  })

  test('may hold itself', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const kept = ownState(cycle)
    expect([kept.self === kept, kept === cycle, isUnchanged(kept, handOut(kept))]).toEqual([true, false, true])
  })

  test('may be nested deeper than the stack', () => {
    const wraps: ((part: unknown) => unknown)[] = [
      (part) => ({ part }),
      (part) => [part],
      (part) => new Map([['part', part]]),
      (part) => new Set([part]),
      (part) => Object.assign(new Mean(), { n: part }),
    ]
    const unwrap = (part: unknown): unknown => {
      if (part instanceof Map || part instanceof Set) return [...part.values()][0]
      return part instanceof Mean ? part.n : Object.values(part as object)[0]
    }
    const innermost = { n: 1 }
    let value: unknown = innermost
    for (let i = 0; i < 100_000; i++) value = wraps[i % wraps.length]!(value)
    const kept = ownState(value)
    let part = handOut(kept)
    expect([isUnchanged(kept, part), Object.is(kept, value)]).toEqual([undefined, false])
    for (let i = 0; i < 100_000; i++) part = unwrap(part)
    expect([part, part === innermost]).toEqual([{ n: 1 }, false])
  })

  test('shares times and durations, which cannot be changed', () => {
    const given = { at: new Time(1), took: Seconds(2) }
    const kept = ownState(given)
    expect([kept === given, kept.at === given.at, kept.took === given.took]).toEqual([false, true, true])
    expect([ownState(given.at), copyRecord(given.took), isUnchanged(kept, handOut(kept))]).toEqual([given.at, given.took, true]) // prettier-ignore
  })

  test('an instance is copied with its class, its own fields and what they hold', () => {
    const state = ownState(new Mean().add('x'))
    const copy = handOut(state).add('y')
    expect(copy).toBeInstanceOf(Mean)
    expect([copy.n, [...copy.seen], state.n, [...state.seen]]).toEqual([2, ['x', 'y'], 1, ['x']])
  })

  test('its own clone() is asked, private fields and all', () => {
    const state = ownState(new Clonable(5))
    expect([handOut(state).next(), handOut(state).next()]).toEqual([6, 6])
    expect(isUnchanged(state, handOut(state))).toBeUndefined()
  })

  test('sharing and cycles stay as they are', () => {
    const shared = new Set([1])
    const state: { a: unknown; b: unknown; me?: unknown } = { a: shared, b: shared }
    const holder = new Map([['state', state]])
    state.me = holder
    const copy = handOut(ownState(holder))
    const part = copy.get('state')!
    expect(part.a).toBe(part.b)
    expect(part.a).not.toBe(shared)
    expect(part.me).toBe(copy)
  })

  test('bytes keep their kind and lose their place in a larger buffer', () => {
    const state = ownState(Buffer.from('abc'))
    const copy = handOut(state)
    copy[0] = 0
    expect([Buffer.isBuffer(copy), state.toString(), copy.length]).toEqual([true, 'abc', 3])
  })
})

test("immutable's collections are values already", () => {
  const list = List([1, 2])
  expect([ownState(list), handOut(list), copyRecord(list)]).toEqual([list, list, list])
  const state = ownState({ list })
  expect(handOut(state).list).toBe(list)
  expect(isUnchanged(state, { list: list.push(3) })).toBe(false)
})

test.each<[string, unknown, RegExp]>([
  ['a function', () => 1, /function/],
  ['a symbol inside', { s: Symbol('x') }, /symbol/],
  ['a promise', Promise.resolve(1), /must not be async.*mapAsync/],
  ['a weak map inside', { m: new WeakMap() }, /WeakMap/],
  ['a generator', (function* () {})(), /Generator/],
  ['an instance with private fields', new Hidden(), /Hidden.*clone\(\)/],
])('%s is refused, with the way out', (_, value, words) => {
  expect(() => ownState(value)).toThrow(words)
  expect(() => ownState(value)).toThrow(expect.objectContaining({ code: 'state-not-data' }))
})

test('a record shares the instances of classes that it holds', () => {
  const record = { mean: new Mean(), hidden: new Hidden(), wait: Promise.resolve(), f: () => 1, n: [1] }
  const handed = copyRecord(record)
  expect(handed).not.toBe(record)
  expect([handed.mean, handed.hidden, handed.wait, handed.f]).toEqual([
    record.mean,
    record.hidden,
    record.wait,
    record.f,
  ])
  expect(handed.mean).toBe(record.mean)
  expect(handed.n).not.toBe(record.n)
})

test.each<[string, unknown, (copy: never) => void]>([
  ['a number', { n: 1 }, (copy: { n: number }) => copy.n++],
  ['a new property', { n: 1 }, (copy: { m?: number }) => (copy.m = 1)],
  ['a new property with undefined', { n: 1 }, (copy: { m?: undefined }) => (copy.m = undefined)],
  ['a property that is gone', { n: 1, m: undefined }, (copy: { m?: undefined }) => delete copy.m],
  ['minus zero', { n: 0 }, (copy: { n: number }) => (copy.n = -0)],
  ['an item', [1, 2], (copy: number[]) => (copy[1] = 3)],
  ['the length', [1, 2], (copy: number[]) => copy.push(3)],
  ['a property beside the items', [1], (copy: { unit?: string }) => (copy.unit = 'ms')],
  ['a part', { list: [{ m: 1 }] }, (copy: { list: { m: number }[] }) => copy.list[0]!.m++],
  ['an entry of a Map', new Map([['a', { m: 1 }]]), (copy: Map<string, { m: number }>) => copy.get('a')!.m++],
  ['the order of a Map', new Map([['a', 1], ['b', 2]]), (copy: Map<string, number>) => { copy.delete('a'); copy.set('a', 1) }], // prettier-ignore
  ['an element of a Set', new Set([1]), (copy: Set<number>) => copy.add(2)],
  ['a date', new Date(0), (copy: Date) => copy.setTime(1)],
  ['a byte', new Uint8Array([1, 2]), (copy: Uint8Array) => copy.fill(0)],
  ['a byte of a buffer', new Uint8Array([1, 2]).buffer, (copy: ArrayBuffer) => new Uint8Array(copy).fill(0)],
  ['a byte of a view', new DataView(new Uint8Array([1, 2]).buffer), (copy: DataView) => copy.setInt8(0, 7)],
  ['a field of an instance', new Mean(), (copy: Mean) => copy.n++],
  ['a part of an instance', new Mean(), (copy: Mean) => copy.seen.add('x')],
])('a change is seen: %s', (_, value, change) => {
  const kept = ownState(value)
  const copy = handOut(kept)
  expect(isUnchanged(kept, copy)).toBe(true)
  change(copy as never)
  expect(isUnchanged(kept, copy)).toBe(false)
})
