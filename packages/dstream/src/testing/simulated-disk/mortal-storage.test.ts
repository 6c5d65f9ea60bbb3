import { expect, test } from 'vitest'
import type { Storage } from '../../base/ports.js'
import { memoryStorage } from './memory-storage.js'
import { MortalStorage } from './mortal-storage.js'

const one = Uint8Array.of(1)
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A storage in memory that notes what it is asked for, and holds calls up until the gate opens. */
function gated() {
  const storage = memoryStorage()
  const asked: string[] = []
  const gate = { open: Promise.resolve() }
  const through =
    <A extends readonly unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      asked.push(name)
      await gate.open
      return call(...args)
    }
  const noting: Storage = {
    append: through('append', storage.append),
    read: through('read', storage.read),
    put: through('put', storage.put),
    list: through('list', storage.list),
    delete: through('delete', storage.delete),
    lock: through('lock', storage.lock),
  }
  return { storage, noting, asked, gate }
}

const calls: [name: keyof Storage, call: (storage: Storage) => Promise<unknown>][] = [
  ['append', (storage) => storage.append('log', one)],
  ['read', (storage) => storage.read('log')],
  ['put', (storage) => storage.put('file', one)],
  ['list', (storage) => storage.list('')],
  ['delete', (storage) => storage.delete('file')],
  ['lock', (storage) => storage.lock()],
]

test.each(calls)('%s comes back as the storage lets it, until the life has ended', async (name, call) => {
  const { noting, asked } = gated()
  const life = new MortalStorage(noting)
  await call(life)
  expect(asked).toEqual([name])
  await life.die()
  const settled: string[] = []
  void call(life).finally(() => settled.push('after its end'))
  await turn()
  expect([settled, asked]).toEqual([[], [name]])
})

test.each(calls)('%s that is under way does not come back, whether it goes well or fails', async (name, call) => {
  for (const outcome of [() => Promise.resolve(), () => Promise.reject(new Error('ill'))]) {
    const { noting, asked, gate } = gated()
    let open!: () => void
    gate.open = new Promise<void>((resolve) => (open = resolve)).then(outcome)
    const life = new MortalStorage(noting)
    const settled: string[] = []
    void call(life).finally(() => settled.push('under way'))
    const died = life.die()
    open()
    await died
    await turn()
    expect([settled, asked]).toEqual([[], [name]])
  }
})

test.each<[string, (life: MortalStorage) => Promise<(() => Promise<void>) | undefined>]>([
  ['it is held', (life) => life.lock()],
  ['it is on its way', async (life) => void life.lock()],
  ['it was given back before', async (life) => void (await (await life.lock())())],
  ['nobody wanted it', async () => undefined],
])('the lock is the next one’s when a life ends: %s', async (_, begin) => {
  const storage = memoryStorage()
  const life = new MortalStorage(storage)
  const release = await begin(life)
  await life.die()
  await storage.lock()
  await release?.()
  await expect(storage.lock()).rejects.toMatchObject({ code: 'storage-locked' })
})

test('appends reach the storage in the order in which they are called', async () => {
  const storage = memoryStorage()
  const life = new MortalStorage(storage)
  await Promise.all(Array.from({ length: 20 }, (_, i) => life.append('log', Uint8Array.of(i))))
  expect([...(await storage.read('log'))!]).toEqual(Array.from({ length: 20 }, (_, i) => i))
})
