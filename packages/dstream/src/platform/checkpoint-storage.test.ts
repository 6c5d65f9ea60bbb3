import { afterEach, expect, test } from 'vitest'
import { MemoryObjects } from '../testing/simulated-disk/memory-objects.js'
import { checkpointStorage } from './checkpoint-storage.js'
import { hostJob } from './runtime-host.js'

afterEach(() => hostJob({}))

test.each(['hdfs://name:8020/words', 's3a://bucket/words', 'file:///jobs/words', 'file:/jobs/words'])(
  '%s is refused where no program has brought its file system, at the first use',
  async (uri) => {
    const storage = checkpointStorage(uri)
    for (const call of [() => storage.lock(), () => storage.read('f'), () => storage.list('')])
      await expect(call()).rejects.toMatchObject({ code: 'no-file-system', message: expect.stringContaining(uri) })
  },
)

test.each(['words', './words', '/jobs/words', 'C:/words', 'a:b/words'])('%s is a directory', (path) => {
  hostJob({
    objects: () => {
      throw new Error('not asked')
    },
  })
  expect(checkpointStorage(path)).toBeDefined()
})

test('a directory is refused where the program may move to another machine, at the first use', async () => {
  hostJob({ mayMove: true, objects: () => new MemoryObjects() })
  await expect(checkpointStorage('./words').lock()).rejects.toMatchObject({
    code: 'directory-elsewhere',
    message: expect.stringContaining('"./words"'),
  })
  await checkpointStorage('hdfs://name:8020/words').put('f', Uint8Array.of(1))
})

test('a program brings the objects below a URI', async () => {
  const asked: string[] = []
  hostJob({
    objects: (uri) => {
      asked.push(uri)
      return new MemoryObjects()
    },
  })
  const storage = checkpointStorage('hdfs://name:8020/words')
  await storage.put('f', Uint8Array.of(1))
  expect(await storage.read('f')).toEqual(Uint8Array.of(1))
  expect(asked).toEqual(['hdfs://name:8020/words'])
})
