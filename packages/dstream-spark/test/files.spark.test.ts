import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { objectStorage } from 'dstream/cluster'
import { afterAll, describe, expect, test } from 'vitest'
import { storageContract } from '../../dstream/test/storage-contract.js'
import { findJava, findSpark } from '../src/find-spark.js'
import { ownFilesJvm, SparkFiles } from '../src/spark-files.js'
import { descendants } from './processes.js'

const built = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-files-'))
const start = ownFilesJvm({
  spark: findSpark({}),
  java: findJava({}),
  // A file system that is there, and on which nothing is created where there is none.
  conf: [`spark.hadoop.fs.viewfs.mounttable.name.link./mounted=${pathToFileURL(folder).href}`],
  files: { jar: built('dstream-spark.jar'), logging: built('log4j2.properties') },
})
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
