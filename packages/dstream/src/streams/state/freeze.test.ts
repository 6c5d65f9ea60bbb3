import fc from 'fast-check'
import { List } from 'immutable'
import { describe, expect, test } from 'vitest'
import { freezeState, needsCopy, copyForCall } from './freeze.js'

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

const json = fc.jsonValue()
const data = fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true })

function frozenThroughout(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozenThroughout))
  )
}

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

describe('what is plain', () => {
  test('is frozen throughout, and lent as it is', () =>
    fc.assert(
      fc.property(json, (value) => {
        freezeState(value)
        expect(frozenThroughout(value)).toBe(true)
        expect(copyForCall(value)).toBe(value)
      }),
    ))

  test('keeps what it was; changing it throws', () => {
    const state = { n: 1, list: [{ m: 2 }] }
    freezeState(state)
    expect(() => state.list[0]!.m++).toThrow(TypeError)
    expect(() => state.list.push({ m: 3 })).toThrow(TypeError)
    expect(state).toEqual({ n: 1, list: [{ m: 2 }] })
  })

  test('is not visited where it is frozen already, so that a long list costs what was added', () => {
    let visits = 0
    const rest = Object.freeze(
      Object.defineProperty({}, 'part', {
        enumerable: true,
        get() {
          visits++
          return 1
        },
      }),
    )
    freezeState({ head: 1, rest })
    expect(visits).toBe(0)
  })

  test('may hold itself, and may be deep', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    freezeState(cycle)
    let deep: unknown = 0
    for (let i = 0; i < 100_000; i++) deep = { deep }
    freezeState(deep)
    expect([Object.isFrozen(cycle), Object.isFrozen(deep)]).toEqual([true, true])
  })
})

describe('what cannot be frozen', () => {
  test('is lent as a copy that is equal, and whose changes change nothing', () =>
    fc.assert(
      fc.property(data, (value) => {
        freezeState(value)
        const before = structuredClone(value)
        const copy = copyForCall(value)
        expect(copy).toEqual(before)
        spoil(copy)
        expect(value).toEqual(before)
      }),
    ))

  test('leaves the plain parts around it frozen, in the copy too', () => {
    const state = { n: 1, seen: new Map([['a', { m: 1 }]]), plain: { x: 1 } }
    freezeState(state)
    const copy = copyForCall(state)
    expect(() => copy.n++).toThrow(TypeError)
    copy.seen.get('a')!.m++
    expect([state.seen.get('a'), copy.seen.get('a')]).toEqual([{ m: 1 }, { m: 2 }])
    expect([needsCopy(state), needsCopy(copy), needsCopy({ x: 1 })]).toEqual([true, true, false])
  })

  test('is still known inside of what was frozen in an earlier batch', () => {
    const old = { seen: new Set([1]) }
    freezeState(old)
    const next = { n: 2, old: copyForCall(old) }
    freezeState(next)
    copyForCall(next).old.seen.add(9)
    expect([...next.old.seen]).toEqual([1])
  })

  test('an instance is copied with its class, its own fields and what they hold', () => {
    const state = new Mean().add('x')
    freezeState(state)
    const copy = copyForCall(state).add('y')
    expect(copy).toBeInstanceOf(Mean)
    expect([copy.n, [...copy.seen], state.n, [...state.seen]]).toEqual([2, ['x', 'y'], 1, ['x']])
  })

  test('its own clone() is asked, private fields and all', () => {
    const state = new Clonable(5)
    freezeState(state)
    expect([copyForCall(state).next(), copyForCall(state).next()]).toEqual([6, 6])
  })

  test('sharing and cycles stay as they are', () => {
    const shared = new Set([1])
    const state: { a: unknown; b: unknown; me?: unknown } = { a: shared, b: shared }
    const holder = new Map([['state', state]])
    state.me = holder
    freezeState(holder)
    const copy = copyForCall(holder)
    const part = copy.get('state')!
    expect(part.a).toBe(part.b)
    expect(part.a).not.toBe(shared)
    expect(part.me).toBe(copy)
  })

  test('bytes keep their kind and lose their place in a larger buffer', () => {
    const state = Buffer.from('abc')
    freezeState(state)
    const copy = copyForCall(state)
    copy[0] = 0
    expect([Buffer.isBuffer(copy), state.toString(), copy.length]).toEqual([true, 'abc', 3])
  })
})

test("immutable's collections are values already", () => {
  const state = { list: List([1, 2]) }
  freezeState(state)
  expect(copyForCall(state)).toBe(state)
})

test.each<[string, unknown, RegExp]>([
  ['a function', () => 1, /function/],
  ['a symbol inside', { s: Symbol('x') }, /symbol/],
  ['a promise', Promise.resolve(1), /must not be async.*mapAsync/],
  ['a weak map inside', { m: new WeakMap() }, /WeakMap/],
  ['a generator', (function* () {})(), /Generator/],
  ['an instance with private fields', new Hidden(), /Hidden.*clone\(\)/],
])('%s is refused, with the way out', (_, value, words) => {
  expect(() => freezeState(value)).toThrow(words)
  expect(() => freezeState(value)).toThrow(expect.objectContaining({ code: 'state-not-data' }))
})
