import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { RecordError, Seconds, Time, type DStream } from 'dstream'
import { parquet, type ParquetCompression, type ParquetType } from 'dstream/parquet'
import { fileSink, readFileSink } from 'dstream/sinks'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { all, temporaryFolder } from '../../../../test/format-files.js'

const VALUES: Readonly<Record<ParquetType, fc.Arbitrary<unknown>>> = {
  BOOLEAN: fc.boolean(),
  INT32: fc.integer(),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FLOAT: fc.float(),
  DOUBLE: fc.double(),
  STRING: fc.string({ unit: 'grapheme' }),
  JSON: fc.jsonValue({ noUnicodeString: false }).filter((value) => value !== null),
  TIMESTAMP: fc.date({ noInvalidDate: true }),
  BYTE_ARRAY: fc.uint8Array(),
}
const types = Object.keys(VALUES) as ParquetType[]

test('rows that are written are read again, of every type, with and without values, in row groups of any size', async () => {
  const table = fc
    .dictionary(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name !== '__proto__' && !name.includes('.')),
      fc.constantFrom(...types),
      { minKeys: 1, maxKeys: 4, noNullPrototype: true },
    )
    .chain((columns) => {
      const row = Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, fc.option(VALUES[type])]))
      return fc.tuple(fc.constant(columns), fc.array(fc.record(row), { maxLength: 8 }), fc.integer({ min: 1, max: 5 }))
    })
  await fc.assert(
    fc.asyncProperty(table, async ([columns, rows, rowGroupSize]) => {
      const format = parquet({ columns, rowGroupSize })
      const read = await all(format.decode(await format.encode(rows)))
      // JSON has no negative zero.
      const plain = (row: object): unknown[] =>
        Object.entries(row).map(([name, value]) =>
          columns[name] === 'JSON' ? (JSON.parse(JSON.stringify(value)) as unknown) : (value as unknown),
        )
      expect(read.map(plain)).toEqual(rows.map(plain))
    }),
    { numRuns: 60 },
  )
})

test('a JSON column holds what JSON makes of a value', async () => {
  const values = [JSON.parse('{"__proto__":[{"__proto__":1}]}'), new Map([['toJSON', 1]]), { toJSON: () => ['own'] }, 'text', [null, -0]] // prettier-ignore
  const format = parquet({ columns: { value: 'JSON' } })
  const read = await all(format.decode(await format.encode(values.map((value) => ({ value })))))
  expect(JSON.stringify(read.map(({ value }) => value as unknown))).toBe(JSON.stringify(values))
  await expect(format.encode([{ value: 1n }])).rejects.toThrow(/"value"/)
})

test.each<ParquetCompression>(['none', 'snappy', 'gzip', 'brotli'])('compression %s', async (compression) => {
  const rows = Array.from({ length: 2500 }, (_, id) => ({ id, word: `word ${id % 7}` }))
  const format = parquet<{ id: number; word: string }>({
    columns: { id: 'INT32', word: 'STRING' },
    compression,
    rowGroupSize: 1000,
  })
  expect(await all(format.decode(await format.encode(rows)))).toEqual(rows)
})

test('numbers and times of a job as 64-bit numbers and timestamps, arrays as rows', async () => {
  const format = parquet({ columns: { n: 'INT64', at: 'TIMESTAMP' } })
  const written = await format.encode([[2 ** 40, new Time(1000)], { n: 1 }])
  expect(await all(format.decode(written))).toEqual([
    { n: 2n ** 40n, at: new Date(1000) },
    { n: 1n, at: null },
  ])
})

test('some columns of a file', async () => {
  const written = await parquet({ columns: { a: 'INT32', b: 'STRING' } }).encode([[1, 'x']])
  expect(await all(parquet({ columns: { b: 'STRING' } }).decode(written))).toEqual([{ b: 'x' }])
})

test.each<[string, ParquetType, unknown]>([
  ['a fraction', 'INT32', 1.5],
  ['a number of more than 32 bits', 'INT32', 2 ** 31],
  ['a number that has lost its last digits', 'INT64', 2 ** 60],
  ['a bigint of more than 64 bits', 'INT64', 2n ** 63n],
  ['a number', 'STRING', 1],
  ['a text', 'DOUBLE', '1'],
  ['a date that is none', 'TIMESTAMP', new Date(NaN)],
  ['a function', 'JSON', () => 1],
])('a record is refused and shown: %s in a column %s', async (_, type, value) => {
  const record = { a: value }
  const failure = await parquet({ columns: { a: type } })
    .encode([{ a: null }, record])
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(RecordError)
  expect((failure as RecordError).record).toBe(record)
  expect((failure as Error).message).toContain(`is no ${type}`)
})

test('a source reads the files of a directory, and a sink writes them once', async () => {
  const dir = await temporaryFolder()
  const format = parquet<{ word: string; n: number }>({ columns: { word: 'STRING', n: 'INT32' } })
  await writeFile(join(dir, 'a.parquet'), await format.encode([['x', 1], ['y', 2]])) // prettier-ignore
  const storage = memoryStorage()
  const t = new TestContext({ batchInterval: Seconds(1), startTime: new Time(Date.now() + 3_600_000) })
  onTestFinished(() => t.ssc.stop())
  const rows: DStream<{ word: string; n: number }> = t.ssc.fileStream(dir, format, { newFilesOnly: false })
  rows.map(({ word, n }) => [word, n + 1]).to(fileSink(storage, { format }))
  await t.run(1)
  await t.stop()
  const batches = await all(readFileSink(storage, { format }))
  expect(batches.flatMap(({ records }) => records)).toEqual([
    { word: 'x', n: 2 },
    { word: 'y', n: 3 },
  ])
})

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['is cut off', (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ['is empty', () => new Uint8Array()],
  ['is something else', () => Buffer.from('a,b\n1,2\n')],
])('a file that %s fails its batch, with its name', async (_, damage) => {
  const dir = await temporaryFolder()
  const whole = await parquet({ columns: { a: 'INT32' } }).encode([[1], [2]])
  await writeFile(join(dir, 'bad.parquet'), damage(whole))
  const t = new TestContext({
    batchInterval: Seconds(1),
    startTime: new Time(Date.now() + 3_600_000),
    onFailure: 'skip',
  })
  onTestFinished(() => t.ssc.stop())
  t.output(t.ssc.fileStream(dir, parquet(), { newFilesOnly: false }))
  await t.run(1).catch(() => undefined)
  expect(inspect(t.errors)).toContain('bad.parquet')
})

test('writing without columns is refused', async () => {
  await expect(parquet().encode([{ a: 1 }])).rejects.toMatchObject({ code: 'bad-option' })
})

test.each<[string, unknown]>([
  ['an unknown type', { columns: { a: 'INT' } }],
  ['no columns', { columns: {} }],
  ['names without types', { columns: ['a'] }],
  ['an unknown compression', { compression: 'lz4' }],
  ['no rows in a group', { rowGroupSize: 0 }],
])('refused at once: %s', (_, options) => {
  expect(() => parquet(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})
