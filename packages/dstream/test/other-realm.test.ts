import assert from 'node:assert/strict'
import { createContext, runInContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { RDDContext, Seconds } from '../src/index.js'
import { builtInOf, isPlain, nativeClassOf } from '../src/base/built-ins.js'
import { textLogger } from '../src/platform/logs/stderr-logger.js'
import { textForm } from '../src/base/text/text-form.js'
import { decodeValue, encodeValue } from '../src/durable/codec/value-codec.js'
import { handOut, ownState } from '../src/streams/state/own.js'
import { runBatches, testRecovery } from '../src/testing/index.js'

// Values that `vm` has made, as a script of a sandbox, a REPL or a test runner with realms of its own hands them over: their
// classes are not those of this file.

const realm = createContext()
const make = (source: string): unknown => runInContext(`(${source})`, realm)

const sources: Record<string, string> = {
  'an object': '{ a: 1, "b c": [2, "x"], zero: -0, none: undefined }',
  'an object without a prototype': 'Object.assign(Object.create(null), { a: 1 })',
  'an array': '[1, "a", null, [2n], {}]',
  'an array with holes': '[, 1, , -0]',
  'an empty object': '{}',
  'an empty array': '[]',
  'a Date': 'new Date(5)',
  'a Map': 'new Map([["a", 1], [{ k: 1 }, [new Map()]]])',
  'a Set': 'new Set(["a", { b: 1 }])',
  'a RegExp': '/a\\/b+/giu',
  'an ArrayBuffer': 'new Uint8Array([1, 2, 3]).buffer',
  'a DataView': 'new DataView(new Uint8Array([1, 2, 3]).buffer, 1)',
  'nested in everything': '{ d: [new Date(7), new Map([["s", new Set([/x/])]])], b: new Uint8Array([9]) }',
}
for (const name of ['Int8', 'Uint8', 'Uint8Clamped', 'Int16', 'Uint16', 'Int32', 'Uint32', 'Float32', 'Float64']) {
  sources[`a ${name}Array`] = `new ${name}Array([1, 2, 3])`
}
for (const name of ['BigInt64', 'BigUint64']) sources[`a ${name}Array`] = `new ${name}Array([1n, 2n])`
const cases = Object.entries(sources)

/** The same value of this realm. */
const own = (source: string): unknown => (0, eval)(`(${source})`)

test.each(cases)('%s is stored and comes back as a value of this realm', (_, source) => {
  const back = decodeValue(encodeValue(make(source)))
  assert.deepStrictEqual(back, own(source))
})

test.each(cases)('%s is printed as one of this realm', (_, source) => {
  expect(textForm(make(source))).toBe(textForm(own(source)))
  expect(textForm({ in: make(source) })).toBe(textForm({ in: own(source) }))
})

test.each(cases)('%s as a state: kept, given back, and stored', async (_, source) => {
  const rows = [[['a', 1]], [], [['b', 1]]] as [string, number][][]
  const out = await runBatches(rows, (s) => s.updateStateByKey<unknown>((_, state) => state ?? make(source)))
  expect(textForm(out.at(-1))).toBe(textForm([['a', own(source)], ['b', own(source)]])) // prettier-ignore
  const value = ownState(make(source))
  expect(textForm(handOut(value))).toBe(textForm(own(source)))
  assert.deepStrictEqual(decodeValue(encodeValue(handOut(value))), own(source))
})

test.each(['Error', 'TypeError', 'RangeError'])('an error of class %s', (name) => {
  const error = make(`Object.assign(new ${name}("far", { cause: [1] }), { code: "E1" })`)
  const back = decodeValue(encodeValue(error)) as Error & { code: string }
  expect(back).toBeInstanceOf((globalThis as never as Record<string, typeof Error>)[name]!)
  expect([back.name, back.message, back.cause, back.code]).toEqual([name, 'far', [1], 'E1'])
  expect(textForm(error)).toBe(textForm(back))
})

test.each([
  ['class Account {}', 'new Account()', 'an instance of Account'],
  ['class MyMap extends Map {}', 'new MyMap()', 'an instance of MyMap'],
  ['class MyList extends Array {}', 'MyList.of(1)', 'an instance of MyList'],
  ['class MyError extends Error {}', 'new MyError()', 'an instance of MyError'],
  [
    'class Bare extends null { static make() { return Object.create(Bare.prototype) } }',
    'Bare.make()',
    'an instance of Bare',
  ],
  ['', 'Object.create(Map.prototype)', 'an instance of Map'],
  ['', 'new Number(1)', 'an instance of Number'],
  ['', 'Promise.resolve()', 'an instance of Promise'],
])('what would lose its class is refused in both realms: %s', (definition, source, named) => {
  const text = `(() => { ${definition}; return ${source} })()`
  for (const value of [make(text), own(text)]) {
    expect(() => encodeValue({ value })).toThrow(`${named} cannot be stored: its class would be lost`)
  }
})

test('a kind is told by what an object is, not by what it says of itself', () => {
  expect(builtInOf({ [Symbol.toStringTag]: 'Map' })).toBeUndefined()
  expect(builtInOf(Object.create(Map.prototype))).toBeUndefined()
  expect(builtInOf(new (class Tagged extends Map { override get [Symbol.toStringTag]() { return 'Mine' } })())).toBe('Map') // prettier-ignore
  expect(isPlain(make('new (class A {})()') as object)).toBe(false)
  expect(isPlain(Object.create({ inherited: 1 }) as object)).toBe(false)
  expect(nativeClassOf(class Map2 extends Map {}.prototype)).toBeUndefined()
})

describe('in programs', () => {
  const sc = new RDDContext()

  test('dates of two realms are sorted', async () => {
    const dates = [new Date(3), make('new Date(1)') as Date, new Date(2)]
    const sorted = await sc.parallelize(dates).sortBy((date) => date as never).collect() // prettier-ignore
    expect(sorted.map(Number)).toEqual([1, 2, 3])
  })

  test('a zero of another realm is copied for each partition', async () => {
    const zero = make('new Map([["n", [0]]])') as Map<string, number[]>
    const sum = (a: Map<string, number[]>, b: Map<string, number[]>) => {
      a.get('n')![0]! += b.get('n')![0]!
      return a
    }
    const ones = sc.parallelize(
      [1, 1, 1].map((n) => new Map([['n', [n]]])),
      { numPartitions: 3 },
    )
    expect((await ones.fold(zero, sum)).get('n')).toEqual([3])
    expect(zero.get('n')![0]).toBe(0)
  })

  test('a crash at every point changes nothing for records and windows of another realm', async () => {
    const words = [['a', 'b'], ['a'], [], ['c', 'a']]
    await testRecovery((t, s) => {
      const values = s.map((word) => [word, make(sources['nested in everything']!)] as [string, unknown])
      t.output(values.window(Seconds(2)).map(textForm))
    }, words)
  })

  test('an error of another realm is named by its message', async () => {
    const fail = make('() => { throw new RangeError("too far") }') as () => never
    await expect(sc.parallelize([1]).map(fail).collect()).rejects.toThrow('map failed on the record 1: too far')
  })

  test('an error of another realm is logged with its stack and its causes', () => {
    const lines: string[] = []
    const error = make('new RangeError("too far", { cause: new Error("no road") })')
    textLogger((line) => lines.push(line)).error({ err: error }, 'Batch failed')
    expect(lines.join()).toMatch(/^dstream error: Batch failed\nRangeError: too far; caused by: no road\n\s+at /)
  })

  test('fractions of another realm', async () => {
    const fractions = make('new Map([["a", 1], ["b", 0]])') as Map<string, number>
    const pairs = sc.parallelize<[string, number]>([['a', 1], ['b', 2]]) // prettier-ignore
    expect(await pairs.sampleByKey(false, fractions, 1).collect()).toEqual([['a', 1]])
  })

  test('a Date as a key is refused with its own cure', async () => {
    const key = make('new Date(1)') as never
    await expect(sc.parallelize([1]).keyBy(() => key).groupByKey().collect()).rejects.toThrow('use date.getTime()') // prettier-ignore
  })
})
