import { describe, expect, test } from 'vitest'
import { encodeValue } from '../codec/value-codec.js'
import { Log, logCrashPoints } from '../log/log.js'
import { readLog } from '../log/read-log.js'
import { memoryStorage, type MemoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import type { OperatorSignature, TableChange } from './checkpoint.js'
import { type CommitFrame, type CommitRest, encodeCommitHead, storedSignature } from './commit-frames.js'
import { readCommits } from './open-checkpoint.js'
import { StoredState } from './stored-state.js'
import { entriesOf, openTiny, print, runTiny, tinyOperators } from '../../../test/checkpoint/tiny-job.js'

function replaced(id: string, by: Partial<OperatorSignature>): OperatorSignature[] {
  return tinyOperators.map((operator) => (operator.id === id ? { ...operator, ...by } : operator))
}
function without(id: string): OperatorSignature[] {
  return tinyOperators.filter((operator) => operator.id !== id)
}
async function after(batches: number): Promise<MemoryStorage> {
  const storage = memoryStorage()
  await runTiny(storage, batches, { limits: { snapshotBytes: 1 << 20 } })
  return storage
}
async function opens(
  storage: MemoryStorage,
  operators: readonly OperatorSignature[],
  allowDropped: readonly string[] = [],
) {
  const { checkpoint, recovered } = await openTiny(storage, { more: { operators, allowDropped } })
  await checkpoint.close()
  return recovered
}

describe('another program', () => {
  test('state that was dropped does not come back under the same id', async () => {
    const storage = await after(3)
    const other = replaced('totals', { kind: 'other' })
    expect(entriesOf(await opens(storage, other, ['totals']))).toEqual([])
    expect(entriesOf(await opens(storage, other))).toEqual([])
    expect(entriesOf(await opens(storage, [...without('totals'), print('more', { tables: ['state'] })]))).toEqual([])
    expect(entriesOf(await opens(storage, tinyOperators))).toEqual([])
  })

  test('what windows and sources have kept is refused like state, and nothing changes', async () => {
    for (const id of ['feed', 'files', 'window', 'totals']) {
      const storage = await after(3)
      const before = storage.files()
      const refused = { code: 'checkpoint-mismatch', message: expect.stringContaining(`allowDroppedState: ["${id}"]`) }
      await expect(opens(storage, without(id)), id).rejects.toMatchObject(refused)
      expect(storage.files()).toEqual(before)
      await expect(opens(storage, without(id), [id]), id).resolves.toBeDefined()
    }
  })

  test('the contents of a window are not given to another operator of its id', async () => {
    const storage = await after(3)
    expect((await opens(storage, replaced('window', { kind: 'other' }), ['window'])).remembered).toEqual([])
  })

  test('received blocks wait for their source, which must be there', async () => {
    const storage = memoryStorage()
    const { checkpoint } = await openTiny(storage)
    await checkpoint.journal.addBlock({ id: 'x', streamId: 0, payload: { records: [1] }, count: 1 })
    await checkpoint.close()
    await expect(opens(storage, without('feed'))).rejects.toMatchObject({ code: 'checkpoint-mismatch' })
    expect((await opens(storage, tinyOperators)).waiting).toMatchObject([{ id: 'x' }])
  })

  test('an empty table is a table, once it has been part of a commit', async () => {
    const storage = memoryStorage()
    const { checkpoint, recovered } = await openTiny(storage)
    expect(recovered.table('totals', 'state')).toBeUndefined()
    await checkpoint.journal.allocate(1000)
    await checkpoint.commit({ time: 1000, tables: [] })
    await checkpoint.close()
    expect([...(await opens(storage, tinyOperators)).table('totals', 'state')!]).toEqual([])
    const more = [...tinyOperators, print('late', { tables: ['state'] })]
    expect((await opens(storage, more)).table('late', 'state')).toBeUndefined()
    expect((await opens(storage, more)).table('late', 'state')).toBeUndefined()
  })
})

describe('migration', () => {
  const migrating = (migrate: OperatorSignature['migrate']): OperatorSignature[] =>
    replaced('totals', { version: 2, migrate })

  test('is asked once for each value, whatever comes after', async () => {
    const storage = await after(3)
    const before = entriesOf(await opens(storage, tinyOperators))
    const tenfold = migrating((old, from) => ({ n: (old as { n: number }).n * 10 * from }))
    const first = entriesOf(await opens(storage, tenfold))
    expect(first.map(({ value }) => (value as { n: number }).n)).toEqual(
      before.map(({ value }) => (value as { n: number }).n * 10),
    )
    expect(entriesOf(await opens(storage, tenfold))).toEqual(first)
  })

  test('that throws refuses the start, naming operator and key, and nothing changes', async () => {
    const storage = await after(3)
    const before = storage.files()
    const failing = migrating(() => {
      throw new Error('no idea')
    })
    await expect(opens(storage, failing)).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringMatching(/^totals: migrate threw on key ".+", from version 1 to 2: no idea/),
    })
    expect(storage.files()).toEqual(before)
  })
})

describe('what is small', () => {
  test('positions are differences, and a snapshot of a later run holds them too', async () => {
    const storage = memoryStorage()
    const commit = async (time: number, positions: ReadonlyMap<string, unknown>) => {
      const { checkpoint, recovered } = await openTiny(storage)
      await checkpoint.journal.allocate(time)
      await checkpoint.commit({ time, tables: [], positions })
      await checkpoint.snapshot(() => ({ tables: [], remembered: [] }))
      await checkpoint.close()
      return recovered
    }
    await commit(1000, new Map<string, unknown>([['files', 7], ['lines', { at: 1 }]])) // prettier-ignore
    await commit(2000, new Map([['files', 8]]))
    const { positions } = await commit(3000, new Map())
    expect([...positions]).toEqual([['files', 8], ['lines', { at: 1 }]]) // prettier-ignore
  })

  test('lagging operators and pending outputs are what the last commit says', async () => {
    const storage = memoryStorage()
    const { checkpoint } = await openTiny(storage)
    await checkpoint.journal.allocate(1000)
    const pendingOutputs = [{ output: 'print#1', from: 1000, until: 1000, every: 0 }]
    await checkpoint.commit({ time: 1000, tables: [], lagging: new Map([['totals', 0]]), pendingOutputs })
    await checkpoint.close()
    const recovered = await opens(storage, tinyOperators)
    expect([[...recovered.lagging], recovered.pendingOutputs]).toEqual([[['totals', 0]], pendingOutputs])
  })
})

describe('what is there already', () => {
  test("'refuse' changes nothing", async () => {
    const storage = await after(2)
    const before = storage.files()
    await expect(openTiny(storage, { more: { existing: 'refuse' } })).rejects.toMatchObject({
      code: 'checkpoint-exists',
    })
    expect(storage.files()).toEqual(before)
    await expect(openTiny(memoryStorage(), { more: { existing: 'refuse' } })).resolves.toBeDefined()
  })

  test("'discard' begins anew, damaged or not, and leaves other files alone", async () => {
    const storage = await after(2)
    const [file] = await storage.list('commits/')
    storage.overwrite(file!, new Uint8Array(9))
    storage.overwrite('mine/notes', new Uint8Array(1))
    const { recovered, checkpoint } = await openTiny(storage, { more: { existing: 'discard', zeroTime: 5000 } })
    expect(recovered).toMatchObject({
      resumed: false,
      zeroTime: 5000,
      lastCommitted: undefined,
      pending: [],
      waiting: [],
    })
    expect(await storage.read('mine/notes')).toEqual(new Uint8Array(1))
    await checkpoint.close()
  })

  test('a discard that is cut anywhere is finished by the next start, whatever that asks for', async () => {
    const files = (await after(8)).files()
    const ends = new Set<number | undefined>()
    for (let at = 0; at < 60; at++) {
      let left = at
      const storage = memoryStorage({ fault: () => (left-- === 0 ? { crash: 'after' } : undefined) })
      for (const [file, bytes] of files) storage.overwrite(file, bytes)
      const discarding = openTiny(storage, { more: { existing: 'discard' } })
      await Promise.race([discarding, storage.crashed])
      const recovered = await opens(storage.crash(), tinyOperators)
      ends.add(recovered.lastCommitted)
      if (recovered.lastCommitted === undefined) {
        expect([entriesOf(recovered), recovered.pending, recovered.waiting]).toEqual([[], [], []])
      }
    }
    expect([...ends]).toEqual([8000, undefined])
  })

  test('a directory that somebody uses is refused, and free again when he has closed it', async () => {
    const storage = memoryStorage()
    const { checkpoint } = await openTiny(storage)
    await expect(openTiny(storage)).rejects.toMatchObject({ code: 'storage-locked' })
    await checkpoint.close()
    await (await openTiny(storage)).checkpoint.close()
  })

  test('a refused start gives the lock back', async () => {
    const storage = await after(1)
    await expect(opens(storage, [])).rejects.toMatchObject({ code: 'checkpoint-mismatch' })
    await expect(opens(storage, tinyOperators)).resolves.toBeDefined()
  })
})

test('a state that cannot be stored is refused by operator, key and place, and nothing is written', async () => {
  const storage = memoryStorage()
  const { checkpoint } = await openTiny(storage)
  await checkpoint.journal.allocate(1000)
  const before = storage.files()
  const changes = [{ key: 'k', value: { a: [() => 1] }, touched: 1000, gone: false }]
  await expect(
    checkpoint.commit({ time: 1000, tables: [{ operator: 'totals', table: 'state', changes }] }),
  ).rejects.toMatchObject({
    code: 'state-not-storable',
    message: expect.stringMatching(/^totals: the value of key "k" at \.a\[0\]: a function cannot be stored/),
  })
  expect(storage.files()).toEqual(before)
})

test('closing waits for the snapshot that has begun: the next owner finds nobody at work', async () => {
  const storage = memoryStorage()
  await runTiny(storage, 1, { limits: { snapshotBytes: 1 } })
  const calls = storage.calls
  for (let i = 0; i < 500; i++) await Promise.resolve()
  expect(storage.calls).toBe(calls)
  expect((await storage.list('snapshots/')).filter((file) => file.endsWith('.snapshot'))).toHaveLength(1)
})

test('no file is in a folder of its own: a storage deletes files only, and folders would stay for ever', async () => {
  const storage = memoryStorage()
  await runTiny(storage, 10, { limits: { snapshotBytes: 1 } })
  const folders = new Set((await storage.list('')).map((file) => file.slice(0, file.lastIndexOf('/'))))
  expect([...folders].sort()).toEqual(['commits', 'journal', 'snapshots'])
})

test('a big snapshot is written in parts, and a lost part makes an older one take its place', async () => {
  const storage = memoryStorage()
  const { checkpoint } = await openTiny(storage)
  const entries = Array.from({ length: 3000 }, (_, i) => ({
    key: `k${i}`,
    value: { text: 'x'.repeat(900) },
    touched: 1000,
  }))
  const changes = entries.map((entry) => ({ ...entry, gone: false }))
  for (const time of [1000, 2000]) {
    await checkpoint.journal.allocate(time)
    await checkpoint.commit({ time, tables: [{ operator: 'totals', table: 'state', changes }] })
    const tables = [{ operator: 'totals', table: 'state', entries: () => entries, release: () => undefined }]
    await checkpoint.snapshot(() => ({ tables, remembered: [] }))
  }
  await checkpoint.close()
  const parts = (await storage.list('snapshots/')).filter((file) => file.endsWith('.part'))
  expect(parts.length).toBeGreaterThan(3)
  expect(entriesOf(await opens(storage, tinyOperators)).map(({ key }) => key)).toEqual(entries.map(({ key }) => key))
  storage.overwrite(parts.at(-1)!, undefined)
  const recovered = await opens(storage, tinyOperators)
  expect(entriesOf(recovered)).toHaveLength(3000)
  expect(recovered.warnings).toMatchObject([expect.stringContaining(parts.at(-1)!)])
})

test('parts of a commit whose end never came do not pass into the first commit of the next life', async () => {
  const storage = memoryStorage()
  const operators = tinyOperators.map(storedSignature)
  const head = () => encodeCommitHead({ engine: 'test', zeroTime: 0, batchMs: 1000, operators, fresh: [] })
  const life = async (...frames: CommitFrame[]): Promise<void> => {
    const points = logCrashPoints('commit')
    const log = new Log({
      storage,
      folder: 'commits',
      kind: 'c',
      segmentBytes: 1 << 20,
      points,
      onCrashPoint: undefined,
      head,
    })
    await log.begin(await readLog(storage, 'commits', 'c'))
    await log.append(frames.map((frame) => [encodeValue(frame)]))
  }
  const change = (key: string): CommitFrame => ['changes', 'totals', 'state', [[key, 1, 0, undefined]]]
  const rest: CommitRest = { metadata: [], unremembered: [], positions: [], held: [], failed: [], forget: undefined }
  await life(change('cut off'))
  await life(change('whole'), ['done', 1000, rest])
  const { state } = await readCommits(storage, [])
  const keys = [...(state.tables.get('totals')?.get('state')?.values() ?? [])].map(({ key }) => key)
  expect(keys).toEqual(['whole'])
})

test('a table that loses all of its keys takes one frame, and stays a table', async () => {
  const storage = memoryStorage()
  const entries = Array.from({ length: 5000 }, (_, key) => ({ key, value: 1, touched: 1000, touchSequence: undefined }))
  const { checkpoint } = await openTiny(storage)
  const changed = (gone: boolean) => entries.map((entry) => ({ ...entry, gone }))
  const commit = async (time: number, changes: readonly TableChange[], isEmptied: boolean): Promise<number> => {
    const before = bytesOf(storage)
    await checkpoint.journal.allocate(time)
    await checkpoint.commit({ time, tables: [{ operator: 'totals', table: 'state', changes, isEmptied }] })
    return bytesOf(storage) - before
  }
  await commit(1000, changed(false), false)
  expect(await commit(2000, changed(true), true)).toBeLessThan(500)
  expect(await commit(3000, [], true)).toBeLessThan(500)
  await commit(4000, changed(false).slice(0, 1), false)
  await checkpoint.close()
  expect(entriesOf(await opens(storage, tinyOperators)).map(({ key }) => key)).toEqual([0])
})

test('a table that is emptied and filled by one commit holds what came last', () => {
  const rest = { metadata: [], unremembered: [], positions: [], held: [], forget: undefined }
  const change = (key: string): CommitFrame => ['changes', 'totals', 'state', [[key, 1, 0, undefined]]]
  const state = new StoredState()
  for (const frame of [
    change('a'),
    ['emptied', 'totals', 'state'],
    change('b'),
    ['done', 1000, rest],
  ] as CommitFrame[]) {
    for (const _ of state.frame(frame)) void _
  }
  expect([...state.tables.get('totals')!.get('state')!.values()].map(({ key }) => key)).toEqual(['b'])
})

function bytesOf(storage: MemoryStorage): number {
  return [...storage.files().values()].reduce((sum, bytes) => sum + bytes.length, 0)
}
