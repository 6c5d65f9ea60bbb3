import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Storage } from '../../base/ports.js'
import { objectStorage } from '../../platform/objects/object-storage.js'
import {
  MemoryObjects,
  type ObjectCall,
  type ObjectFault,
  ObjectShelf,
} from '../../testing/simulated-disk/memory-objects.js'

type Op = readonly [op: 'append' | 'put', file: string, bytes: Uint8Array] | readonly [op: 'delete', file: string]
/** Files as texts by name. */
type Model = ReadonlyMap<string, string>

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const LARGE = new Uint8Array(70_000).fill(7)

/** A few changes of each kind, and so many appends that their bytes move into a table. */
const SCRIPT: readonly Op[] = [
  ['put', 'log/1', bytes(1)],
  ['append', 'log/1', bytes(2)],
  ['put', 'snap', LARGE],
  ['append', 'log/1', LARGE],
  ['append', 'log/1', bytes(3)],
  ['put', 'snap', bytes(4)],
  ['put', 'log/2', bytes()],
  ...Array.from({ length: 130 }, (_, i): Op => ['append', 'log/2', bytes(i)]),
  ['delete', 'log/1'],
  ['append', 'log/2', bytes(5)],
]

function applied(model: Model, [op, file, content]: Op): Model {
  const next = new Map(model)
  if (op === 'delete') next.delete(file)
  else next.set(file, (op === 'append' ? (next.get(file) ?? '') : '') + Buffer.from(content).toString('hex'))
  return next
}

function run(storage: Storage, [op, file, content]: Op): Promise<void> {
  return op === 'delete' ? storage.delete(file) : storage[op](file, content)
}

async function filesOf(storage: Storage): Promise<Model> {
  const names = await storage.list('')
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [
        name,
        Buffer.from((await storage.read(name))!).toString('hex'),
      ]),
    ),
  )
}

/** Each owner is replaced at once, and its successor cleans up before it returns. */
function nextLife(shelf: ObjectShelf, fault?: (call: ObjectCall) => ObjectFault | undefined): Storage {
  return objectStorage(new MemoryObjects(shelf, fault), { staleMs: 0 })
}

async function callsOf(script: readonly Op[]): Promise<number> {
  const shelf = new ObjectShelf()
  const storage = nextLife(shelf)
  const release = await storage.lock()
  for (const op of script) await run(storage, op)
  await release()
  return shelf.calls
}

describe('a crash at any call of the store', () => {
  test.each<ObjectFault>(['crashes', 'crashes after its effect'])('loses nothing: it %s', async (fault) => {
    const calls = await callsOf(SCRIPT)
    for (let at = 0; at < calls; at++) {
      const shelf = new ObjectShelf()
      const store = new MemoryObjects(shelf, ({ index }) => (index === at ? fault : undefined))
      const storage = objectStorage(store, { staleMs: 0 })
      let confirmed: Model = new Map()
      let possible: Model = confirmed
      const life = async (): Promise<void> => {
        const release = await storage.lock()
        for (const op of SCRIPT) {
          possible = applied(confirmed, op)
          await run(storage, op)
          confirmed = possible
        }
        await release()
      }
      await Promise.race([life(), store.crashed])
      const next = nextLife(shelf)
      const release = await next.lock()
      expect([confirmed, possible]).toContainEqual(await filesOf(next))
      await next.append('log/9', bytes(9))
      await release()
      // What the crash has left is gone, but for the signs of the log that are kept for ever.
      const needed = new Set(shelf.objects.keys())
      expect([...needed].filter((name) => !name.startsWith('log/') && !name.startsWith('data/'))).toEqual([])
      expect(await filesOf(nextLife(shelf))).toEqual(await filesOf(next))
    }
  })
})

test('a call that fails leaves its change done or not done, and later ones go on from there', async () => {
  const calls = await callsOf(SCRIPT)
  for (const fault of ['fails', 'fails after its effect'] as const) {
    for (let at = 3; at < calls; at++) {
      const shelf = new ObjectShelf()
      let isWriting = true
      const storage = nextLife(shelf, ({ index }) => (isWriting && index === at ? fault : undefined))
      const release = await storage.lock()
      let possible: readonly Model[] = [new Map()]
      for (const op of SCRIPT) {
        const done = await run(storage, op).then(
          () => true,
          (error: unknown) => expect(error).toMatchObject({ code: 'storage-failed' }),
        )
        const after = possible.map((model) => applied(model, op))
        possible = done === true ? after : [...possible, ...after]
      }
      isWriting = false
      // A change that is confirmed settles those before it.
      const end: Op = ['put', 'end', bytes()]
      await run(storage, end)
      const found = await filesOf(storage)
      expect(possible.map((model) => applied(model, end))).toContainEqual(found)
      await release()
      expect(await filesOf(nextLife(shelf))).toEqual(found)
    }
  }
})

describe('two owners', () => {
  test('one that was replaced can neither write nor read, and leaves no trace', async () => {
    const shelf = new ObjectShelf()
    const [first, second] = [nextLife(shelf), nextLife(shelf)]
    const release = await first.lock()
    await first.append('log', bytes(1))
    await second.lock()
    const lost = { code: 'lock-lost' }
    await expect(first.append('log', bytes(2))).rejects.toMatchObject(lost)
    for (const call of [
      () => first.put('log', bytes(2)),
      () => first.delete('log'),
      () => first.read('log'),
      () => first.list(''),
    ])
      await expect(call()).rejects.toMatchObject(lost)
    await release()
    expect(await second.read('log')).toEqual(bytes(1))
    // It may ask again, as each other one.
    await first.lock()
    await first.append('log', bytes(3))
    expect(await first.read('log')).toEqual(bytes(1, 3))
    await expect(second.append('log', bytes(2))).rejects.toMatchObject(lost)
  })

  test.each<[string, ObjectFault | undefined]>([
    ['whose write is on its way meanwhile', undefined],
    ['whose write had no answer', 'fails after its effect'],
    ['whose write has failed', 'fails'],
  ])('a sleeper %s is refused whenever it wakes up', async (_, fault) => {
    for (const entries of [0, 1, 100, 127, 128, 129, 300]) {
      const shelf = new ObjectShelf()
      let wake!: () => void
      const slept = new Promise<void>((resolve) => (wake = resolve))
      let isAsleep = false
      const isWrite = ({ op, object }: ObjectCall): boolean => op === 'create' && object.startsWith('log/')
      const sleeper = nextLife(shelf, (call) => (isAsleep && isWrite(call) ? (fault ?? slept) : undefined))
      await sleeper.lock()
      for (let i = 0; i < 100; i++) await sleeper.append('log', bytes(1))
      isAsleep = true
      const late = sleeper.append('log', bytes(2))
      const isDone = late.then(
        () => true,
        () => false,
      )
      if (fault !== undefined) expect(await isDone).toBe(false)
      const next = nextLife(shelf)
      const release = await next.lock()
      const before = await next.read('log')
      for (let i = 0; i < entries; i++) await next.append('log', bytes(3))
      // The successor has deleted what it no longer reads by now.
      await release()
      isAsleep = false
      wake()
      expect(await isDone).toBe(false)
      await expect(sleeper.append('log', bytes(4))).rejects.toMatchObject({ code: 'lock-lost' })
      const whole = Uint8Array.from([...before!, ...Array.from({ length: entries }, () => 3)])
      expect(await nextLife(shelf).read('log')).toEqual(whole)
    }
  })

  test('one that slept while it took over takes over from the newest owner', async () => {
    for (const entries of [0, 1, 127, 300]) {
      const shelf = new ObjectShelf()
      const first = nextLife(shelf)
      await first.lock()
      for (let i = 0; i < 10; i++) await first.append('log', bytes(1))
      let wake!: () => void
      const slept = new Promise<void>((resolve) => (wake = resolve))
      let claims = 0
      const sleeper = nextLife(shelf, ({ op }) => (op === 'create' && claims++ === 0 ? slept : undefined))
      const locked = sleeper.lock()
      while (claims === 0) await Promise.resolve()
      // The first one goes on meanwhile, and deletes the entry whose number the sleeper is about to take.
      for (let i = 0; i < entries; i++) await first.append('log', bytes(2))
      wake()
      await locked
      await expect(first.append('log', bytes(3))).rejects.toMatchObject({ code: 'lock-lost' })
      await sleeper.append('log', bytes(4))
      const log = [...(await nextLife(shelf).read('log'))!]
      expect(log).toEqual([...Array.from({ length: 10 }, () => 1), ...Array.from({ length: entries }, () => 2), 4])
    }
  })

  test('whatever their order, each confirmed change is there, and none of a former owner follows its successor', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (s, lives) => {
        const shelf = new ObjectShelf()
        const confirmed: string[] = []
        const life = async (life: number): Promise<void> => {
          const store = new MemoryObjects(shelf, () => s.schedule(Promise.resolve(), `life ${life}`))
          const storage = objectStorage(store, { staleMs: 0 })
          await storage.lock()
          for (let i = 0; i < 5; i++) {
            await storage.append('log', bytes(life, i))
            confirmed.push(`${life} ${i}`)
          }
        }
        const all = Promise.allSettled(Array.from({ length: lives }, (_, i) => life(i)))
        await s.waitFor(all)
        const log = [...(await nextLife(shelf).read('log'))!]
        const found = Array.from({ length: log.length / 2 }, (_, i) => `${log[2 * i]} ${log[2 * i + 1]}`)
        expect(found).toEqual(expect.arrayContaining(confirmed))
        // The changes of each life stand together, in order.
        const order = found.map((text) => text.split(' ')[0])
        expect(order.filter((of, i) => of !== order[i - 1])).toHaveLength(new Set(order).size)
      }),
      { numRuns: 200 },
    )
  })

  test('one that lives is not replaced, and one that is silent is', async () => {
    const shelf = new ObjectShelf()
    const first = objectStorage(new MemoryObjects(shelf), { beatMs: 10 })
    const release = await first.lock()
    const waits: string[] = []
    const second = objectStorage(new MemoryObjects(shelf), { beatMs: 10 })
    await expect(second.lock((line) => waits.push(line))).rejects.toMatchObject({ code: 'storage-locked' })
    expect(waits).toEqual([expect.stringContaining('the lock is watched for 20 s')])
    await release()
    await (
      await second.lock()
    )()
    // A process that has ended gives no sign, and is not waited for.
    const dead = objectStorage(new MemoryObjects(shelf), {
      beatMs: 1e6,
      self: { pid: 4_194_304, host: 'here', boot: undefined, namespace: undefined, start: undefined },
    })
    await dead.lock()
    await nextLife(shelf).lock()
  })
})

describe('damage is told by the name of the object, and nothing is changed', () => {
  async function written(): Promise<ObjectShelf> {
    const shelf = new ObjectShelf()
    const storage = nextLife(shelf)
    const release = await storage.lock()
    for (const op of SCRIPT.slice(0, -2)) await run(storage, op)
    await release()
    return shelf
  }

  const last = (shelf: ObjectShelf, folder: string): string =>
    [...shelf.objects.keys()]
      .filter((name) => name.startsWith(folder))
      .sort()
      .at(-1)!

  test.each<[string, (shelf: ObjectShelf) => string]>([
    ['half an entry', (shelf) => cut(shelf, last(shelf, 'log/'), 0.5)],
    ['an empty entry', (shelf) => cut(shelf, last(shelf, 'log/'), 0)],
    ['half an object of data', (shelf) => cut(shelf, last(shelf, 'data/'), 0.5)],
    ['an object of data that is gone', (shelf) => gone(shelf, last(shelf, 'data/'))],
    [
      'an entry that is gone',
      (shelf) => gone(shelf, `log/${String(Number(last(shelf, 'log/').slice(4)) - 1).padStart(16, '0')}`),
    ],
    [
      'a bit',
      (shelf) => {
        const name = last(shelf, 'log/')
        const entry = shelf.objects.get(name)!
        entry[entry.length - 1]! ^= 1
        return name
      },
    ],
  ])('%s', async (_, damage) => {
    const shelf = await written()
    const name = damage(shelf)
    const before = new Map(shelf.objects)
    const error = await filesOf(nextLife(shelf)).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'checkpoint-damaged', file: name })
    expect(shelf.objects).toEqual(before)
  })

  test('a newer format', async () => {
    const shelf = await written()
    shelf.objects.get(last(shelf, 'log/'))![4] = 9
    await expect(nextLife(shelf).lock()).rejects.toMatchObject({ code: 'checkpoint-newer-format' })
  })
})

function cut(shelf: ObjectShelf, name: string, part: number): string {
  const whole = shelf.objects.get(name)!
  shelf.objects.set(name, whole.slice(0, Math.floor(whole.length * part)))
  return name
}

function gone(shelf: ObjectShelf, name: string): string {
  shelf.objects.delete(name)
  return name
}

test('a reader finds whole files while the owner replaces and deletes them', async () => {
  const shelf = new ObjectShelf()
  const owner = nextLife(shelf)
  await owner.lock()
  await owner.put('file', LARGE)
  const reader = nextLife(shelf)
  const writing = (async () => {
    for (let i = 0; i < 300; i++) await owner.put('file', LARGE)
  })()
  for (let i = 0; i < 100; i++) expect(Buffer.compare((await reader.read('file'))!, LARGE)).toBe(0)
  await writing
})

test('changes that are made together are one object, and what is unneeded goes', async () => {
  const shelf = new ObjectShelf()
  const storage = nextLife(shelf)
  const release = await storage.lock()
  const entries = (): number => [...shelf.objects.keys()].filter((name) => name.startsWith('log/')).length
  const before = entries()
  await Promise.all(Array.from({ length: 50 }, (_, i) => storage.append('log', bytes(i))))
  expect(entries()).toBe(before + 1)
  for (let i = 0; i < 1000; i++) await storage.put('file', i % 10 === 0 ? LARGE : bytes(i))
  await release()
  expect(shelf.objects.size).toBeLessThan(140)
  const next = nextLife(shelf)
  expect(await next.read('file')).toEqual(bytes(999))
})
