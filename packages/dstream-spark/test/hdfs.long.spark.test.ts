import { objectStorage } from 'dstream/cluster'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storageContract } from '../../dstream/test/storage-contract.js'
import { SparkFiles } from '../src/runner/spark-files.js'
import { builtFiles } from './built-files.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'

const hdfs = new MiniHdfs()
const start = builtFiles([
  // A name node that is away is given up sooner than the ten seconds of the default.
  'spark.hadoop.ipc.client.connect.max.retries=2',
])
const files = new SparkFiles(start)
let count = 0
function newPlace(): string {
  return `${hdfs.uri}/deep/place-${++count}`
}

describe.skipIf(missingHdfs !== undefined)('on HDFS', () => {
  beforeAll(() => hdfs.start())
  afterAll(async () => {
    await files.end()
    await hdfs.end()
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

  test('while it is away calls fail in words, and later ones go on', async () => {
    const place = newPlace()
    const storage = objectStorage(files.objects(place))
    const release = await storage.lock()
    await storage.append('log', Uint8Array.of(1))
    await hdfs.kill()
    await expect(storage.append('log', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/^Cannot write hdfs:\S+\/log\/\d{16}: \S/),
    })
    await hdfs.start()
    await storage.append('log', Uint8Array.of(3))
    await release()
    expect([...(await objectStorage(files.objects(place)).read('log'))!]).toEqual([1, 3])
  })
})
