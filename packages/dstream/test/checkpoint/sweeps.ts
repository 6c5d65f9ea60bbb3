import { expect } from 'vitest'
import { DamagedError } from '../../src/base/errors/storage.js'
import type { DiskCall, DiskFault, Unsynced } from '../../src/storage.js'
import { memoryStorage, type MemoryStorage } from '../../src/testing/simulated-disk/memory-storage.js'
import { entriesOf, openTiny, runTiny, type TinyOptions, type TinyState, tinyLimits } from './tiny-job.js'

/** How finely a sweep looks: 1 is everything. */
export interface Grain {
  readonly calls: number
  readonly bytes: number
  readonly bits: number
}

export const batches = 8

/** The life that nothing has cut: where every other one must end. */
export async function uninterrupted() {
  const storage = memoryStorage()
  let steps = 0
  const end = await runTiny(storage, batches, { onCrashPoint: () => void steps++ })
  return { end, calls: storage.calls, steps }
}

const modes: readonly { readonly unsynced: Unsynced; readonly seed: number }[] = [
  { unsynced: 'lost', seed: 0 },
  { unsynced: 'kept', seed: 0 },
  { unsynced: 'torn', seed: 1 },
  { unsynced: 'torn', seed: 2 },
]

/** Runs a life that is cut at a step of the given name, the `nth` time. */
export async function cutAt(
  storage: MemoryStorage,
  isIt: (step: string) => boolean,
  options: TinyOptions = {},
): Promise<void> {
  let reached!: () => void
  const cut = new Promise<void>((resolve) => (reached = resolve))
  const onCrashPoint = (step: string): Promise<void> | void => {
    if (!isIt(step)) return
    reached()
    return new Promise<void>(() => undefined)
  }
  await Promise.race([runTiny(storage, batches, { ...options, onCrashPoint }), cut])
}

/** The machine stops at a call of the disk, in every way that what was not synced may be lost. */
export async function crashAtCalls(grain: number): Promise<number> {
  const { end, calls } = await uninterrupted()
  let runs = 0
  for (let at = 0; at < calls; at += grain) {
    for (const crash of ['before', 'after'] as const) {
      for (const mode of modes) {
        const storage = memoryStorage({ fault: ({ index }) => (index === at ? { crash } : undefined) })
        await Promise.race([runTiny(storage, batches), storage.crashed])
        expect(await runTiny(storage.crash(mode), batches), `${crash} call ${at}, ${mode.unsynced}`).toEqual(end)
        runs++
      }
    }
  }
  return runs
}

/** It stops again while it recovers, several times. */
export async function crashInRecovery(grain: number): Promise<number> {
  const { end, calls } = await uninterrupted()
  let runs = 0
  for (let at = 3; at < calls; at += grain) {
    let storage = memoryStorage({ fault: ({ index }) => (index === at ? { crash: 'after' } : undefined) })
    await Promise.race([runTiny(storage, batches), storage.crashed])
    for (let life = 0; life < 4; life++) {
      let left = (at * 7 + life * 11) % 40
      const fault = (): DiskFault | undefined => (left-- === 0 ? { crash: 'after' } : undefined)
      storage = storage.crash({ ...modes[(at + life) % modes.length]!, seed: at, fault })
      await Promise.race([runTiny(storage, batches), storage.crashed])
    }
    expect(await runTiny(storage.crash(), batches), `call ${at}`).toEqual(end)
    runs++
  }
  return runs
}

/** The disk is ill for some calls: the job goes on or ends in words, and the next life ends where it would have. */
export async function failAtCalls(fault: DiskFault, times: number, grain: number): Promise<number> {
  const { end, calls } = await uninterrupted()
  let runs = 0
  for (let at = 0; at < calls; at += grain) {
    const ill = ({ index }: DiskCall): DiskFault | undefined => (index >= at && index < at + times ? fault : undefined)
    const storage = memoryStorage({ fault: ill })
    const first = await runTiny(storage, batches).catch((error: unknown) => error)
    if (first instanceof Error) expect(first, `call ${at}`).toHaveProperty('code')
    else expect(first, `call ${at}`).toEqual(end)
    expect(await runTiny(storage.crash({ unsynced: 'kept' }), batches), `call ${at}, next life`).toEqual(end)
    runs++
  }
  return runs
}

type Files = ReadonlyMap<string, Uint8Array>

/** Directories that were left in the middle of things. */
async function leftBehind(): Promise<readonly Files[]> {
  const directories: Files[] = []
  const places = [
    ['commit:appended', 6],
    ['journal:appended', 21],
    ['snapshot:put', 1],
    ['snapshot:part-put', 2],
  ] as const
  for (const [name, count] of places) {
    const storage = memoryStorage()
    let left = count
    await cutAt(storage, (step) => step === name && --left <= 0)
    directories.push(storage.crash().files())
  }
  const small = memoryStorage()
  await runTiny(small, 3, { limits: { ...tinyLimits, segmentBytes: 1 << 20, snapshotBytes: 1 << 20 } })
  directories.push(small.files())
  return directories
}

interface Truth {
  readonly end: TinyState
  readonly history: ReadonlyMap<number | undefined, TinyState>
}

/**
 * What becomes of a damaged directory: refused, with file and offset and nothing changed; or recovered to a committed
 * batch, and then the job ends where it would have.
 */
async function survive(files: Files, label: string, { end, history }: Truth): Promise<'refused' | 'recovered'> {
  const storage = memoryStorage()
  for (const [file, bytes] of files) storage.overwrite(file, bytes)
  try {
    const { checkpoint, recovered } = await openTiny(storage)
    const known = history.get(recovered.lastCommitted)
    expect(entriesOf(recovered), label).toEqual(known?.entries ?? [])
    expect(recovered.remembered, label).toEqual(known?.window ?? [])
    await checkpoint.close()
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
    expect(error.file, label).toMatch(/^(journal|commits|snapshots)/)
    expect(error.offset, label).toBeGreaterThanOrEqual(0)
    expect(storage.files(), label).toEqual(files)
    return 'refused'
  }
  expect(await runTiny(storage, batches + 1), label).toEqual(end)
  return 'recovered'
}

/** Every file cut at every length, every bit of it flipped, and gone. How often which outcome was seen. */
export async function damageEverything({
  bytes: everyByte,
  bits: everyBit,
}: Grain): Promise<{ refused: number; recovered: number }> {
  const history = new Map<number | undefined, TinyState>()
  const end = await runTiny(memoryStorage(), batches + 1, { committed: (state) => history.set(state.time, state) })
  const seen = { refused: 0, recovered: 0 }
  const damage = async (files: Files, label: string): Promise<void> => {
    seen[await survive(files, label, { end, history })]++
  }
  for (const [place, files] of (await leftBehind()).entries()) {
    // The first directory has files of every kind; the others differ in where they were left.
    const bitStep = place === 0 ? everyBit : everyBit * 13
    for (const [file, bytes] of files) {
      await damage(new Map([...files].filter(([name]) => name !== file)), `${file} gone`)
      for (let length = 0; length < bytes.length; length += everyByte) {
        await damage(new Map(files).set(file, bytes.subarray(0, length)), `${file} cut at ${length}`)
      }
      for (let bit = 0; bit < bytes.length * 8; bit += bitStep) {
        const flipped = bytes.slice()
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        await damage(new Map(files).set(file, flipped), `${file} bit ${bit}`)
      }
    }
  }
  return seen
}

export const illnesses: readonly (readonly [name: string, fault: DiskFault, times: number])[] = [
  ['once with ENOSPC', { error: 'ENOSPC' }, 1],
  ['once with EIO', { error: 'EIO' }, 1],
  ['three times with EIO', { error: 'EIO' }, 3],
  ['with a write that takes some bytes first', { error: 'ENOSPC', written: 30 }, 2],
  ['by taking few bytes', { short: 5 }, 4],
  ['for good', { error: 'ENOSPC' }, Infinity],
]
