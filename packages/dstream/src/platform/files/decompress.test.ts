import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { files } from './files.js'
import { rddFiles } from './rdd-files.js'

const { zstdCompressSync } = zlib as { zstdCompressSync?: (text: string) => Uint8Array }
const folder = mkdtempSync(join(tmpdir(), 'dstream-gz-'))
beforeAll(() => {
  writeFileSync(join(folder, 'a.txt'), '\ufeffa\nb\n')
  writeFileSync(join(folder, 'b.gz'), zlib.gzipSync('\ufeffc\nd\n'))
  // A file has two members, as those that are joined have.
  writeFileSync(join(folder, 'c.gz'), Buffer.concat([zlib.gzipSync('e\n'), zlib.gzipSync('f\n')]))
  for (const name of ['a.txt', 'b.gz', 'c.gz']) utimesSync(join(folder, name), 0.5, 0.5)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}

async function textOf(path: string): Promise<string> {
  return Buffer.concat(await all(files.readText(path))).toString()
}

test('text files of a directory, compressed and not, without byte order marks', async () => {
  expect(await all(rddFiles.loadText(folder))).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(t.ssc.textFileStream(folder, { newFilesOnly: false }))
  await t.run(1)
  await t.ssc.stop()
  expect(out.batches.flat().sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('whole files: a text is decompressed and has no mark, bytes are as they are', async () => {
  expect(await all(rddFiles.loadWholeTexts(folder))).toEqual([
    [join(folder, 'a.txt'), 'a\nb\n'],
    [join(folder, 'b.gz'), 'c\nd\n'],
    [join(folder, 'c.gz'), 'e\nf\n'],
  ])
  const [[path, bytes]] = (await all(rddFiles.loadWholeBytes(join(folder, 'a.txt')))) as [[string, Uint8Array]]
  expect([path, [...bytes]]).toEqual([join(folder, 'a.txt'), [0xef, 0xbb, 0xbf, 0x61, 10, 0x62, 10]])
})

describe('a file that is not what its name says', () => {
  test.each<[string, string, Uint8Array]>([
    ['cut off', 'cut.gz', zlib.gzipSync('a\n'.repeat(10_000)).subarray(0, 30)],
    ['of another kind', 'other.gz', Buffer.from('a plain text')],
    ['damaged', 'damaged.gz', damaged(zlib.gzipSync('abc'.repeat(100)))],
  ])('%s', async (_, name, bytes) => {
    const path = join(folder, '..', `${folder.split('/').at(-1)}-${name}`)
    writeFileSync(path, bytes)
    try {
      await expect(textOf(path)).rejects.toMatchObject({
        code: 'file-not-decompressed',
        message: expect.stringContaining('is no whole gzip file: ') as string,
      })
    } finally {
      rmSync(path)
    }
  })
})

test('a reader that stops early ends the reading', async () => {
  const path = join(folder, 'b.gz')
  for await (const chunk of files.readText(path)) {
    expect(chunk.length).toBeGreaterThan(0)
    break
  }
  expect(await textOf(path)).toBe('\ufeffc\nd\n')
})

test('Zstandard, or words where Node has none', async () => {
  const path = join(folder, '..', `${folder.split('/').at(-1)}.zst`)
  writeFileSync(path, zstdCompressSync?.('a\nb\n') ?? 'a')
  try {
    if (zstdCompressSync !== undefined) expect(await textOf(path)).toBe('a\nb\n')
    else await expect(textOf(path)).rejects.toMatchObject({ code: 'no-zstandard' })
  } finally {
    rmSync(path)
  }
})

function damaged(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length - 6]! ^= 0xff
  return copy
}
