import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Seconds, type Logger } from 'dstream'
import { fileStorage, memoryStorage, type Storage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import { verifyFiles } from '../checkpoint/inspect.js'
import { encodeValue } from '../codec/value-codec.js'
import type { DiskCall, DiskFault } from '../../testing/simulated-disk/memory-disk.js'
import { type AppendRetry, Log, logCrashPoints } from './log.js'
import { readLog } from './read-log.js'

function logOn(storage: Storage, retry?: AppendRetry): Log {
  const head = () => [encodeValue({})]
  const points = logCrashPoints('commit')
  return new Log({
    storage,
    folder: 'commits',
    kind: 'c',
    segmentBytes: 1e6,
    head,
    points,
    onCrashPoint: undefined,
    retry,
  })
}

/** Notes the pauses, which take no time, and what is said. */
function retrying(forMs: number) {
  const pauses: number[] = []
  const said: unknown[] = []
  const retry: AppendRetry = {
    forMs,
    pause: (ms) => {
      pauses.push(ms)
      return Promise.resolve()
    },
    failed: (error) => said.push((error as { code: string }).code),
    recovered: (afterMs) => said.push(afterMs),
  }
  return { retry, pauses, said }
}

async function framesOf(storage: Storage): Promise<number[]> {
  const segments = await readLog(storage, 'commits', 'c')
  return segments.flatMap(({ frames }) => frames.map(({ payload }) => payload[0]!))
}
const frame = (n: number) => [Uint8Array.of(n)]

describe('after a failed append', () => {
  test.each<[string, DiskFault, DiskCall['op']]>([
    ['a full disk', { error: 'ENOSPC' }, 'write'],
    ['a write cut short', { error: 'ENOSPC', written: 5 }, 'write'],
    ['a failed sync', { error: 'EIO' }, 'sync'],
  ])('%s: the log goes on in a new file, copies nothing and syncs no file twice', async (_, fault, op) => {
    let ill = false
    const after: DiskCall[] = []
    const storage = memoryStorage({
      fault: (call) => {
        if (after.length > 0) after.push(call)
        if (!ill || call.op !== op) return undefined
        ill = false
        after.push(call)
        return fault
      },
    })
    const log = logOn(storage)
    await log.begin([])
    for (let n = 0; n < 100; n++) await log.append([frame(n)])
    ill = true
    await expect(log.append([frame(100)])).rejects.toMatchObject({ cause: expect.anything() })
    await log.append([frame(101)])
    const first = `commits/${'0'.repeat(16)}.log`
    expect(after.slice(1).filter((call) => call.path === first && call.op !== 'truncate')).toEqual([])
    expect(Math.max(...after.map(({ size = 0 }) => size))).toBeLessThan(200)
    for (const unsynced of ['lost', 'kept', 'torn'] as const) {
      const next = storage.crash({ unsynced })
      expect(await framesOf(next)).toEqual([...Array.from({ length: 100 }, (_, n) => n), 101])
      expect((await verifyFiles(next)).map(({ problem }) => problem)).toEqual([undefined, undefined])
    }
  })

  test('frames that a file holds behind the beginning of the next one never count', async () => {
    const storage = memoryStorage({ fault: ({ op }) => (ill && op === 'sync' ? { error: 'EIO' } : undefined) })
    let ill = false
    const log = logOn(storage)
    await log.begin([])
    await log.append([frame(1)])
    ill = true
    await expect(log.append([frame(2), frame(3)])).rejects.toMatchObject({ code: 'storage-failed' })
    ill = false
    await log.append([frame(4)])
    expect(await framesOf(storage)).toEqual([1, 4])
  })

  test('whatever fails: the log holds the confirmed frames, in order, and goes on', async () => {
    const faults = fc.constantFrom<DiskFault>({ error: 'ENOSPC' }, { error: 'ENOSPC', written: 9 }, { error: 'EIO' })
    const run = fc.record({
      faults: fc.array(fc.option(faults, { freq: 3 })),
      retries: fc.integer({ min: 0, max: 300 }),
    })
    await fc.assert(
      fc.asyncProperty(run, async ({ faults, retries }) => {
        let begun = false
        const left = [...faults]
        const storage = memoryStorage({ fault: () => (begun ? (left.shift() ?? undefined) : undefined) })
        const log = logOn(storage, retrying(retries).retry)
        await log.begin([])
        begun = true
        const confirmed: number[] = []
        for (let n = 0; n < 10; n++) {
          await log.append([frame(n)]).then(
            () => confirmed.push(n),
            () => undefined,
          )
        }
        left.length = 0
        await log.append([frame(99)])
        expect(await framesOf(storage.crash({ unsynced: 'torn', seed: retries }))).toEqual([...confirmed, 99])
      }),
    )
  })
})

describe('an append is tried again', () => {
  function illFor(attempts: number, error: 'ENOSPC' | 'EIO' | 'EACCES' = 'ENOSPC') {
    const ill = { attempts: 0 }
    const fault = ({ op }: DiskCall): DiskFault | undefined =>
      (op === 'write' || op === 'create') && ill.attempts-- > 0 ? { error } : undefined
    const storage = memoryStorage({ fault })
    return { storage, begin: () => (ill.attempts = attempts) }
  }

  test.each(['ENOSPC', 'EIO', 'EACCES'] as const)(
    'after %s, with growing pauses, and both ends are said',
    async (error) => {
      const { storage, begin } = illFor(7, error)
      const { retry, pauses, said } = retrying(60_000)
      const log = logOn(storage, retry)
      await log.begin([])
      begin()
      await Promise.all([log.append([frame(1)]), log.append([frame(2)])])
      expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000])
      expect(said).toEqual([expect.stringMatching(/^(disk-full|storage-failed|storage-unwritable)$/), 3550])
      expect(await framesOf(storage)).toEqual([1, 2])
    },
  )

  test('for a limited time, over all appends in a row; a success begins a new count', async () => {
    const { storage, begin } = illFor(Infinity)
    const { retry, pauses, said } = retrying(300)
    const log = logOn(storage, retry)
    await log.begin([])
    begin()
    await expect(log.append([frame(1)])).rejects.toMatchObject({ code: 'disk-full' })
    await expect(log.append([frame(2)])).rejects.toMatchObject({ code: 'disk-full' })
    expect(pauses).toEqual([50, 100, 200])
    expect(said).toEqual(['disk-full'])
  })

  test('but not where it is the wrong owner, or the file has changed', async () => {
    const { retry, pauses } = retrying(60_000)
    const storage = memoryStorage()
    const log = logOn(storage, retry)
    await log.begin([])
    storage.overwrite(`commits/${'0'.repeat(16)}.log`, undefined)
    await expect(log.append([frame(1)])).rejects.toMatchObject({ code: 'file-changed' })
    expect(pauses).toEqual([])
  })
})

describe('a file that another program changes under the log is noticed at the next append:', () => {
  test.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['deleted', (path) => rm(path), /was deleted, replaced or cut by another program.*it is gone/],
    ['cut', (path) => truncate(path, 30), /it has \d+ bytes, not the \d+ that were written/],
    ['replaced', (path) => rm(path).then(() => writeFile(path, 'mine')), /it has 4 bytes, not the/],
  ])('%s', async (_, change, said) => {
    const dir = await mkdtemp(join(tmpdir(), 'dstream-log-'))
    const storage = fileStorage(dir)
    const release = await storage.lock()
    const log = logOn(storage)
    await log.begin([])
    await log.append([frame(1)])
    await change(join(dir, `commits/${'0'.repeat(16)}.log`))
    await expect(log.append([frame(2)])).rejects.toMatchObject({
      code: 'file-changed',
      message: expect.stringMatching(said),
    })
    await release()
    await rm(dir, { recursive: true })
  })
})

describe('a job', () => {
  const rows = [['a'], ['b', 'a'], ['a']]
  function totals(t: TestContext) {
    return t.output(
      t
        .input(rows)
        .mapToPair((word) => [word, 1])
        .runningReduceByKey((a, b) => a + b)
        .uid('totals'),
    )
  }

  test('lives through a full disk, and says when it began and ended', async () => {
    let ill = 0
    const storage = memoryStorage({
      fault: ({ op }) => (ill > 0 && op === 'write' && ill-- > 0 ? { error: 'ENOSPC' } : undefined),
    })
    const lines: string[] = []
    const note = (_: object, line: string): void => void lines.push(line)
    const logger: Logger = { debug: () => undefined, info: note, warn: note, error: note }
    const t = new TestContext({ batchInterval: Seconds(1), storage, logger })
    const out = totals(t)
    await t.run(1)
    ill = 5
    await t.run()
    expect(out.batches).toEqual([
      [['a', 1]],
      [
        ['a', 2],
        ['b', 1],
      ],
      [
        ['a', 3],
        ['b', 1],
      ],
    ])
    expect(lines.filter((line) => line.includes('heckpoint'))).toEqual([
      'The checkpoint cannot be written. The job waits and tries again for up to 60 s.',
      'The checkpoint is written again, after 1.55 s.',
    ])
  })

  test('ends with the error of the disk when the time for that is used up', async () => {
    let ill = false
    const storage = memoryStorage({ fault: ({ op }) => (ill && op === 'write' ? { error: 'ENOSPC' } : undefined) })
    const t = new TestContext({ batchInterval: Seconds(1), storage, storageRetryTimeout: Seconds(2) })
    totals(t)
    await t.run(1)
    ill = true
    await expect(t.run()).rejects.toMatchObject({ code: 'disk-full' })
    ill = false
    const next = await t.crashAndRecover(totals)
    await next.run()
    expect(next.defined.batches.at(-1)).toEqual([
      ['a', 3],
      ['b', 1],
    ])
  })

  test.each(['journal', 'commits'])('ends at the next batch when a file of the %s was deleted', async (folder) => {
    const storage = memoryStorage()
    const t = new TestContext({ batchInterval: Seconds(1), storage })
    totals(t)
    await t.run(1)
    for (const file of await storage.list(folder)) storage.overwrite(file, undefined)
    await expect(t.run(1)).rejects.toMatchObject({ code: 'file-changed' })
  })
})
