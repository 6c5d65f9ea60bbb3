import { expect, test } from 'vitest'
import { memoryStorage, type MemoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import { exportState, inspectCheckpoint, verifyFiles } from './inspect.js'
import { cutAt } from '../../../test/checkpoint/sweeps.js'
import { runTiny } from '../../../test/checkpoint/tiny-job.js'

async function cutInBatch(batch: number): Promise<MemoryStorage> {
  const storage = memoryStorage()
  let left = batch
  await cutAt(storage, (step) => step === 'commit:before-append' && --left === 0)
  return storage.crash()
}

test('inspect says what a start would find, and changes nothing', async () => {
  const storage = await cutInBatch(4)
  const before = storage.files()
  const report = await inspectCheckpoint(storage)
  const whole = await runTiny(memoryStorage(), 3)
  expect(report).toMatchObject({
    zeroTime: 0,
    batchMs: 1000,
    lastCommitted: 3000,
    pending: [4000],
    pendingOutputs: [],
    warnings: [],
  })
  expect([...report!.begun]).toEqual([[4000, 12_345]])
  expect([...report!.remembered]).toEqual([['window', 2]])
  expect(report!.operators.map(({ id, tables }) => [id, [...tables]])).toEqual([
    ['files', []],
    ['window', []],
    ['totals', [['state', whole.entries.length]]],
  ])
  expect(storage.files()).toEqual(before)
  expect(await inspectCheckpoint(memoryStorage())).toBeUndefined()
})

test('export gives the state as of the last commit, in order', async () => {
  const storage = await cutInBatch(4)
  const { entries } = await runTiny(memoryStorage(), 3)
  expect([...(await exportState(storage, 'totals'))!]).toEqual(
    entries.map(({ key, value, touched }) => ({ table: 'state', key, value, touched })),
  )
  expect(await exportState(storage, 'nobody')).toBeUndefined()
})

test('verify reads every file, also those after a damaged one, and knows a torn tail from damage', async () => {
  const storage = await cutInBatch(7)
  const good = await verifyFiles(storage)
  expect(good.map(({ file }) => file.split('/')[0])).toEqual(
    expect.arrayContaining(['journal', 'commits', 'snapshots']),
  )
  expect(good.every(({ problem, frames }) => problem === undefined && frames > 0)).toBe(true)
  const files = storage.files()
  const [commits] = await storage.list('commits/')
  storage.overwrite(commits!, files.get(commits!)!.with(40, 255))
  const journal = (await storage.list('journal/')).at(-1)!
  storage.overwrite(journal, files.get(journal)!.subarray(0, -3))
  const bad = await verifyFiles(storage)
  expect(bad).toHaveLength(good.length)
  expect(bad.filter(({ problem }) => problem !== undefined)).toMatchObject([{ file: commits, problem: { offset: 24 } }])
  expect(bad.find(({ file }) => file === journal)!.torn).toBeGreaterThan(0)
})
