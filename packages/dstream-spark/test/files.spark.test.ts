import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { objectStorage } from 'dstream/cluster'
import { afterAll, describe, expect, test } from 'vitest'
import { fileDisk } from '../../dstream/src/platform/files/file-disk.js'
import { rddFilesOn } from '../../dstream/src/platform/files/rdd-files.js'
import { storageContract } from '../../dstream/test/storage-contract.js'
import { SparkFiles } from '../src/runner/spark-files.js'
import { builtFiles } from './built-files.js'
import { descendants } from './processes.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-files-'))
const start = builtFiles([
  // A file system that is there, and on which nothing is created where there is none.
  `spark.hadoop.fs.viewfs.mounttable.name.link./mounted=${pathToFileURL(folder).href}`,
])
const files = new SparkFiles(start)
afterAll(async () => {
  await files.end()
  rmSync(folder, { recursive: true })
})
let count = 0
function newPlace(): string {
  return join(folder, `deep/place-${++count}`)
}
const uriOf = (path: string): string => pathToFileURL(path).href

describe('the contract of a storage, on file:', () => {
  storageContract(() => Promise.resolve(objectStorage(files.objects(`${uriOf(newPlace())}/`))))
})

describe('objects as files', () => {
  test('one of many callers at once creates', async () => {
    const place = newPlace()
    const [one, other] = [files.objects(uriOf(place)), files.objects(uriOf(place))]
    for (let i = 0; i < 20; i++) {
      const contents = Array.from({ length: 8 }, (_, by) => Uint8Array.of(i, by))
      const made = await Promise.all(contents.map((bytes, by) => (by % 2 ? one : other).create(`log/${i}`, bytes)))
      expect(made.filter(Boolean)).toHaveLength(1)
      expect(await one.read(`log/${i}`)).toEqual(Buffer.from(contents[made.indexOf(true)]!))
    }
    expect((await other.list('log')).map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    // Nothing half made is left.
    expect(readdirSync(join(place, 'tmp'))).toEqual([])
  })

  test('what is not there, and what is large', async () => {
    const objects = files.objects(uriOf(newPlace()))
    expect([await objects.read('log/1'), await objects.list('log')]).toEqual([undefined, []])
    await objects.delete('log/1')
    const large = Buffer.alloc(20_000_000, 'large')
    await objects.create('data/1', large)
    expect(Buffer.compare((await objects.read('data/1'))!, large)).toBe(0)
  })

  test.each<[string, (place: string) => string, RegExp]>([
    [
      'a place that is a file',
      (place) => {
        mkdirSync(join(folder, 'deep'), { recursive: true })
        writeFileSync(place, '')
        return uriOf(place)
      },
      /^Cannot .*place-\d+/,
    ],
    ['a file system that is unknown', () => 'nowhere://name/words', /^Cannot .*No FileSystem for scheme "nowhere"/],
    [
      'a file system whose jar is missing',
      () => 's3a://bucket/words',
      /^Cannot .*Class org\.apache\.hadoop\.fs\.s3a\.S3AFileSystem not found/,
    ],
    [
      'a file system that cannot create where there is none',
      () => 'viewfs://name/mounted/words',
      /^Cannot .*viewfs:\/\/name\/? cannot create a file only where there is none.*give a URI of hdfs:/,
    ],
  ])('%s is refused in words', async (_, at, words) => {
    const storage = objectStorage(files.objects(at(newPlace())))
    await expect(storage.lock()).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(words),
    })
  })

  test('a JVM that is killed fails the calls under way, and the next call starts another', async () => {
    const place = uriOf(newPlace())
    const storage = objectStorage(files.objects(place))
    const release = await storage.lock()
    await storage.append('log', Uint8Array.of(1))
    const [jvm] = descendants(process.pid, 'dstream.spark.FilesMain')
    const call = storage.append('log', Uint8Array.of(2)).then(
      () => [1, 2],
      (error: unknown) => expect(error).toMatchObject({ code: 'storage-failed' }) ?? [1],
    )
    process.kill(jvm!, 'SIGKILL')
    await call
    await storage.append('log', Uint8Array.of(3))
    await release()
    const log = [...(await objectStorage(files.objects(place)).read('log'))!]
    expect(log.filter((byte) => byte !== 2)).toEqual([1, 3])
  })
})

describe.each([
  ['file:', uriOf],
  // Its folders count as renamed file by file, as those of object stores are.
  ['viewfs:', (path: string) => `viewfs://name/mounted/${relative(folder, path)}`],
])('directories that are saved at %s', (_, at) => {
  const { saveParts, numbered } = rddFilesOn(fileDisk, (uri) => files.folder(uri))
  const save = (path: string, ...parts: readonly string[][]) =>
    saveParts(at(path), async (given) => {
      const names: string[] = []
      for (const lines of parts) names.push(await given.write('text', lines))
      // One that is not waited for any longer.
      await given.write('text', ['late'])
      return names
    })
  // Hadoop keeps its own sums below viewfs:, which it shows nobody.
  const shown = (place: string): string[] => readdirSync(place).filter((name) => !name.endsWith('.crc')).sort() // prettier-ignore
  const contents = (path: string): string[] => shown(path).map((name) => `${name}: ${readFileSync(join(path, name), 'utf8')}`) // prettier-ignore

  test('appear, are replaced, and stay where they are the same', async () => {
    const place = newPlace()
    const path = join(place, 'out-1000.txt')
    await save(path, ['a', 'b'], [])
    expect(contents(path)).toEqual(['_SUCCESS: ', 'part-00000: a\nb\n', 'part-00001: '])
    const { ino } = statSync(path)
    await save(path, ['a', 'b'], [])
    expect(statSync(path).ino).toBe(ino)
    await save(path, ['c'])
    expect(contents(path)).toEqual(['_SUCCESS: ', 'part-00000: c\n'])
    expect(shown(place)).toEqual(['out-1000.txt'])
    await save(join(place, 'out-2000.txt'), ...Array.from({ length: 40 }, (_, i) => [`${i}`]))
    expect(contents(join(place, 'out-2000.txt'))[39]).toBe('part-00038: 38\n')
    expect(new Set(await numbered(at(join(place, 'out-')), '.txt'))).toEqual(new Set([1000, 2000]))
  })

  test('are not written over what no save has written, nor without a part', async () => {
    const place = newPlace()
    const path = join(place, 'out')
    await save(path, ['a'])
    writeFileSync(join(path, 'mine'), '')
    await expect(save(path, ['b'])).rejects.toMatchObject({ code: 'path-in-use' })
    rmSync(join(path, 'mine'))
    writeFileSync(join(place, 'file'), '')
    await expect(save(join(place, 'file'), ['b'])).rejects.toMatchObject({ code: 'path-in-use' })
    await expect(saveParts(at(path), () => Promise.resolve(['nowhere']))).rejects.toMatchObject({
      code: 'part-missing',
    })
    await expect(save(join(place, 'file/out'), ['b'])).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/^Cannot save .*file\/out/),
    })
    expect(contents(path)).toEqual(['_SUCCESS: ', 'part-00000: a\n'])
    // A worker that comes too late does not make the folder again.
    await expect(files.folder(at(place)).create('gone/part')).rejects.toThrow()
    expect(shown(place)).toEqual(['file', 'out'])
  })
})
