import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fileDisk } from '../../platform/files/file-disk.js'
import { RDDContext } from '../../rdd/rdd-context.js'
import { DiskStorage } from '../../durable/storage/disk-storage.js'
import type { Disk, DiskFile } from '../../durable/storage/disk.js'
import { memoryStorage, type DiskFault, type MemoryStorage } from '../../storage.js'
import { Time } from '../../base/time/time.js'
import { fileSink, readFileSink } from './index.js'
import { MANIFEST_NAME } from './manifest.js'

const sc = new RDDContext()
/** Three partitions, of which the second is empty; a batch without any records; big ones. */
const batches = new Map<number, string[][]>([
  [1000, [['a', 'b'], [], ['c']]],
  [2000, [[]]],
  [3000, [['é'], ['x'.repeat(3000), 'y']]],
  [4000, [['d']]],
])
const times = [...batches.keys()]
function rddOf(time: number) {
  return sc.union(batches.get(time)!.map((records) => sc.parallelize(records)))
}
function batch(time: number) {
  return { time: new Time(time), rdd: rddOf(time) }
}
function expected(some = times) {
  return some.map((time) => ({ time, lines: batches.get(time)!.flat() }))
}

async function read(place: Parameters<typeof readFileSink>[0]) {
  const found: { time: number; lines: readonly string[] }[] = []
  for await (const { time, lines } of readFileSink(place)) found.push({ time: time.milliseconds, lines })
  return found
}

const made: string[] = []
async function directory(): Promise<string> {
  made.push(await mkdtemp(join(tmpdir(), 'dstream-sink-')))
  return join(made.at(-1)!, 'out')
}
afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true })
})

describe('a file sink in a directory', () => {
  test('writes a file per partition with records, and a line of the manifest per batch', async () => {
    const dir = await directory()
    const sink = fileSink<string>(dir)
    await sink.open!()
    expect(await sink.lastCommitted()).toBeUndefined()
    for (const time of times) await sink.write(batch(time))
    expect(await sink.lastCommitted()).toEqual(new Time(4000))
    await sink.close!()
    const files = (await readdir(dir)).filter((name) => !name.startsWith('lock'))
    expect(files.sort()).toEqual([
      'batch-1000-00000',
      'batch-1000-00002',
      'batch-3000-00000',
      'batch-3000-00001',
      'batch-4000-00000',
      MANIFEST_NAME,
    ])
    expect(await readFile(join(dir, 'batch-1000-00000'), 'utf8')).toBe('a\nb\n')
    expect(await read(dir)).toEqual(expected())
  })

  test('goes on where an earlier one has stopped, and passes over what it has', async () => {
    const dir = await directory()
    for (const upTo of [1, 2, 4, 4]) {
      const sink = fileSink<string>(dir)
      await sink.open!()
      for (const time of times.slice(0, upTo)) await sink.write(batch(time))
      await sink.write({ time: new Time(times[upTo - 1]!), rdd: sc.parallelize(['something else']) })
      await sink.close!()
    }
    expect(await read(dir)).toEqual(expected())
  })

  test('takes a batch that comes late, once', async () => {
    const dir = await directory()
    const sink = fileSink<string>(dir)
    await sink.open!()
    for (const time of [1000, 3000, 2000, 4000, 2000, 1000]) await sink.write(batch(time))
    expect(await sink.lastCommitted()).toEqual(new Time(4000))
    expect([await sink.has!(new Time(2000)), await sink.has!(new Time(2500))]).toEqual([true, false])
    await sink.close!()
    expect(await read(dir)).toEqual(expected([1000, 3000, 2000, 4000]))
  })

  test.each([
    ['text by default', undefined, '(a,1)\n{"b":2}\n'],
    ['lines that encode makes', (record: unknown) => JSON.stringify(record), '["a",1]\n{"b":2}\n'],
    ['bytes', () => Uint8Array.of(120), 'xx'],
  ])('records as %s', async (_, encode, text) => {
    const dir = await directory()
    const sink = fileSink<unknown>(dir, { encode })
    await sink.open!()
    await sink.write({ time: new Time(5), rdd: sc.parallelize<unknown>([['a', 1], { b: 2 }]) })
    await sink.close!()
    expect(await readFile(join(dir, 'batch-5-00000'), 'utf8')).toBe(text)
    expect(await read(dir)).toEqual([{ time: 5, lines: text.replace(/\n$/, '').split('\n') }])
  })

  test('leftovers go when it is opened, a torn line is cut off, and what others have put there stays', async () => {
    const dir = await directory()
    const first = fileSink<string>(dir)
    await first.open!()
    await first.write(batch(1000))
    await first.close!()
    for (const name of ['batch-2000-00000', 'batch-900-00000', 'batch-3000-00000.dstream-tmp'])
      await writeFile(join(dir, name), '')
    for (const name of ['notes.txt', 'batch-of-cakes']) await writeFile(join(dir, name), 'mine')
    await writeFile(join(dir, MANIFEST_NAME), '{"time":2000,"files":[{"na', { flag: 'a' })
    expect(await read(dir)).toEqual(expected([1000]))
    const second = fileSink<string>(dir)
    await second.open!()
    await second.write(batch(2000))
    await second.close!()
    expect((await readdir(dir)).filter((name) => !name.startsWith('lock')).sort()).toEqual([
      'batch-1000-00000',
      'batch-1000-00002',
      'batch-of-cakes',
      MANIFEST_NAME,
      'notes.txt',
    ])
    expect(await read(dir)).toEqual(expected([1000, 2000]))
  })

  test('an error of encode fails the batch, and nothing of it counts', async () => {
    const dir = await directory()
    const error = new Error('no')
    const sink = fileSink<string>(dir, {
      encode: (record) => {
        if (record === 'c') throw error
        return record
      },
    })
    await sink.open!()
    await expect(sink.write(batch(1000))).rejects.toBe(error)
    await sink.write(batch(2000))
    await sink.close!()
    expect(await read(dir)).toEqual(expected([2000]))
  })
})

describe('refused with words:', () => {
  test('a second sink on the same directory, and the same sink for two outputs', async () => {
    const dir = await directory()
    const sink = fileSink<string>(dir)
    await sink.open!()
    await expect(sink.open!()).rejects.toMatchObject({ code: 'sink-in-use' })
    await expect(fileSink<string>(dir).open!()).rejects.toMatchObject({ code: 'storage-locked' })
    await sink.close!()
    await sink.open!()
    await sink.close!()
  })

  test('a sink that is not open', async () => {
    const sink = fileSink<string>(await directory())
    await expect(sink.write(batch(1000))).rejects.toMatchObject({ code: 'sink-not-open' })
    expect(() => sink.lastCommitted()).toThrow(expect.objectContaining({ code: 'sink-not-open' }))
  })

  test('a directory whose manifest is gone or damaged, which stays as it is', async () => {
    const dir = await directory()
    const sink = fileSink<string>(dir)
    await sink.open!()
    for (const time of times) await sink.write(batch(time))
    await sink.close!()
    const manifest = await readFile(join(dir, MANIFEST_NAME))
    await rm(join(dir, MANIFEST_NAME))
    await expect(fileSink(dir).open!()).rejects.toMatchObject({ code: 'manifest-missing' })
    const damaged = Buffer.from(manifest)
    damaged[manifest.indexOf('\n') + 5]! ^= 1
    await writeFile(join(dir, MANIFEST_NAME), damaged)
    await expect(fileSink(dir).open!()).rejects.toMatchObject({ code: 'manifest-damaged' })
    await expect(read(dir)).rejects.toMatchObject({ code: 'manifest-damaged' })
    expect([existsSync(join(dir, 'batch-4000-00000')), await readFile(join(dir, MANIFEST_NAME))]).toEqual([
      true,
      damaged,
    ])
    await writeFile(join(dir, MANIFEST_NAME), manifest)
    expect(await read(dir)).toEqual(expected())
  })

  test('a data file that was changed or is gone, to the reader', async () => {
    const dir = await directory()
    const sink = fileSink<string>(dir)
    await sink.open!()
    await sink.write(batch(1000))
    await sink.close!()
    await writeFile(join(dir, 'batch-1000-00000'), 'a\nB\n')
    await expect(read(dir)).rejects.toMatchObject({ code: 'sink-file-damaged' })
    await rm(join(dir, 'batch-1000-00000'))
    await expect(read(dir)).rejects.toMatchObject({ code: 'sink-file-damaged' })
  })

  test('what is no directory and no storage, and unknown options', async () => {
    expect(() => fileSink(7 as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    expect(() => fileSink('out', { encoding: String } as never)).toThrow(
      expect.objectContaining({ code: 'unknown-option' }),
    )
  })

  test('a directory without a sink holds no batches', async () => {
    expect(await read(await directory())).toEqual([])
  })
})

/**
 * Plays the engine in one run of the program: opens the sink, runs again the batches that are not known to be written, and
 * goes on. Failed batches stay pending until a later run. Adds the times that were written, as far as this run got.
 */
async function runOnce(storage: MemoryStorage | DiskStorage, done: Set<number>): Promise<void> {
  const sink = fileSink<string>(storage)
  await sink.open!()
  try {
    for (const time of times.filter((t) => !done.has(t))) {
      await sink.write(batch(time)).then(
        () => done.add(time),
        () => undefined,
      )
    }
  } finally {
    await sink.close!()
  }
}
function sorted(found: { time: number; lines: readonly string[] }[]) {
  return found.sort((a, b) => a.time - b.time)
}

describe('on a simulated disk', () => {
  /** A run that ends at a crash, if its fault causes one. */
  const crashing = async (storage: MemoryStorage, done: Set<number>): Promise<void> => {
    await Promise.race([runOnce(storage, done).catch(() => undefined), storage.crashed])
  }
  const uninterrupted = async (): Promise<number> => {
    const storage = memoryStorage()
    await runOnce(storage, new Set())
    return storage.calls
  }

  const fates = ['lost', 'kept', 'torn'] as const
  test.each(fates.flatMap((one) => fates.map((two) => [one, two] as const)))(
    'no crash, before or after any call, loses or repeats a batch; unsynced bytes are %s, then %s',
    async (one, two) => {
      const calls = await uninterrupted()
      expect(calls).toBeGreaterThan(30)
      // The second run crashes somewhere in its recovery, or after its last batch.
      const points = Array.from({ length: calls }, (_, at) => [at, at % 7] as const)
      for (const [at, later] of [...points, ...points.map(([at]) => [at, Infinity] as const)]) {
        for (const crash of ['before', 'after'] as const) {
          const name = `crash ${crash} call ${at}, then ${later} on`
          const done = new Set<number>()
          const first = memoryStorage({ fault: ({ index }) => (index === at ? { crash } : undefined) })
          await crashing(first, done)
          const again = first.calls + later
          const fault = ({ index }: { index: number }): DiskFault | undefined =>
            index === again ? { crash } : undefined
          const second = first.crash({ unsynced: one, seed: at, fault })
          await crashing(second, done)
          const third = second.crash({ unsynced: two, seed: -at })
          const held = (await read(third)).map(({ time }) => time)
          for (const time of done) expect(held, `${name}: batch ${time} was confirmed`).toContain(time)
          await runOnce(third, done)
          expect(await read(third), name).toEqual(expected())
          expect([...third.files().keys()].filter((file) => file.startsWith('batch-'))).toHaveLength(5)
        }
      }
    },
  )

  test('a sync of the manifest that fails costs its batch, and no later one', async () => {
    const failed: number[] = []
    const storage = memoryStorage({
      fault: ({ op, path, index }) => {
        if (op !== 'sync' || path !== MANIFEST_NAME || failed.length > 0) return undefined
        failed.push(index)
        return { error: 'EIO' }
      },
    })
    const done = new Set<number>()
    await runOnce(storage, done)
    expect([...done]).toEqual([2000, 3000, 4000])
    expect(await read(storage.crash())).toEqual(expected([2000, 3000, 4000]))
  })

  test.each(['EIO', 'ENOSPC', 'EACCES'] as const)('any call that fails with %s costs at most time', async (error) => {
    const calls = await uninterrupted()
    for (let at = 0; at < calls; at++) {
      for (const last of [at, at + 2, Infinity]) {
        const done = new Set<number>()
        const fault = ({ index }: { index: number }): DiskFault | undefined =>
          index >= at && index <= last ? { error, written: 3 } : undefined
        const first = memoryStorage({ fault })
        await runOnce(first, done).catch(() => undefined)
        const second = first.crash({ unsynced: 'lost' })
        await runOnce(second, done)
        expect(sorted(await read(second.crash())), `calls ${at} to ${last} fail`).toEqual(expected())
      }
    }
  })
})

describe('on real files', () => {
  /** Every call of the disk fails from number `at` on, as after a crash; that call may have done half of its work. */
  const failing = (disk: Disk, at: number): { disk: Disk; calls: () => number } => {
    let calls = 0
    const guarded = <O extends object>(target: O): O =>
      new Proxy(target, {
        get: (object, name) => {
          const method = Reflect.get(object, name) as unknown
          if (typeof method !== 'function' || name === 'close') return method
          return async (...args: unknown[]): Promise<unknown> => {
            if (calls++ >= at) {
              if (name === 'write') await (object as unknown as DiskFile).write((args[0] as Uint8Array).subarray(0, 5))
              throw Object.assign(new Error('EIO'), { code: 'EIO' })
            }
            const result = (await method.apply(object, args)) as unknown
            if (name === 'create') return guarded(result as DiskFile)
            if (name !== 'openAppend') return result
            return { ...(result as object), file: guarded((result as { file: DiskFile }).file) }
          }
        },
      })
    return { disk: guarded(disk), calls: () => calls }
  }
  const unlocked = () =>
    Promise.resolve({
      verify: () => undefined,
      confirm: () => Promise.resolve(),
      release: () => Promise.resolve(),
    })

  test('whichever call of the file system is the last, the next life completes each batch once', async () => {
    const whole = failing(fileDisk(await directory()), Infinity)
    await runOnce(new DiskStorage(whole.disk, unlocked), new Set())
    for (let at = 0; at < whole.calls(); at++) {
      const dir = await directory()
      const done = new Set<number>()
      await runOnce(new DiskStorage(failing(fileDisk(dir), at).disk, unlocked), done).catch(() => undefined)
      const held = (await read(dir)).map(({ time }) => time)
      expect(
        held.filter((time) => done.has(time)),
        `call ${at}`,
      ).toEqual([...done])
      const sink = fileSink<string>(dir)
      await sink.open!()
      for (const time of times) await sink.write(batch(time))
      await sink.close!()
      expect(await read(dir), `call ${at}`).toEqual(expected())
    }
  })
})
