import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Codec } from '../codec.js'
import { jsonLines, type JsonFields } from './json-lines.js'
import { lineCodec } from './line-codec.js'

function decoded<T>(codec: Codec<T>, text: string | Uint8Array): { records: T[]; bad: [line: string, error: Error][] } {
  const bad: [string, Error][] = []
  const bytes = Buffer.from(text as string)
  const records = [...codec.decode(bytes, (line, error) => bad.push([String(line), error as Error]))]
  return { records, bad }
}

/** The same by hand: each line through JSON.parse, and the fields picked. */
function twin(fields: readonly string[], bytes: Uint8Array): { records: unknown[]; bad: [string, string][] } {
  const records: unknown[] = []
  const bad: [string, string][] = []
  for (const line of lineCodec.decode(bytes, () => {})) {
    if (/^[ \t]*$/.test(line)) continue
    try {
      const value = JSON.parse(line) as Record<string, unknown>
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object')
      const picked = fields.filter((field) => Object.hasOwn(value, field)).map((field) => [field, value[field]])
      records.push(Object.fromEntries(picked as [string, unknown][]))
    } catch (error) {
      bad.push([line, (error as Error).message])
    }
  }
  return { records, bad }
}

const FIELDS = ['a', 'é', 'key', '__proto__', '', '1']
const fields = jsonLines({ fields: FIELDS })

function agrees(text: string | Uint8Array): void {
  const { records, bad } = decoded(fields, text)
  const expected = twin(FIELDS, Buffer.from(text as string))
  expect(records).toEqual(expected.records)
  expect(records.map((record) => JSON.stringify(record))).toEqual(expected.records.map((r) => JSON.stringify(r)))
  expect(bad.map(([line]) => line)).toEqual(expected.bad.map(([line]) => line))
  for (const [i, [, error]] of bad.entries()) {
    if (error instanceof SyntaxError) expect(error.message).toBe(expected.bad[i]![1])
    else expect(error).toMatchObject({ code: 'json-not-an-object' })
  }
}

const name = fc.oneof(fc.constantFrom(...FIELDS, 'other', 'b'), fc.string({ unit: 'grapheme' }))
const value = fc.oneof(fc.jsonValue({ stringUnit: 'grapheme' }), fc.double(), fc.string({ unit: 'binary' }))
/** An object as text, with names that occur more than once, space between the tokens, and escapes in any place. */
const objectText = fc
  .tuple(fc.array(fc.tuple(name, value, fc.boolean())), fc.constantFrom('', ' ', '\t ', '  '))
  .map(([members, space]) => {
    const parts = members.map(([key, item, escaped]) => {
      const written = `${JSON.stringify(key)}${space}:${space}${JSON.stringify(item) ?? 'null'}`
      return escaped
        ? written.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
        : written
    })
    return `${space}{${space}${parts.join(`${space},${space}`)}${space}}${space}`
  })

test('law: the fields of valid objects are those that JSON.parse gives', () => {
  fc.assert(
    fc.property(fc.array(objectText), (lines) => agrees(lines.join('\n'))),
    { numRuns: 300 },
  )
})

test('law: any text with a byte changed, taken out or added is accepted as JSON.parse accepts it', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[]:,0-.eEu/ \r')), ), kind: fc.nat(2) }) // prettier-ignore
  fc.assert(
    fc.property(objectText, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
      const bytes = [...Buffer.from(text)]
      for (const { at, byte, kind } of changes) bytes.splice(at % (bytes.length + 1), kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [byte])) // prettier-ignore
      agrees(Uint8Array.from(bytes))
    }),
    { numRuns: 1000 },
  )
})

describe('a line', () => {
  test.each([
    '{}',
    ' { } ',
    '{"a":1}\r\n\r\n  \n{"a":2}',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a":-0,"key":1e999,"é":12345678901234567890,"1":1.50E-2}',
    '{"a":"\\ud83d\\ude00\\n\\"","key":"\\ud83d"}',
    '{"b":{"a":[1,{"a":"}"}]},"a":{"b":[]}}',
    '{"__proto__":{"x":1},"":null,"b":true}',
    `{"b":${'['.repeat(500)}${']'.repeat(500)},"a":1}`,
    '{"a":1,}',
    '{"a":01}',
    '{"b":01}',
    '{"b":1.}',
    '{"b":-}',
    '{"b":+1}',
    '{"b":1e}',
    '{"b":.5}',
    '{"b":tru}',
    '{"b":nul',
    '{"b":"\\x"}',
    '{"b":"\\u12g4"}',
    '{"b":"a\tb"}',
    '{"b":[1,]}',
    '{"b":{"c"}}',
    '{"b":{,}}',
    '{"b":"',
    '{"b"',
    '{"b":',
    '{"a":',
    '{"a"',
    '{',
    '{a:1}',
    '{"a":1} x',
    '{"a":1}{"a":2}',
    '\ufeff{"a":1}',
    '{"a":1,\u00a0"b":2}',
    '3',
    'null',
    '[{"a":1}]',
    '"a"',
  ])('%s', agrees)
})

test('a line that is bad in a skipped field is reported with its text, and the others are records', () => {
  const { records, bad } = decoded(jsonLines({ fields: ['a'] }), '{"a":1,"b":x}\n{"a":2,"b":3}\n{"a":3')
  expect(records).toEqual([{ a: 2 }])
  expect(bad.map(([line]) => line)).toEqual(['{"a":1,"b":x}', '{"a":3'])
})

test('read makes the records, and a line for which it throws is bad', () => {
  const codec = jsonLines({
    fields: ['n'],
    read: ({ n }) => {
      if (typeof n !== 'number') throw new Error(`n is ${String(n)}`)
      return n
    },
  })
  expectTypeOf(codec).toEqualTypeOf<Codec<number>>()
  const { records, bad } = decoded(codec, '{"n":1}\n{"n":"x"}\n{"m":2}\n{"n":3}')
  expect(records).toEqual([1, 3])
  expect(bad.map(([line, { message }]) => [line, message])).toEqual([
    ['{"n":"x"}', 'n is x'],
    ['{"m":2}', 'n is undefined'],
  ])
})

test('without fields, the whole objects', () => {
  expect(decoded(jsonLines(), '{"a":1,"b":[2]}\nx\n').records).toEqual([{ a: 1, b: [2] }])
  expect(decoded(jsonLines({ read: ({ a }) => a }), '{"a":1}').records).toEqual([1])
})

test('types', () => {
  interface Post {
    readonly id: string
    readonly message: string
  }
  expectTypeOf(jsonLines({ fields: ['id'] })).toEqualTypeOf<Codec<JsonFields<'id'>>>()
  expectTypeOf(jsonLines<Post, 'id'>({ fields: ['id'] })).toEqualTypeOf<Codec<Pick<Post, 'id'>>>()
  expectTypeOf(jsonLines<Post>()).toEqualTypeOf<Codec<Post>>()
  expectTypeOf(jsonLines()).toEqualTypeOf<Codec<Record<string, unknown>>>()
})

test.each<[unknown, RegExp]>([
  [{ fields: [] }, /fields must be an array of one or more different names, not \[\]/],
  [{ fields: 'a' }, /fields must be an array of one or more different names, not "a"/],
  [{ fields: ['a', 'a'] }, /fields must be/],
  [{ fields: [1] }, /fields must be/],
  [{ fields: null }, /fields must be/],
  [{ read: 1 }, /read must be a function, not 1/],
  [{ feilds: ['a'] }, /has no option "feilds"|no option.*feilds/],
  ['a', /jsonLines/],
])('the options %j are refused', (options, message) => {
  expect(() => jsonLines(options as never)).toThrow(message)
})
