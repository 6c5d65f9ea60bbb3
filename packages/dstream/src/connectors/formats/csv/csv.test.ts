import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { deadLetter, RDDContext, RecordError, Seconds, StreamingContext, Time } from 'dstream'
import type { DeadLetter, DStream } from 'dstream'
import { csv, type CsvOptions, type CsvRow } from 'dstream/csv'
import { fileSink, readFileSink } from 'dstream/sinks'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { all, temporaryFolder } from '../../../../test/format-files.js'
import { readRows } from './read-rows.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)

// Lone surrogates are no UTF-8.
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom(...'a ,;"\r\n\t\ufeff=') }))
const name = text.filter((column) => column !== '__proto__')

test('rows that are written are read again, whatever texts they hold, by their header or without one', async () => {
  const table = fc
    .uniqueArray(name, { minLength: 1, maxLength: 4 })
    .chain((columns) =>
      fc.tuple(
        fc.constant(columns),
        fc.array(fc.array(text, { minLength: columns.length, maxLength: columns.length }), { maxLength: 5 }),
        fc.boolean(),
        fc.constantFrom(',', ';', '\t', '|'),
      ),
    )
  await fc.assert(
    fc.asyncProperty(table, async ([columns, rows, header, delimiter]) => {
      const format = csv({ columns, header, delimiter })
      const read = await all(format.decode(await format.encode(rows)))
      expect(read.map((row) => columns.map((column) => row[column]))).toEqual(rows)
    }),
  )
})

test.each<[string, CsvOptions, readonly object[], string]>([
  [
    'objects, by the properties of the first',
    {},
    [
      { a: 1, b: 'x' },
      { b: 'y', a: 2 },
    ],
    'a,b\n1,x\n2,y\n',
  ],
  ['arrays by column', { columns: ['word', 'n'] }, [['a', 1]], 'word,n\na,1\n'],
  ['columns whose names hold dots', {}, [{ 'a.b': 1, 'c[0]': 2 }], 'a.b,c[0]\n1,2\n'],
  ['without a header', { columns: ['a'], header: false }, [[1], [2]], '1\n2\n'],
  ['nothing', { columns: ['a', 'b', 'c'] }, [[null, undefined, ''], { b: 1 }], 'a,b,c\n,,""\n,1,\n'],
  [
    'other values',
    { columns: ['t', 'f', 'd', 'o', 'n', 'l'] },
    [[true, false, new Date(0), { a: [1] }, 12345678901234567890n, Number.NaN]],
    't,f,d,o,n,l\ntrue,false,1970-01-01T00:00:00.000Z,"{""a"":[1]}",12345678901234567890,NaN\n',
  ],
  ['no records', { columns: ['a'] }, [], 'a\n'],
])('written: %s', async (_, options, records, wanted) => {
  expect(Buffer.from(await csv(options).encode(records)).toString()).toBe(wanted)
})

test.each<[string, CsvOptions, Uint8Array, CsvRow[]]>([
  [
    'line ends of Windows, a byte order mark, empty lines',
    {},
    bytes('\ufeffa,b\r\n1,2\r\n\r\n3,4'),
    [
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ],
  ],
  ['some columns of a file', { columns: ['c', 'a'] }, bytes('a,b,c\n1,2,3\n'), [{ a: '1', c: '3' }]],
  ['another encoding', { encoding: 'windows-1252' }, Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a), [{ a: 'é' }]],
  ['an empty file', {}, bytes(''), []],
  ['a header alone', {}, bytes('a,b\n'), []],
])('read: %s', async (_, options, contents, wanted) => {
  expect(await all(csv(options).decode(contents))).toEqual(wanted)
})

test.each<[string, CsvOptions, Uint8Array, RegExp]>([
  ['a row that is too short', {}, bytes('a,b\n1,2\n3\n'), /line 3/],
  ['a quote that is not closed, as of a file that was cut off', {}, bytes('a\n"x'), /Quote Not Closed/],
  ['bytes that are no UTF-8', {}, Uint8Array.of(0x61, 0x0a, 0xff), /encoded data was not valid/],
  ['a column that is missing', { columns: ['a', 'x'] }, bytes('a,b\n1,2\n'), /header .*"a".*has no "x"/],
  ['a column that is there twice', {}, bytes('a,b,a\n1,2,3\n'), /has "a" twice/],
  ['a column that an object cannot hold', {}, bytes('__proto__\n1\n'), /no object can hold/],
])('a file is refused for %s', async (_, options, contents, said) => {
  await expect(all(csv(options).decode(contents))).rejects.toThrow(said)
})

test.each<[string, readonly object[], RegExp]>([
  ['a property that is no column', [{ a: 1 }, { a: 1, b: 2 }], /has "b", which is no column/],
  ['an array of another length', [[1, 2]], /has 2 values/],
  ['a record that is no row', ['x' as unknown as object], /is no row/],
])('a record is refused for %s, and shown', async (_, records, said) => {
  const failure = await csv({ columns: ['a'] })
    .encode(records)
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(RecordError)
  expect((failure as RecordError).record).toBe(records.at(-1))
  expect((failure as Error).message).toMatch(said)
})

test('a source reads the files of a directory, compressed ones too, and a sink writes them once', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'a.csv'), 'word,n\nx,1\n')
  await writeFile(join(dir, 'b.csv.gz'), gzipSync('word,n\ny,2\n'))
  const storage = memoryStorage()
  const t = new TestContext({ batchInterval: Seconds(1), startTime: new Time(Date.now() + 3_600_000) })
  onTestFinished(() => t.ssc.stop())
  const format = csv<{ word: string; n: string }>({ columns: ['word', 'n'] })
  const rows: DStream<{ word: string; n: string }> = t.ssc.fileStream(dir, format, { newFilesOnly: false })
  rows.to(fileSink(storage, { format }))
  await t.run(1)
  await t.stop()
  const batches = await all(readFileSink(storage, { format }))
  expect(batches.flatMap(({ records }) => records)).toEqual([
    { word: 'x', n: '1' },
    { word: 'y', n: '2' },
  ])
  expect(
    [...storage.files().keys()].filter((file) => file.startsWith('batch-')).every((file) => file.endsWith('.csv')),
  ).toBe(true)
})

test('a damaged file fails its batch, with its name and the line', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'bad.csv'), 'a,b\n1,2\n3\n')
  const t = new TestContext({
    batchInterval: Seconds(1),
    startTime: new Time(Date.now() + 3_600_000),
    onFailure: 'skip',
  })
  onTestFinished(() => t.ssc.stop())
  t.output(t.ssc.fileStream(dir, csv(), { newFilesOnly: false }))
  await t.run(1).catch(() => undefined)
  expect(inspect(t.errors)).toMatch(/bad\.csv[^]*line 3/)
})

test.each<[string, CsvOptions, string, CsvRow[], string[]]>([
  [
    'too short, too long',
    {},
    'a,b\n1,2\n3\n4,5\n6,7,8\n9,0\n',
    [
      { a: '1', b: '2' },
      { a: '4', b: '5' },
      { a: '9', b: '0' },
    ],
    ['3', '6,7,8'],
  ],
  ['the last one, without a line end', {}, 'a,b\n1,2\n3', [{ a: '1', b: '2' }], ['3']],
  [
    'the first one of a file without a header',
    { header: false, columns: ['a', 'b'] },
    '1\n2,3\n',
    [{ a: '2', b: '3' }],
    ['1'],
  ],
  ['with line ends of Windows and in a value', {}, 'a,b\r\n"1\n2"\r\n3,4\r\n', [{ a: '3', b: '4' }], ['"1\n2"']],
  ['with quotes within a value, reported once', {}, 'a,b\n5" x 7",1\n2,3\n', [{ a: '2', b: '3' }], ['5"']],
  ['with quotes within two values and of a wrong length', {}, 'a,b\nx",y",z\n2,3\n', [{ a: '2', b: '3' }], ['x"']],
  ['twice the same, one after the other', {}, 'a,b\n1\n1\nx"y,1\nx"y,1\n', [], ['1', '1', 'x"', 'x"']],
])('rows are left out alone: %s', async (_, options, contents, wanted, refused) => {
  const seen: unknown[] = []
  const settings = { columns: undefined, header: true, delimiter: ',', encoding: 'utf-8', ...options }
  const rows = readRows<CsvRow>([bytes(contents)] as never, settings as never, (record) => seen.push(record))
  expect(await all(rows)).toEqual(wanted)
  expect(seen).toEqual(refused)
})

test('of rows of any lengths, those of the length of the header are read and the others are refused, each once', async () => {
  const row = fc
    .array(fc.constantFrom('x', '"y,\nz"', ''), { minLength: 1, maxLength: 4 })
    .filter((row) => row.join('') !== '')
  await fc.assert(
    fc.asyncProperty(fc.array(row), fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const contents = bytes(['a,b', ...rows.map((values) => values.join(','))].join('\n'))
      const pieces = Array.from({ length: Math.ceil(contents.length / size) }, (_, i) =>
        contents.subarray(i * size, (i + 1) * size),
      )
      const refused: unknown[] = []
      const settings = { columns: undefined, header: true, delimiter: ',', encoding: 'utf-8' }
      const read = await all(readRows<CsvRow>(pieces as never, settings, (record) => refused.push(record)))
      expect(read).toHaveLength(rows.filter(({ length }) => length === 2).length)
      expect(refused).toEqual(rows.filter(({ length }) => length !== 2).map((values) => values.join(',')))
    }),
  )
})

test.each<[string, string, RegExp]>([
  ['a quote that is not closed', 'a,b\n1,2\n"3,4\n5,6\n', /Quote Not Closed/],
  ['a quote that is closed before the end of its value', 'a,b\n1,2\n"3"x,4\n5,6\n', /Invalid Closing Quote.*line 3/],
  ['a header with a quote within a name', 'a"b,c\n1,2\n', /line 1/],
  ['a column that is missing', 'a,c\n1,2\n', /has no "b"/],
])('a file fails, whatever is decided about its rows, for %s', async (_, contents, said) => {
  const settings = { columns: ['a', 'b'], header: true, delimiter: ',', encoding: 'utf-8' }
  await expect(all(readRows<CsvRow>([bytes(contents)] as never, settings, () => undefined))).rejects.toThrow(said)
})

test.each<[string, 'skip' | ((error: RecordError) => 'fail' | 'skip'), string[], number]>([
  ['skip', 'skip', ['1', '4'], 2],
  ['a function that leaves both out', () => 'skip', ['1', '4'], 2],
  ['a function that fails at one', ({ record }) => (record === '5,6,7' ? 'fail' : 'skip'), [], 1],
])('onRecordError decides about a row, with its text and line: %s', async (_, decide, wanted, skipped) => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'a.csv'), 'a,b\n1,2\n3\n4,5\n5,6,7\n')
  const seen: RecordError[] = []
  const t = new TestContext({
    batchInterval: Seconds(1),
    startTime: new Time(Date.now() + 3_600_000),
    onFailure: 'skip',
    onRecordError: (error) => (seen.push(error), decide === 'skip' ? 'skip' : decide(error)),
  })
  onTestFinished(() => t.ssc.stop())
  const out = t.output(t.ssc.fileStream(dir, csv(), { newFilesOnly: false }).map(({ a }) => a))
  await t.run(1).catch(() => undefined)
  expect(out.batches.flat()).toEqual(wanted)
  expect(seen.map(({ record }) => record)).toEqual(['3', '5,6,7'])
  expect(seen.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^fileStream#1 in the batch of .* the record "3": .*a\.csv.* line 3/),
    expect.stringMatching(/the record "5,6,7".* line 5/),
  ])
  expect(t.ssc.totals.skippedRecords).toEqual({ 'fileStream#1': skipped })
  expect(t.errors).toHaveLength(wanted.length === 0 ? 1 : 0)
  for (const error of t.errors) expect(inspect(error)).toMatch(/a\.csv[^]*line 5/)
})

test('a bad row goes to the dead letters, with its text and the line', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'a.csv'), 'a,b\n1,2\n3\n')
  const letters: DeadLetter[] = []
  const t = new TestContext({
    batchInterval: Seconds(1),
    startTime: new Time(Date.now() + 3_600_000),
    onRecordError: deadLetter({
      write: async ({ rdd }) => void letters.push(...(await rdd.collect())),
      lastCommitted: () => undefined,
    }),
  })
  onTestFinished(() => t.ssc.stop())
  const out = t.output(t.ssc.fileStream(dir, csv(), { newFilesOnly: false }))
  await t.run(1)
  expect(out.batches).toEqual([[{ a: '1', b: '2' }]])
  expect(letters).toMatchObject([
    { operator: 'fileStream#1', record: '3', error: { message: expect.stringMatching(/line 3/) } },
  ])
})

test('files that no batch names are deleted when the sink opens again, other files stay', async () => {
  const dir = await temporaryFolder()
  const sink = () => fileSink<object>(dir, { format: csv({ columns: ['a'] }) })
  const first = sink()
  await first.open!()
  await first.write({ time: new Time(1), rdd: new RDDContext().parallelize<object>([[1]]) })
  await first.close!()
  for (const file of ['batch-2-00000.csv', 'mine.csv']) await writeFile(join(dir, file), '')
  const second = sink()
  await second.open!()
  await second.close!()
  expect(await all(readFileSink(dir, { format: csv() }))).toEqual([{ time: new Time(1), records: [{ a: '1' }] }])
  await expect(writeFile(join(dir, 'batch-2-00000.csv'), '', { flag: 'r+' })).rejects.toThrow('ENOENT')
  await writeFile(join(dir, 'mine.csv'), '', { flag: 'r+' })
})

test('a file of any size is read in constant memory: of an endless one, no more than is asked for', async () => {
  let pieces = 0
  const piece = bytes('x,1\n'.repeat(1000))
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes('word,n\n')
    for (;;) {
      pieces++
      yield piece
    }
  }
  const settings = { columns: undefined, header: true, delimiter: ',', encoding: 'utf-8' }
  let rows = 0
  let furthestAhead = 0
  for await (const row of readRows<CsvRow>(endless(), settings)) {
    expect(row).toEqual({ word: 'x', n: '1' })
    furthestAhead = Math.max(furthestAhead, pieces - Math.floor(rows / 1000))
    if (++rows === 50_000) break
  }
  // The streams between hold some pieces, of 4 KB each, but not a part of the file.
  expect(furthestAhead).toBeLessThan(40)
})

test('a reader that ends before the end of a file leaves nothing behind', async () => {
  const path = join(await temporaryFolder(), 'a.csv')
  await writeFile(path, `a\n${'1\n'.repeat(100_000)}`)
  for await (const row of csv().read(path)) {
    expect(row).toEqual({ a: '1' })
    break
  }
})

test.each<[string, unknown]>([
  ['no names without a header', { header: false }],
  ['a name that is there twice', { columns: ['a', 'a'] }],
  ['no columns', { columns: [] }],
  ['names that are no array', { columns: 'a,b' }],
  ['a delimiter of two characters', { delimiter: '||' }],
  ['a quote as the delimiter', { delimiter: '"' }],
  ['an unknown encoding', { encoding: 'klingon' }],
  ['a header that is no boolean', { header: 1 }],
])('refused at once: %s', (_, options) => {
  expect(() => csv(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

test('refused at once: a format that is none, and one beside encode', async () => {
  const ssc = new StreamingContext({ batchInterval: Seconds(1) })
  for (const refused of [
    () => ssc.fileStream('in', { read: 1 } as never),
    () => fileSink('out', { format: 'csv' as never }),
    () => fileSink('out', { format: csv() as never, encode: String }),
  ]) {
    expect(refused).toThrow(expect.objectContaining({ code: 'bad-option' }))
  }
  await expect(readFileSink('out', { format: {} as never }).next()).rejects.toMatchObject({ code: 'bad-option' })
})
