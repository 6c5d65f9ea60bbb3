import { objectStorage } from 'dstream/cluster'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileDisk } from '../../dstream/src/platform/files/file-disk.js'
import { rddFilesOn } from '../../dstream/src/platform/files/rdd-files.js'
import { storageContract } from '../../dstream/test/storage-contract.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'
import { MiniS3, missingS3 } from './mini-s3.js'
import { filesOf, type Store } from './stores.js'

const s3 = new MiniS3()
const stores: readonly (readonly [name: string, missing: string | undefined, store: Store])[] = [
  ['HDFS', missingHdfs, new MiniHdfs()],
  ['S3', missingS3, s3],
]

describe.each(stores)('on %s', (_, missing, store) => {
  describe.skipIf(missing !== undefined)('with its server', () => {
    const files = filesOf(store)
    let count = 0
    const newPlace = (): string => `${store.uri}/deep/place-${++count}`

    beforeAll(() => store.start())
    afterAll(async () => {
      await files.end()
      await store.end()
    })

    describe('the contract of a storage', () => {
      storageContract(() => Promise.resolve(objectStorage(files.objects(newPlace()))))
    })

    test('one of many callers at once creates, and nothing half made is left', async () => {
      const objects = files.objects(newPlace())
      for (let i = 0; i < 10; i++) {
        const contents = Array.from({ length: 6 }, (_, by) => Uint8Array.of(i, by))
        const made = await Promise.all(contents.map((bytes) => objects.create(`log/${i}`, bytes)))
        expect(made.filter(Boolean)).toHaveLength(1)
        expect(await objects.read(`log/${i}`)).toEqual(Buffer.from(contents[made.indexOf(true)]!))
      }
      expect(await objects.list('tmp')).toEqual([])
    })

    test('a large object too is created whole, and once', async () => {
      const objects = files.objects(newPlace())
      const large = Buffer.alloc(12_000_000, 'large')
      expect(await objects.create('data/1', large)).toBe(true)
      expect(Buffer.compare((await objects.read('data/1'))!, large)).toBe(0)
      expect(await objects.create('data/1', large.subarray(1))).toBe(false)
      expect(Buffer.compare((await objects.read('data/1'))!, large)).toBe(0)
    })

    test('while it is away calls fail in words, and later ones go on', async () => {
      const place = newPlace()
      const storage = objectStorage(files.objects(place))
      const release = await storage.lock()
      await storage.append('log', Uint8Array.of(1))
      await store.kill()
      await expect(storage.append('log', Uint8Array.of(2))).rejects.toMatchObject({
        code: 'storage-failed',
        message: expect.stringMatching(/^Cannot write \w+:\S+\/log\/\d{16}: \S/),
      })
      await store.start()
      await storage.append('log', Uint8Array.of(3))
      await release()
      expect([...(await objectStorage(files.objects(place)).read('log'))!]).toEqual([1, 3])
    })

    test('directories that are saved appear, are replaced, and stay where they are the same', async () => {
      const place = newPlace()
      const { saveParts } = rddFilesOn(fileDisk, (uri) => files.folder(uri))
      const save = (...parts: readonly string[][]) =>
        saveParts(`${place}/out`, (folder) => Promise.all(parts.map((lines) => folder.write('text', lines))))
      const saved = async (): Promise<string[]> => {
        const folder = files.folder(place)
        expect(await folder.readDir('')).toEqual(['out/'])
        const names = (await folder.readDir('out')).sort()
        return Promise.all(
          names.map(async (name) => `${name}: ${Buffer.from((await folder.read(`out/${name}`))!).toString()}`),
        )
      }
      await save(['a', 'b'], [])
      expect(await saved()).toEqual(['_SUCCESS: ', 'part-00000: a\nb\n', 'part-00001: '])
      await save(['a', 'b'], [])
      await save(['c'])
      expect(await saved()).toEqual(['_SUCCESS: ', 'part-00000: c\n'])
      await files
        .folder(place)
        .create('out/mine')
        .then((file) => file.close())
      await expect(save(['d'])).rejects.toMatchObject({ code: 'path-in-use' })
    })

    if (store !== s3) return
    describe('a bucket in which an object may be written over', () => {
      test.each([
        [
          'since Hadoop is told so',
          () => s3.plainUri,
          /s3a:\/\/plain cannot create a file only where there is none.*fs\.s3a\.create\.conditional\.enabled/,
        ],
        [
          'since its server does not know how else',
          () => s3.oldUri,
          /s3a:\/\/old writes over a file that it was told to create only where there is none.*give a server that/,
        ],
      ])('is refused in words: %s', async (_, uri, words) => {
        const objects = files.objects(`${uri()}/deep/place`)
        await expect(objectStorage(objects).lock()).rejects.toMatchObject({
          code: 'storage-failed',
          message: expect.stringMatching(words),
        })
        expect([await objects.list('log'), await objects.list('tmp')]).toEqual([[], []])
      })
    })
  })
})
