import { expect, test } from 'vitest'
import { memoryStorage } from 'dstream/storage'
import { MeteredStorage } from './metered-storage.js'

test('writes are counted by the first word of the path, failed ones apart', async () => {
  let now = 1000
  const clock = { now: () => now, setTimer: () => ({ cancel: () => undefined }) }
  const storage = memoryStorage()
  let fails = false
  const slow = {
    ...bound(storage),
    append: async (file: string, bytes: Uint8Array) => {
      now += 5
      if (fails) throw new Error('full')
      return storage.append(file, bytes)
    },
  }
  const metered = new MeteredStorage(slow, clock)
  await metered.append('journal/0001', new Uint8Array(3))
  await metered.append('journal/0002', new Uint8Array(4))
  await metered.put('snapshot-7', new Uint8Array(10))
  fails = true
  await expect(metered.append('journal/0002', new Uint8Array(9))).rejects.toThrow('full')
  expect(metered.figures).toEqual([
    { group: 'journal', writes: 2, bytes: 7, failures: 1, totalMs: 10, lastMs: 5, lastBytes: 4, lastTime: 1010 },
    { group: 'snapshot', writes: 1, bytes: 10, failures: 0, totalMs: 0, lastMs: 0, lastBytes: 10, lastTime: 1010 },
  ])
  expect(await metered.list('journal/')).toEqual(['journal/0001', 'journal/0002'])
  expect(await metered.read('journal/0002')).toEqual(new Uint8Array(4))
})

function bound(storage: ReturnType<typeof memoryStorage>) {
  return {
    put: storage.put.bind(storage),
    read: storage.read.bind(storage),
    list: storage.list.bind(storage),
    delete: storage.delete.bind(storage),
    lock: storage.lock.bind(storage),
  }
}
