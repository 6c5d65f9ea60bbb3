import { mkdtemp, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MemoryFiles } from '../../../test/memory-files.js'
import { SourceHarness } from '../../../test/source-harness.js'
import { jsonLines } from '../../base/lines/json-lines.js'
import { files as realFiles } from '../../platform/files/files.js'
import type { FileStreamOptions } from './file-input.js'
import type { SourceHome } from './input-source.js'
import { anyFile, binaryRecords, textFile } from './text-file.js'

/** A text stream of /in, made at `nowMs` of the virtual clock. */
function setUp(options: FileStreamOptions & { pattern?: string } = {}, nowMs = 0, files = new MemoryFiles()) {
  const { pattern = '/in', ...rest } = options
  const h = new SourceHarness()
  h.clock.runNext(nowMs)
  const make = (home: SourceHome) => textFile(home, files, pattern, rest)
  const source = h.add(make)
  const lines = async (time: number): Promise<string[]> => (await h.batch(source, time)).flat()
  return { h, files, source, lines, make }
}

describe('which files', () => {
  test('a file belongs to the first batch that is not before its date, and is read once', async () => {
    const { files, source, lines } = setUp()
    files.makeDirectory('/in')
    await source.start()
    files.write('/in/a', 'one\ntwo\n', 500)
    files.write('/in/b', 'three', 1500)
    expect(await lines(1000)).toEqual(['one', 'two'])
    expect(await lines(2000)).toEqual(['three'])
    files.write('/in/a', 'changed', 2500)
    expect(await lines(3000)).toEqual([])
    files.remove('/in/a')
    expect(await lines(4000)).toEqual([])
    files.write('/in/a', 'another file', 4500)
    expect(await lines(5000)).toEqual(['another file'])
  })

  test('several files of a batch: oldest first, one partition each, counted and named', async () => {
    const { files, source, h } = setUp()
    files.write('/in/z', '1\n2', 100)
    files.write('/in/b', '3', 300)
    files.write('/in/a', '4', 300)
    await source.start()
    expect(await h.batch(source, 1000)).toEqual([['1', '2'], ['4'], ['3']])
    expect(source.info(1000)).toEqual({
      inputStreamId: 0,
      numRecords: 4,
      metadata: { files: ['/in/z', '/in/a', '/in/b'], Description: '/in/z\n/in/a\n/in/b' },
    })
    expect(source.name).toBe('File stream [0]')
    source.forget!(1000)
    expect(source.info(1000)).toEqual({ inputStreamId: 0, numRecords: 0, metadata: {} })
  })

  test('a codec makes records of the lines; a line that does not decode is reported and left out', async () => {
    const files = new MemoryFiles()
    const h = new SourceHarness()
    const codec = jsonLines({ fields: ['a'] })
    const source = h.add((home) => textFile(home, files, '/in', { codec }))
    files.write('/in/x', '{"a":1,"b":2}\n{"a":2,"b":}\n\n{"a":3}', 100)
    await source.start()
    expect((await h.batch(source, 1000)).flat()).toEqual([{ a: 1 }, { a: 3 }])
    expect(source.info(1000).numRecords).toBe(2)
    expect(h.events.map(({ info }) => info.lastErrorMessage)).toEqual([
      'A record of /in/x does not decode and is left out: "{\\"a\\":2,\\"b\\":}"',
    ])
  })

  test('files that are never read are said once, those of the start in one line', async () => {
    const { h, files, source, lines } = setUp({ filter: (path) => !path.endsWith('.tmp') }, 10_000)
    files.write('/in/b', 'old', 9000)
    files.write('/in/a', 'older', 8000)
    files.write('/in/c.tmp', 'not asked for', 8000)
    await source.start()
    await lines(11_000)
    files.write('/in/moved-in', 'old too', 9500)
    expect(await lines(12_000)).toEqual([])
    await lines(13_000)
    expect(h.log).toEqual([
      'File stream [0]: /in/a is dated 1970-01-01T00:00:08.000Z, before the start, and is not read, nor are 1 more. { newFilesOnly: false } reads old files too.',
      'File stream [0]: /in/moved-in is dated 1970-01-01T00:00:09.500Z, before the start, and is not read. { newFilesOnly: false } reads old files too.',
    ])
  })

  test('what lies there at the start is left alone, what is dated later is not', async () => {
    const { files, source, lines } = setUp({}, 10_000)
    files.write('/in/old', 'old', 10_000)
    files.write('/in/new', 'new', 10_001)
    await source.start()
    expect(await lines(11_000)).toEqual(['new'])
  })

  test('newFilesOnly: false reads all that is there, however old, within the bound of a batch', async () => {
    const { files, source, lines } = setUp({ newFilesOnly: false, maxFilesPerBatch: 2 }, 1e9)
    for (const [name, ms] of [
      ['c', 5],
      ['a', 7],
      ['b', 6],
      ['d', 1e9 + 500],
    ] as const)
      files.write(`/in/${name}`, name, ms)
    await source.start()
    expect(await lines(1e9 + 1000)).toEqual(['c', 'b'])
    expect(await lines(1e9 + 2000)).toEqual(['a', 'd'])
  })

  test('a file that becomes visible long after its date is read all the same, if it is dated after the start', async () => {
    const { files, source, lines } = setUp({}, 1e9)
    files.makeDirectory('/in')
    await source.start()
    expect(await lines(1e9 + 1000)).toEqual([])
    files.write('/in/late', 'moved in', 1e9 + 5)
    files.write('/in/older', 'from before', 1e9 - 1000)
    expect(await lines(1e9 + 600_000)).toEqual(['moved in'])
    files.write('/in/older', 'written anew', 1e9 + 600_500)
    expect(await lines(1e9 + 601_000)).toEqual(['written anew'])
  })

  test('a file that lies there at the start and is written anew is read, once', async () => {
    const { files, source, lines } = setUp({}, 10_000)
    files.write('/in/a', 'old', 9_000)
    files.write('/in/b', 'old too', 10_000)
    await source.start()
    expect(await lines(11_000)).toEqual([])
    files.write('/in/a', 'new', 11_500)
    expect(await lines(12_000)).toEqual(['new'])
    files.write('/in/a', 'newer', 12_500)
    expect(await lines(13_000)).toEqual([])
    files.write('/in/a', 'after the minute in which Spark remembers', 100_000)
    expect(await lines(101_000)).toEqual([])
  })

  test.each([
    ['there at the start', true, []],
    ['not there then', false, ['a moment ago']],
  ])('a file dated a tick of the file system’s clock before the start, and %s', async (_, there, read) => {
    const { files, source, lines } = setUp({}, 10_000)
    files.makeDirectory('/in')
    if (there) files.write('/in/a', 'a moment ago', 9_996)
    await source.start()
    if (!there) files.write('/in/a', 'a moment ago', 9_996)
    expect(await lines(11_000)).toEqual(read)
  })

  test('hidden files are not read, unless the filter says so', async () => {
    const { files, source, lines } = setUp()
    files.write('/in/.part', 'no', 1)
    await source.start()
    expect(await lines(1000)).toEqual([])
    const all = setUp({ filter: (path) => !path.endsWith('x') }, 0, files)
    files.write('/in/x', 'no', 1)
    await all.source.start()
    expect(await all.lines(1000)).toEqual(['no'])
  })

  test('directories of a pattern are looked up at every tick; what lies deeper is not read', async () => {
    const { files, source, lines } = setUp({ pattern: '/in/{a,b*}' })
    files.write('/in/a/1', '1', 1)
    files.write('/in/a/deep/2', '2', 1)
    await source.start()
    expect(await lines(1000)).toEqual(['1'])
    files.write('/in/bee/3', '3', 1500)
    files.write('/in/c/4', '4', 1500)
    expect(await lines(2000)).toEqual(['3'])
  })
})

describe('what is told', () => {
  test('a missing directory once, and it is waited for', async () => {
    const { files, source, lines, h } = setUp()
    await source.start()
    expect(await lines(1000)).toEqual([])
    expect(h.log).toEqual(['File stream [0]: There is no directory /in yet; it is read once it exists'])
    files.write('/in/a', 'there', 1500)
    expect(await lines(2000)).toEqual(['there'])
  })

  test('a file dated far ahead, once; it waits for its batch', async () => {
    const { files, source, lines, h } = setUp()
    files.write('/in/ahead', 'later', 90_000)
    files.write('/in/soon', 'soon', 30_000)
    await source.start()
    for (const time of [1000, 2000]) expect(await lines(time)).toEqual([])
    expect(h.log).toEqual([expect.stringMatching(/\/in\/ahead is dated 1970-01-01T00:01:30.000Z, 89000 ms ahead/)])
    expect(await lines(90_000)).toEqual(['soon', 'later'])
  })

  test('a directory that cannot be listed; the next batch has the files', async () => {
    const { files, source, lines, h } = setUp()
    files.write('/in/a', 'there', 1)
    await source.start()
    files.failures.push(new Error('EIO'))
    expect(await lines(1000)).toEqual([])
    expect(h.eventTypes).toEqual(['receiverError'])
    expect(h.events[0]!.info.lastErrorMessage).toMatch(/Could not list the files of \/in/)
    expect(await lines(2000)).toEqual(['there'])
  })

  test('a file that is gone when its batch is read fails the batch', async () => {
    const { files, source, h } = setUp()
    files.write('/in/a', 'there', 1)
    await source.start()
    await source.plan!(1000)
    files.remove('/in/a')
    await expect(h.compute(source, 1000)).rejects.toThrow(
      /The file "\/in\/a" of the batch of 1000 ms could not be read: ENOENT/,
    )
  })
})

test('a later run goes on where the last was; a planned batch has the same files again', async () => {
  const files = new MemoryFiles()
  files.write('/in/old', 'old', 10_000)
  const first = setUp({}, 10_000, files)
  await first.source.start()
  files.write('/in/1', 'one', 10_500)
  expect(await first.lines(11_000)).toEqual(['one'])
  const snapshot = first.source.snapshot!()
  files.write('/in/2', 'two', 11_500)
  const planned = await first.source.plan!(12_000)
  files.write('/in/3', 'while it was away', 11_600)
  files.write('/in/old', 'written anew', 11_700)

  const second = setUp({}, 20_000, files)
  second.source.restore!(JSON.parse(JSON.stringify(snapshot)))
  second.source.adopt!(12_000, planned)
  await second.source.start()
  expect((await second.h.compute(second.source, 12_000))!.flat()).toEqual(['two'])
  expect(await second.lines(13_000)).toEqual(['while it was away', 'written anew'])
})

test('what has come since the first run began is new, though that run has committed nothing', async () => {
  const { files, source, lines } = setUp({}, 1700)
  files.write('/in/old', 'there before', 900)
  files.write('/in/new', 'not there before', 1500)
  source.startedAt!(1000)
  await source.start()
  expect(await lines(2000)).toEqual(['not there before'])
})

describe('other forms', () => {
  test('fileStream reads with what it is given, sync or async', async () => {
    const h = new SourceHarness()
    const files = new MemoryFiles()
    files.write('/in/abc', '', 1)
    const sync = h.add((home) => anyFile(home, files, '/in', (path) => [...path.slice(4)]))
    const async = h.add((home) =>
      anyFile(home, files, '/in', async function* (path) {
        yield path.length
      }),
    )
    expect(await h.batch(sync, 1000)).toEqual([['a', 'b', 'c']])
    expect(await h.batch(async, 1000)).toEqual([[7]])
    expect(sync.info(1000).numRecords).toBe(3)
  })

  test('binaryRecordsStream gives copies; a length that does not divide fails the batch and names both', async () => {
    const h = new SourceHarness()
    const files = new MemoryFiles()
    files.write(
      '/in/a',
      Uint8Array.from({ length: 24 }, (_, i) => i),
      1,
    )
    const source = h.add((home) => binaryRecords(home, files, '/in', 8))
    const records = (await h.batch(source, 1000)).flat()
    expect(records.map((record) => [...record])).toEqual(
      [0, 8, 16].map((n) => Array.from({ length: 8 }, (_, i) => n + i)),
    )
    expect(records.every((record) => record.buffer.byteLength === 8)).toBe(true)
    files.write('/in/b', new Uint8Array(20), 1500)
    await expect(h.batch(source, 2000)).rejects.toThrow(
      /"\/in\/b".*Its length, 20 bytes, is not a multiple of the record length, 8 bytes/,
    )
  })

  test('what cannot be is refused', () => {
    const h = new SourceHarness()
    const files = new MemoryFiles()
    expect(() => h.add((home) => textFile(home, files, ''))).toThrow(/directory must be a string/)
    expect(() => h.add((home) => textFile(home, files, '/in', { newFilesonly: true } as never))).toThrow(
      /"newFilesOnly"/,
    )
    expect(() => h.add((home) => textFile(home, files, '/in', { filter: 'x' } as never))).toThrow(
      /filter must be a function/,
    )
    expect(() => h.add((home) => anyFile(home, files, '/in', 1 as never))).toThrow(/read must be a function/)
    expect(() => h.add((home) => binaryRecords(home, files, '/in', 0))).toThrow(/recordLength must be a whole number/)
  })
})

test('on a real file system: moved in, linked, dated by the file itself', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dstream-files-'))
  try {
    const write = async (name: string, text: string, seconds: number): Promise<void> => {
      const path = join(directory, `.${name}`)
      await writeFile(path, text)
      await utimes(path, seconds, seconds)
      await rename(path, join(directory, name))
    }
    await mkdir(join(directory, 'deeper'))
    const h = new SourceHarness()
    const source = h.add((home) => textFile(home, realFiles, directory))
    const missing = h.add((home) => textFile(home, realFiles, join(directory, 'not-there')))
    await source.start()
    await missing.start()
    await write('a', 'one\r\ntwo\r\n', 1)
    await write('b', 'é €', 2)
    await symlink(join(directory, 'a'), join(directory, 'link'))
    await symlink(join(directory, 'nowhere'), join(directory, 'dangling'))
    expect(await h.batch(source, 1000)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect(await h.batch(source, 2000)).toEqual([['é €']])
    expect(await h.batch(missing, 2000)).toEqual([])
    expect(h.log.length).toBe(1)
  } finally {
    await rm(directory, { recursive: true })
  }
})
