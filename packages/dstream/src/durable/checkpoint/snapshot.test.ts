import { expect, test } from 'vitest'
import { DamagedError } from '../../base/errors/storage.js'
import { readFrames } from '../log/frame.js'
import type { Storage } from '../../base/ports.js'
import { memoryStorage, type MemoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import type { SnapshotSource } from './checkpoint.js'
import type { StoredChange } from './commit-frames.js'
import { isWhole, keepSnapshots, listSnapshots, readSnapshot, writeSnapshot } from './snapshot.js'
import { entriesOf, everyRecord, openTiny, runTiny, type TinyState } from '../../../test/checkpoint/tiny-job.js'

function head(next: number) {
  return {
    head: { engine: 'test', zeroTime: 0, batchMs: 1000, operators: [], fresh: [] },
    next,
    time: next * 1000,
    rest: { metadata: [] as const, unremembered: [], positions: [], held: [], failed: [], forget: undefined },
  }
}

/** Tables of one key each whose value fills a part, so that there are as many parts as tables. */
function bigTables(names: readonly string[]): SnapshotSource {
  return {
    tables: names.map((name) => ({
      operator: name,
      table: 'state',
      entries: () => [{ key: name, value: name.repeat(1 << 20), touched: 1000, touchSequence: 0 }],
      release: () => undefined,
    })),
    remembered: [],
  }
}
/** Tables of one small key each, all in one part. */
function smallTables(names: readonly string[]): SnapshotSource {
  return {
    tables: names.map((name) => ({
      operator: name,
      table: 'state',
      entries: () => [{ key: name, value: 1, touched: 1000, touchSequence: 0 }],
      release: () => undefined,
    })),
    remembered: [],
  }
}

async function written(source: SnapshotSource, next = 7): Promise<MemoryStorage> {
  const storage = memoryStorage()
  await writeSnapshot(storage, head(next), source, everyRecord.begin(), undefined)
  return storage
}
async function partsOf(storage: Storage): Promise<string[]> {
  return (await storage.list('snapshots/')).filter((file) => file.endsWith('.part')).sort()
}

test('a large table is read with a pause after every 1,000 keys, from the snapshot and from the commits behind it', async () => {
  const keys = Array.from({ length: 20_500 }, (_, key) => ({ key, value: 1, touched: 1000, touchSequence: 0 }))
  const table = { operator: 'a', table: 'state', entries: () => keys, release: () => undefined }
  const storage = await written({ tables: [table], remembered: [] })
  let pauses = 0
  const slice = { size: 1, pause: () => void pauses++ as undefined }
  const state = await readSnapshot(storage, 7, slice)
  expect(pauses).toBe(21)
  for (let i = 0; i < 5; i++) {
    const changes = keys.slice(0, 1000).map(({ key }): StoredChange => [key, 2 + i, 2000, 0])
    expect([...state.frame(['changes', 'a', 'state', changes])]).toEqual([])
  }
  expect([...state.frame(['done', 8000, head(8).rest])]).toHaveLength(5)
  const values = [...state.tables.get('a')!.get('state')!.values()].map(({ value }) => value)
  expect(values).toEqual(keys.map(({ key }) => (key < 1000 ? 6 : 1)))
})

test('whether a snapshot is whole is known without reading its values', async () => {
  const storage = await written(smallTables(['a', 'b', 'c']))
  expect(await isWhole(storage, 7)).toBe(true)
  expect(await isWhole(storage, 8)).toBe(false)
  const [part] = await partsOf(storage)
  const bytes = (await storage.read(part!))!
  storage.overwrite(part!, bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))
  expect(await isWhole(storage, 7)).toBe(false)
})

test('a part that was cut between two of its frames is damage, though each frame is good', async () => {
  const storage = await written(smallTables(['a', 'b', 'c']))
  const [part] = await partsOf(storage)
  const bytes = (await storage.read(part!))!
  const { frames } = readFrames(part!, 's', bytes, { tail: false })
  expect(frames).toHaveLength(3)
  for (const { offset } of frames) {
    storage.overwrite(part!, bytes.subarray(0, offset))
    const cut = await readSnapshot(storage, 7).catch((error: unknown) => error)
    expect(cut, `cut at ${offset}`).toBeInstanceOf(DamagedError)
    expect(cut).toMatchObject({ code: 'checkpoint-damaged', file: part })
  }
})

test('two parts that have changed places are damage, though each is good where it was', async () => {
  const storage = await written(bigTables(['a', 'b']))
  const [first, second] = await partsOf(storage)
  const [a, b] = [(await storage.read(first!))!, (await storage.read(second!))!]
  expect(a.length).toBeGreaterThan(1 << 20)
  storage.overwrite(first!, b)
  storage.overwrite(second!, a)
  await expect(readSnapshot(storage, 7)).rejects.toMatchObject({ code: 'checkpoint-damaged', file: first, offset: 12 })
})

test('a snapshot of another number is damage', async () => {
  const storage = await written(smallTables(['a']))
  const [main] = (await storage.list('snapshots/')).filter((file) => file.endsWith('.snapshot'))
  const other = main!.replace('7.snapshot', '8.snapshot')
  storage.overwrite(other, await storage.read(main!))
  await expect(readSnapshot(storage, 8)).rejects.toMatchObject({ code: 'checkpoint-damaged', file: other })
})

test('a snapshot that was being deleted when the machine stopped is none, or whole', async () => {
  for (let at = 0; ; at++) {
    let storage = await written(smallTables(['a', 'b']), 7)
    await writeSnapshot(storage, head(9), smallTables(['a', 'b']), everyRecord.begin(), undefined)
    const before = storage.calls
    // In the next life the machine stops at a call of the deletion.
    storage = storage.crash({ fault: ({ index }) => (index === before + at ? { crash: 'before' } : undefined) })
    const done = await Promise.race([keepSnapshots(storage, [9]).then(() => true), storage.crashed])
    const next = storage.crash()
    const left = await listSnapshots(next)
    expect(left).toContain(9)
    for (const number of left) await readSnapshot(next, number)
    if (done === true) {
      expect(at).toBeGreaterThan(3)
      expect(left).toEqual([9])
      return
    }
  }
})

test('while there is one snapshot only, the commits before it stay: damaged, it is not missed', async () => {
  let batches = 0
  let storage: MemoryStorage
  let end: TinyState
  do {
    storage = memoryStorage()
    end = await runTiny(storage, ++batches)
  } while ((await listSnapshots(storage)).length === 0)
  const [only] = await listSnapshots(storage)
  expect(await listSnapshots(storage)).toHaveLength(1)
  const name = (await storage.list('snapshots/')).find((file) => file.endsWith('.snapshot'))!
  storage.overwrite(name, (await storage.read(name))!.subarray(0, 30))
  await expect(readSnapshot(storage, only!)).rejects.toThrow(DamagedError)
  const { checkpoint, recovered } = await openTiny(storage)
  expect(recovered.lastCommitted).toBe(batches * 1000)
  expect(entriesOf(recovered)).toEqual(end.entries)
  expect(recovered.warnings.join()).toContain('snapshot')
  await checkpoint.close()
})
