import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Storage } from '../../base/ports.js'
import type { DiskCall, DiskFault } from './memory-disk.js'
import { memoryStorage, type MemoryStorage } from './memory-storage.js'

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(
    () => (done = true),
    () => (done = true),
  )
  for (let i = 0; i < 50; i++) await Promise.resolve()
  return done
}

/** A life: two logs and two files that are put, with deletions; notes what was confirmed. */
interface Confirmed {
  /** Confirmed bytes of a file, or `null` once its deletion was confirmed. */
  readonly files: Map<string, number[] | null>
  /** What calls that have failed or not come back would make of a file. */
  readonly begun: Map<string, (number[] | null)[]>
}

async function live(storage: Storage, { files, begun }: Confirmed): Promise<void> {
  const now = (file: string): number[] => files.get(file) ?? []
  const step = async (file: string, next: number[] | null, call: () => Promise<void>): Promise<void> => {
    begun.set(file, [...(begun.get(file) ?? []), next])
    await call().then(
      () => {
        files.set(file, next)
        begun.set(file, [])
      },
      () => undefined,
    )
  }
  for (let i = 1; i <= 3; i++) {
    const block = Array.from({ length: 700 }, () => i)
    await step('logs/a', [...now('logs/a'), ...block], () => storage.append('logs/a', Uint8Array.from(block)))
    await step('deep/er/b', [...now('deep/er/b'), i], () => storage.append('deep/er/b', bytes(i)))
    await step(
      'put',
      Array.from({ length: 600 * i }, () => i),
      () => storage.put('put', new Uint8Array(600 * i).fill(i)),
    )
    await step('logs/gone', [i], () => storage.put('logs/gone', bytes(i)))
    await step('logs/gone', null, () => storage.delete('logs/gone'))
  }
}

async function check(storage: Storage, { files, begun }: Confirmed): Promise<void> {
  for (const [file, attempts] of begun) {
    const found = await storage.read(file)
    const confirmed = files.get(file) ?? undefined
    const label = `${file}: ${found === undefined ? 'missing' : `${found.length} bytes`}, confirmed ${confirmed?.length}`
    if (file === 'put' || file === 'logs/gone') {
      const allowed = [confirmed, ...attempts].map((content) => (content ? Uint8Array.from(content) : undefined))
      expect(
        allowed.some((content) => equal(content, found)),
        label,
      ).toBe(true)
    } else if (confirmed !== undefined) {
      expect(equal(found?.subarray(0, confirmed.length), Uint8Array.from(confirmed)), label).toBe(true)
    }
  }
}

function equal(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.length === b.length && a.every((value, i) => value === b[i])
}

async function countCalls(): Promise<number> {
  const storage = memoryStorage()
  await live(storage, { files: new Map(), begun: new Map() })
  return storage.calls
}

describe('a crash at every call of the disk', () => {
  const modes = [
    { unsynced: 'lost' as const, seed: 0 },
    { unsynced: 'kept' as const, seed: 0 },
    ...Array.from({ length: 3 }, (_, seed) => ({ unsynced: 'torn' as const, seed })),
  ]
  test.each(modes)('keeps what was confirmed, $unsynced $seed', async (mode) => {
    const calls = await countCalls()
    for (let at = 0; at < calls; at++) {
      for (const crash of ['before', 'after'] as const) {
        const confirmed: Confirmed = { files: new Map(), begun: new Map() }
        const storage = memoryStorage({ fault: ({ index }) => (index === at ? { crash } : undefined) })
        await Promise.race([live(storage, confirmed), storage.crashed])
        const next = storage.crash(mode)
        const release = await next.lock()
        await check(next, confirmed)
        await release()
      }
    }
  })

  test('a crash after a killed process: what the second life appends nothing to is durable all the same', async () => {
    const storage = memoryStorage({ fault: ({ op }) => (op === 'sync' ? { crash: 'before' } : undefined) })
    void storage.append('log', bytes(1))
    await storage.crashed
    const second = storage.crash({ unsynced: 'kept' })
    expect(await second.read('log')).toEqual(bytes(1))
    await second.append('log', bytes())
    expect(await second.crash().read('log')).toEqual(bytes(1))
  })
})

describe('a failure at every call of the disk', () => {
  const faults: [string, DiskFault][] = [
    ['ENOSPC', { error: 'ENOSPC' }],
    ['EIO', { error: 'EIO' }],
    ['a write that takes some and then fails', { error: 'ENOSPC', written: 3 }],
    ['a short write', { short: 2 }],
  ]
  test.each(faults)('%s: the call rejects or succeeds, and what was confirmed stays', async (_, fault) => {
    const calls = await countCalls()
    for (const lasting of [1, 3]) {
      for (let at = 0; at < calls; at++) {
        const confirmed: Confirmed = { files: new Map(), begun: new Map() }
        const storage = memoryStorage({
          fault: ({ index }) => (index >= at && index < at + lasting ? fault : undefined),
        })
        await live(storage, confirmed)
        for (const unsynced of ['kept', 'torn', 'lost'] as const) await check(storage.crash({ unsynced }), confirmed)
      }
    }
  })

  const failing = (op: DiskCall['op'], error: 'ENOSPC' | 'EIO', path = 'log', written = 0): MemoryStorage => {
    let left = 1
    return memoryStorage({
      fault: (call) => (call.op === op && call.path === path && left-- > 0 ? { error, written } : undefined),
    })
  }

  test('after a failed sync a file is not trusted, until it is written anew', async () => {
    const storage = failing('sync', 'EIO')
    await expect(storage.append('log', bytes(1))).rejects.toMatchObject({ code: 'storage-failed' })
    await expect(storage.append('log', bytes(2))).rejects.toMatchObject({ code: 'file-not-trusted' })
    await storage.append('other', bytes(3))
    await storage.put('log', bytes(4))
    await storage.append('log', bytes(5))
    expect(await storage.crash().read('log')).toEqual(bytes(4, 5))
  })

  test('the simulated disk forgets what a failed sync has lost, also when a later sync goes well', async () => {
    const storage = failing('sync', 'EIO', 'log.dstream-tmp')
    await expect(storage.put('log', bytes(7, 7))).rejects.toMatchObject({ code: 'storage-failed' })
    expect(await storage.read('log')).toBeUndefined()
  })

  test('a delete whose folder could not be synced is finished by the next try, though the file is gone already', async () => {
    let ill = false
    const storage = memoryStorage({ fault: ({ op }) => (ill && op === 'sync-dir' ? { error: 'EIO' } : undefined) })
    await storage.put('log', bytes(1))
    ill = true
    await expect(storage.delete('log')).rejects.toMatchObject({ code: 'storage-failed' })
    expect(await storage.read('log')).toBeUndefined()
    ill = false
    await storage.delete('log')
    expect(await storage.crash().read('log')).toBeUndefined()
  })

  test.each([0, 1, 2])(
    'a full disk that took %i bytes is an error of its own, and the file goes on when there is room again',
    async (written) => {
      const storage = failing('write', 'ENOSPC', 'log', written)
      await expect(storage.append('log', bytes(1, 1, 1))).rejects.toMatchObject({ code: 'disk-full' })
      await storage.append('log', bytes(2))
      expect(await storage.read('log')).toEqual(bytes(2))
    },
  )

  test('appends that wait behind a failed one fail with it: there is no hole', async () => {
    const storage = failing('write', 'ENOSPC')
    const results = await Promise.allSettled([1, 2, 3].map((i) => storage.append('log', bytes(i))))
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await storage.read('log')).toEqual(bytes())
  })
})

describe('group commit', () => {
  test('appends that come during a sync share the next one', async () => {
    let open!: () => void
    const gate = new Promise<void>((resolve) => (open = resolve))
    let syncs = 0
    const storage = memoryStorage({
      fault: (call) => (call.op === 'sync' ? (syncs++ === 0 ? { wait: gate } : undefined) : undefined),
    })
    const first = storage.append('log', bytes(0))
    expect(await settled(first)).toBe(false)
    const rest = Array.from({ length: 100 }, (_, i) => storage.append('log', bytes(i + 1)))
    expect(await settled(Promise.all(rest))).toBe(false)
    open()
    await Promise.all([first, ...rest])
    expect(syncs).toBe(2)
    expect((await storage.read('log'))!.length).toBe(101)
  })
})

describe('a crash', () => {
  test('ends a life: its calls never come back, the next one goes on', async () => {
    const storage = memoryStorage()
    await storage.lock()
    await storage.append('log', bytes(1))
    const next = storage.crash()
    expect(await settled(storage.append('log', bytes(2)))).toBe(false)
    const release = await next.lock()
    await next.append('log', bytes(3))
    expect(await next.read('log')).toEqual(bytes(1, 3))
    await release()
  })

  test('forgets a file whose name was never synced', async () => {
    const storage = memoryStorage({ fault: (call) => (call.op === 'sync-dir' ? { crash: 'before' } : undefined) })
    void storage.append('log', bytes(1))
    await storage.crashed
    expect(await storage.crash().list('')).toEqual([])
  })

  test('torn: any part of what was not synced, never a change of what was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 3000 }), async (seed, size) => {
        let syncs = 0
        const storage = memoryStorage({
          fault: (call) => (call.op === 'sync' && ++syncs === 2 ? { crash: 'before' } : undefined),
        })
        await storage.append('log', new Uint8Array(100).fill(1))
        void storage.append('log', new Uint8Array(size).fill(2))
        await storage.crashed
        const found = (await storage.crash({ unsynced: 'torn', seed }).read('log'))!
        expect(found.length).toBeGreaterThanOrEqual(100)
        expect(found.length).toBeLessThanOrEqual(100 + size)
        expect(found.subarray(0, 100).every((value) => value === 1)).toBe(true)
        expect(found.subarray(100).every((value) => value === 2 || value === 0)).toBe(true)
      }),
    )
  })

  test('overwrite puts bytes there for good', async () => {
    const storage = memoryStorage()
    storage.overwrite('a/b', bytes(1))
    expect(await storage.crash().read('a/b')).toEqual(bytes(1))
    storage.overwrite('a/b', undefined)
    expect([...storage.files()]).toEqual([])
  })
})
