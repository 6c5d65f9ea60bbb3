import { expect, test } from 'vitest'
import type { Storage } from '../../base/ports.js'
import { memoryStorage } from './memory-storage.js'
import { CrashableStorage } from './crashable-storage.js'

const one = Uint8Array.of(1)
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Returns a storage in memory that records its calls and delays them until the gate opens. */
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

test.each(calls)('%s settles as the storage does, until the crash', async (name, call) => {
  const { noting, asked } = gated()
  const run = new CrashableStorage(noting)
  await call(run)
  expect(asked).toEqual([name])
  await run.crash()
  const settled: string[] = []
  void call(run).finally(() => settled.push('after the crash'))
  await turn()
  expect([settled, asked]).toEqual([[], [name]])
})

test.each(calls)('%s that is under way never settles, whether it succeeds or fails', async (name, call) => {
  for (const outcome of [() => Promise.resolve(), () => Promise.reject(new Error('ill'))]) {
    const { noting, asked, gate } = gated()
    let open!: () => void
    gate.open = new Promise<void>((resolve) => (open = resolve)).then(outcome)
    const run = new CrashableStorage(noting)
    const settled: string[] = []
    void call(run).finally(() => settled.push('under way'))
    const crashed = run.crash()
    open()
    await crashed
    await turn()
    expect([settled, asked]).toEqual([[], [name]])
  }
})

test.each<[string, (run: CrashableStorage) => Promise<(() => Promise<void>) | undefined>]>([
  ['it is held', (run) => run.lock()],
  ['it is on its way', async (run) => void run.lock()],
  ['it was released before', async (run) => void (await (await run.lock())())],
  ['it was never asked for', async () => undefined],
])('a crash frees the lock for the next run: %s', async (_, begin) => {
  const storage = memoryStorage()
  const run = new CrashableStorage(storage)
  const release = await begin(run)
  await run.crash()
  await storage.lock()
  await release?.()
  await expect(storage.lock()).rejects.toMatchObject({ code: 'storage-locked' })
})

test('appends reach the storage in the order in which they are called', async () => {
  const storage = memoryStorage()
  const run = new CrashableStorage(storage)
  await Promise.all(Array.from({ length: 20 }, (_, i) => run.append('log', Uint8Array.of(i))))
  expect([...(await storage.read('log'))!]).toEqual(Array.from({ length: 20 }, (_, i) => i))
})
