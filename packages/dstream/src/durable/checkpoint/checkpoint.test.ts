import { describe, expect, test } from 'vitest'
import { crashPoints } from '../../base/crash-points.js'
import { memoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import {
  batches,
  crashAtCalls,
  crashInRecovery,
  cutAt,
  damageEverything,
  failAtCalls,
  illnesses,
  uninterrupted,
} from '../../../test/checkpoint/sweeps.js'
import { runTiny } from '../../../test/checkpoint/tiny-job.js'

// A sample of each sweep; checkpoint.long.test.ts looks at every call, byte and bit.

test('a job stops and starts at any batch, and ends where it would have', async () => {
  const { end } = await uninterrupted()
  for (let stop = 0; stop <= batches; stop++) {
    const storage = memoryStorage()
    await runTiny(storage, stop)
    expect(await runTiny(storage, batches), `stopped after ${stop}`).toEqual(end)
  }
})

test('there are snapshots, and the logs do not grow for ever', async () => {
  const storage = memoryStorage()
  await runTiny(storage, 40)
  const files = await storage.list('')
  const of = (folder: string): number => files.filter((file) => file.startsWith(folder)).length
  expect(of('snapshots/')).toBeGreaterThan(0)
  expect(of('commits/')).toBeLessThan(12)
  expect(of('journal/')).toBeLessThan(4)
})

describe('a crash is as if it had not been', () => {
  test('at calls of the disk, whatever becomes of what was not synced', async () => {
    expect(await crashAtCalls(4)).toBeGreaterThan(100)
  })

  test('in a recovery from a crash in a recovery', async () => {
    expect(await crashInRecovery(9)).toBeGreaterThan(10)
  })

  test('at every named step', async () => {
    const { end, steps } = await uninterrupted()
    const met = new Set<string>()
    for (let at = 0; at < steps; at++) {
      const storage = memoryStorage()
      let left = at
      await cutAt(storage, (step) => met.add(step) && left-- === 0)
      expect(await runTiny(storage.crash(), batches), `step ${at}`).toEqual(end)
    }
    expect([...met].sort()).toEqual(crashPoints.filter((name) => /^(journal|commit|snapshot):/.test(name)).sort())
  })
})

test.each(illnesses)(
  'a disk that fails %s: the job goes on or ends in words, and nothing confirmed is lost',
  async (_, fault, times) => {
    expect(await failAtCalls(fault, times, 7)).toBeGreaterThan(15)
  },
)

test('damage to any file: a committed batch, or a refusal with file and offset and nothing changed', async () => {
  const { refused, recovered } = await damageEverything({ calls: 1, bytes: 61, bits: 499 })
  expect(Math.min(refused, recovered)).toBeGreaterThan(10)
})
