import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { storageContract } from '../../../test/storage-contract.js'
import { objectStorage } from '../../platform/objects/object-storage.js'
import { fileStorage, memoryStorage, type Storage } from '../../storage.js'
import { MemoryObjects } from '../../testing/simulated-disk/memory-objects.js'

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}
const made: string[] = []
const opened: Storage[] = []
async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'dstream-storage-'))
  made.push(dir)
  return dir
}
afterAll(async () => {
  // The end of a lock is what closes the files that were appended to.
  for (const storage of opened) await (await storage.lock())()
  for (const dir of made) await rm(dir, { recursive: true })
})

const kinds: [string, () => Promise<Storage>][] = [
  [
    'files',
    async () => {
      const storage = fileStorage(join(await directory(), 'deep', 'inside'))
      opened.push(storage)
      return storage
    },
  ],
  ['memory', async () => memoryStorage()],
  ['objects', async () => objectStorage(new MemoryObjects())],
]

describe.each(kinds)('the contract of a storage, on %s', (_, create) => storageContract(create))

test('what a storage has confirmed is read by the next one on the same directory, and stale temporary files go', async () => {
  const dir = await directory()
  const first = fileStorage(dir)
  opened.push(first)
  await first.append('log', bytes(1))
  await first.put('b/file', bytes(2))
  await writeFile(join(dir, 'b', 'file.dstream-tmp'), 'half')
  const second = fileStorage(dir)
  const release = await second.lock()
  expect([await second.read('log'), await second.read('b/file')]).toEqual([bytes(1), bytes(2)])
  expect(await readdir(join(dir, 'b'))).toEqual(['file'])
  await release()
})

test('a checkpoint directory that is a file is refused in words', async () => {
  const dir = await directory()
  await writeFile(join(dir, 'file'), '')
  await expect(fileStorage(join(dir, 'file')).lock()).rejects.toMatchObject({ code: 'storage-unwritable' })
  await expect(fileStorage(join(dir, 'file', 'below')).put('x', bytes())).rejects.toMatchObject({
    code: 'storage-unwritable',
  })
})
