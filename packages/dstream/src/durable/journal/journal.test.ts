import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Block } from '../blocks/block.js'
import type { Codec } from '../../base/codec.js'
import { memoryStorage, type MemoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import type { DiskCall, DiskFault } from '../../testing/simulated-disk/memory-disk.js'
import type { DurableJournal } from './durable-journal.js'
import type { Streams } from './events.js'
import type { Journal } from './journal.js'
import { openJournal, readJournal } from './open-journal.js'
import { volatileJournal } from './volatile-journal.js'

const utf8: Codec<string> = { id: 'utf8', decode: (bytes) => [new TextDecoder().decode(bytes)] }
function streams(names: readonly string[], codecs: readonly Codec<unknown>[] = [utf8]): Streams {
  return {
    operatorOf: (id) => names[id]!,
    streamOf: (operator) => (names.includes(operator) ? names.indexOf(operator) : undefined),
    codec: (_, id) => codecs.find((codec) => codec.id === id),
  }
}
interface Life {
  readonly forgotten?: number
  readonly names?: readonly string[]
  readonly codecs?: readonly Codec<unknown>[]
  readonly segmentBytes?: number
  readonly committed?: () => number | undefined
}
async function start(storage: MemoryStorage, life: Life = {}): Promise<DurableJournal> {
  const { journal, begin } = openJournal({
    storage,
    read: await readJournal(storage),
    streams: streams(life.names ?? ['socket#1', 'socket#2', 'socket#3'], life.codecs),
    forgotten: life.forgotten ?? -Infinity,
    committed: life.committed ?? (() => undefined),
    now: () => 0,
    engine: 'test',
    segmentBytes: life.segmentBytes ?? 1 << 20,
    onCrashPoint: undefined,
  })
  await begin()
  return journal
}

function block(id: string, more: Partial<Block> = {}): Block {
  return {
    id,
    streamId: 0,
    payload: { records: [id] },
    count: 1,
    ...more,
  }
}
function contents({ payload }: Block): unknown[] {
  return 'records' in payload ? [...payload.records] : [...payload.codec.decode(payload.bytes, () => {})]
}
function shape(journal: Journal) {
  return {
    waiting: journal.waiting().map((each) => [each.streamId, each.id, contents(each), each.position, each.metadata]),
    batches: journal
      .allocations()
      .map(({ time, blocks, ranges }) => [
        time,
        [...blocks].map(([stream, list]) => [stream, list.map((each) => [each.id, contents(each)])]),
        [...ranges],
      ]),
    positions: [0, 1, 2].map((stream) => journal.position(stream)),
  }
}

test('what was added and allocated is there in the next life, bytes as they came', async () => {
  const storage = memoryStorage()
  const journal = await start(storage)
  const bytes = new TextEncoder().encode('héllo')
  await journal.addBlock(block('a', { position: { offset: 3n }, metadata: { file: 'x' } }))
  await journal.addBlock(block('b', { streamId: 1, payload: { bytes, codec: utf8 }, count: undefined }))
  await journal.allocate(1000, new Map([['files#1', { from: undefined, until: new Date(7) }]]))
  await journal.addBlock(block('c', { payload: { records: [-0, undefined, { x: 1n }] } }))
  const next = await start(storage.crash())
  expect(shape(next)).toEqual(shape(journal))
  expect(shape(next).batches).toEqual([
    [
      1000,
      [
        [0, [['a', ['a']]]],
        [1, [['b', ['héllo']]]],
      ],
      [['files#1', { from: undefined, until: new Date(7) }]],
    ],
  ])
  // The bytes of a block are in the log once, and nowhere encoded.
  const found = [...storage.files().values()].filter((file) => Buffer.from(file).includes(Buffer.from(bytes)))
  expect(found).toHaveLength(1)
})

test('a batch keeps its allocation', async () => {
  const journal = await start(memoryStorage())
  const first = await journal.allocate(1000)
  await journal.addBlock(block('late'))
  expect(await journal.allocate(1000)).toBe(first)
  expect([...(await journal.allocate(2000)).blocks]).toHaveLength(1)
})

test('blocks that arrive together are durable together, in order of arrival', async () => {
  const journal = await start(memoryStorage())
  await Promise.all(Array.from({ length: 20 }, (_, i) => journal.addBlock(block(`b${i}`))))
  expect(journal.waiting().map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => `b${i}`))
})

test('a batch takes the blocks that are on their way to the disk, by one append', async () => {
  const storage = memoryStorage()
  const journal = await start(storage)
  const before = storage.calls
  const [, , allocation] = await Promise.all([
    journal.addBlock(block('a')),
    journal.addBlock(block('b', { streamId: 1 })),
    journal.allocate(1000),
  ])
  expect([...allocation.blocks.values()].flat().map(({ id }) => id)).toEqual(['a', 'b'])
  const ofThree = storage.calls - before
  await journal.allocate(2000)
  expect(storage.calls - before).toBe(2 * ofThree)
})

test('two blocks of one id are refused, also when the first is still on its way', async () => {
  const journal = await start(memoryStorage())
  const results = await Promise.allSettled([journal.addBlock(block('a')), journal.addBlock(block('a'))])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  await expect(journal.addBlock(block('a'))).rejects.toMatchObject({ code: 'duplicate-block' })
})

test('records that are no data are refused by name, and nothing is written for them', async () => {
  const storage = memoryStorage()
  const journal = await start(storage)
  const before = storage.calls
  await expect(journal.addBlock(block('a', { payload: { records: [1, { f: () => 1 }] } }))).rejects.toMatchObject({
    code: 'state-not-storable',
    message: expect.stringMatching(/^socket#1: a received record at \[1\]\.f: a function cannot be stored/),
  })
  await expect(journal.allocate(1, new Map([['files#1', { from: 1, until: Symbol('x') }]]))).rejects.toMatchObject({
    message: expect.stringMatching(/^files#1: a position of the source/),
  })
  expect(storage.calls).toBe(before)
})

describe('another program', () => {
  test('finds blocks by the id of the source, whatever its number is now', async () => {
    const storage = memoryStorage()
    const journal = await start(storage)
    await journal.addBlock(block('a', { streamId: 1, position: 5 }))
    const next = await start(storage.crash(), { names: ['socket#2'] })
    expect(next.waiting()).toMatchObject([{ id: 'a', streamId: 0 }])
    expect(next.position(0)).toBe(5)
  })

  test('leaves out what belongs to a source that is gone', async () => {
    const storage = memoryStorage()
    const journal = await start(storage)
    await journal.addBlock(block('a'))
    await journal.addBlock(block('b', { streamId: 1 }))
    await journal.allocate(1)
    const next = await start(storage.crash(), { names: ['socket#2'] })
    expect([...next.allocations()[0]!.blocks].map(([stream, list]) => [stream, list.map(({ id }) => id)])).toEqual([
      [0, ['b']],
    ])
  })

  test('must know the codec of what is still needed, and of nothing else', async () => {
    const storage = memoryStorage()
    const journal = await start(storage)
    await journal.addBlock(block('a', { payload: { bytes: new Uint8Array(1), codec: utf8 } }))
    await journal.allocate(1000)
    const later = storage.crash()
    await expect(start(later, { codecs: [] })).rejects.toMatchObject({ code: 'codec-unknown' })
    await expect(start(later, { codecs: [], forgotten: 1000 })).resolves.toBeDefined()
  })
})

describe('forgetting', () => {
  const filled = async (storage: MemoryStorage): Promise<DurableJournal> => {
    const journal = await start(storage, { segmentBytes: 300 })
    for (let i = 1; i <= 10; i++) {
      await journal.addBlock(block(`b${i}`, { position: i, payload: { records: ['x'.repeat(100)] } }))
      await journal.allocate(i * 1000)
    }
    return journal
  }

  test('files go from the oldest on, when no batch needs them any more', async () => {
    const storage = memoryStorage()
    const journal = await filled(storage)
    const before = (await storage.list('journal/')).length
    expect(before).toBeGreaterThan(4)
    await journal.forget(5000)
    const between = (await storage.list('journal/')).length
    expect(between).toBeLessThan(before)
    await journal.forget(10_000)
    expect(await storage.list('journal/')).toHaveLength(1)
    expect(journal.allocations()).toEqual([])
  })

  test('a block that waits keeps its file and all that follow', async () => {
    const storage = memoryStorage()
    const journal = await start(storage, { segmentBytes: 300 })
    await journal.addBlock(block('old', { streamId: 2 }))
    const before = await storage.list('journal/')
    for (let i = 1; i <= 5; i++) await journal.addBlock(block(`b${i}`, { payload: { records: ['x'.repeat(300)] } }))
    await journal.forget(1e9)
    expect(await storage.list('journal/')).toEqual(expect.arrayContaining(before))
    expect(shape(await start(storage.crash())).waiting).toEqual(shape(journal).waiting)
  })

  test('the next life knows positions whose blocks are long gone', async () => {
    const storage = memoryStorage()
    const journal = await filled(storage)
    await journal.forget(10_000)
    const next = await start(storage.crash(), { forgotten: 10_000 })
    expect(next.position(0)).toBe(10)
    const third = await start(storage.crash(), { forgotten: 10_000 })
    expect(third.position(0)).toBe(10)
  })

  test('forgotten batches are not there again, nor their blocks', async () => {
    const storage = memoryStorage()
    const journal = await filled(storage)
    await journal.forget(7000)
    const later = storage.crash()
    const next = await start(later, { forgotten: 7000 })
    expect(shape(next)).toEqual(shape(journal))
    await next.forget(10_000)
    expect(await later.list('journal/')).toHaveLength(1)
  })

  test('a file that cannot be deleted is tried again, and harms nobody', async () => {
    let failing = true
    const storage = memoryStorage({ fault: ({ op }) => (failing && op === 'unlink' ? { error: 'EIO' } : undefined) })
    const journal = await filled(storage)
    await journal.forget(5000)
    failing = false
    await journal.forget(10_000)
    expect(await storage.list('journal/')).toHaveLength(1)
  })
})

test('lives without a word leave one empty file behind, not one each', async () => {
  let storage = memoryStorage()
  for (let i = 0; i < 5; i++) {
    await start(storage)
    storage = storage.crash()
  }
  expect(await storage.list('journal/')).toHaveLength(1)
})

/** One way of using a journal, the same for every kind of it. */
type Move =
  | { readonly add: number }
  | { readonly allocate: true }
  /** A batch takes blocks that are on their way to the disk. */
  | { readonly addAndAllocate: number }
  | { readonly forget: number }
const moves = fc.array(
  fc.oneof(
    fc.record({ add: fc.nat(2) }),
    fc.constant({ allocate: true as const }),
    fc.record({ addAndAllocate: fc.nat(2) }),
    fc.record({ forget: fc.nat(4) }),
  ),
  { maxLength: 25 },
)
interface Told {
  forgotten: number
}
async function live(journal: Journal, todo: readonly Move[], told: Told, from = 0): Promise<void> {
  for (const [i, move] of todo.entries()) {
    const at = from + i
    if ('add' in move)
      await journal.addBlock(block(`b${at}`, { streamId: move.add, position: at })).catch(() => undefined)
    else if ('allocate' in move) await journal.allocate(at * 10).catch(() => undefined)
    else if ('addAndAllocate' in move) {
      const blocks = [move.addAndAllocate, 0].map((streamId, n) => block(`b${at}-${n}`, { streamId, position: at }))
      await Promise.allSettled([...blocks.map((each) => journal.addBlock(each)), journal.allocate(at * 10)])
    } else {
      told.forgotten = Math.max(told.forgotten, (at - move.forget) * 10)
      await journal.forget(told.forgotten)
    }
  }
}

describe('live state = fold of the log', () => {
  test('of any life, and the volatile journal lives the same', async () => {
    await fc.assert(
      fc.asyncProperty(moves, moves, fc.constantFrom(1, 200, 1 << 20), async (first, second, segmentBytes) => {
        const storage = memoryStorage()
        const told = { forgotten: -Infinity }
        const memory = volatileJournal()
        let journal = await start(storage, { segmentBytes })
        await live(journal, first, told)
        journal = await start(storage.crash(), { segmentBytes, forgotten: told.forgotten })
        await live(journal, second, told, 100)
        const toldMemory = { forgotten: -Infinity }
        await live(memory, first, toldMemory)
        await live(memory, second, toldMemory, 100)
        expect(shape(journal)).toEqual(shape(memory))
        expect(shape(await start(storage.crash(), { segmentBytes, forgotten: told.forgotten }))).toEqual(shape(memory))
      }),
    )
  })

  const faults: ((at: number) => (call: DiskCall) => DiskFault | undefined)[] = [
    (at) =>
      ({ index }) =>
        index === at ? { error: 'ENOSPC', written: 7 } : undefined,
    (at) =>
      ({ index }) =>
        index === at ? { error: 'EIO' } : undefined,
    (at) =>
      ({ index }) =>
        index >= at && index < at + 4 ? { error: 'EIO' } : undefined,
    (at) =>
      ({ index }) =>
        index === at ? { short: 3 } : undefined,
  ]
  test('when the disk fails at any call: what was confirmed is there, what was refused is not', async () => {
    const todo: Move[] = [
      { add: 0 },
      { add: 1 },
      { allocate: true },
      { add: 0 },
      { addAndAllocate: 1 },
      { forget: 1 },
      { allocate: true },
      { add: 2 },
    ]
    const calm = memoryStorage()
    await live(await start(calm, { segmentBytes: 200 }), todo, { forgotten: -Infinity })
    for (const fault of faults) {
      for (let at = 0; at < calm.calls; at++) {
        const told = { forgotten: -Infinity }
        const storage = memoryStorage({ fault: fault(at) })
        const journal = await start(storage, { segmentBytes: 200 }).catch(() => undefined)
        if (journal === undefined) continue
        await live(journal, todo, told)
        // The receiver tries again until the disk is well.
        const last = () => journal.addBlock(block('last')).catch(() => undefined)
        for (let i = 0; i < 8 && journal.waiting().every(({ id }) => id !== 'last'); i++) await last()
        expect(journal.waiting().map(({ id }) => id)).toContain('last')
        for (const unsynced of ['lost', 'kept', 'torn'] as const) {
          const next = await start(storage.crash({ unsynced }), { forgotten: told.forgotten })
          expect(shape(next), `call ${at}`).toEqual(shape(journal))
        }
      }
    }
  })

  test('cut at any call of the disk: a prefix that holds all that was confirmed', async () => {
    const todo: Move[] = [
      { add: 0 },
      { allocate: true },
      { addAndAllocate: 1 },
      { forget: 0 },
      { allocate: true },
      { add: 0 },
    ]
    const calm = memoryStorage()
    await live(await start(calm, { segmentBytes: 150 }), todo, { forgotten: -Infinity })
    for (const [seed, unsynced] of (['lost', 'kept', 'torn', 'torn', 'torn'] as const).entries()) {
      for (let at = 0; at < calm.calls; at++) {
        const storage = memoryStorage({ fault: ({ index }) => (index === at ? { crash: 'before' } : undefined) })
        const told = { forgotten: -Infinity }
        let journal: DurableJournal | undefined
        const life = start(storage, { segmentBytes: 150 }).then((opened) => live((journal = opened), todo, told))
        await Promise.race([life, storage.crashed])
        const confirmed = journal && shape(journal)
        const second = await start(storage.crash({ unsynced, seed }), { forgotten: told.forgotten })
        const found = shape(second)
        const known = new Set(JSON.stringify([found.waiting, found.batches]).match(/b\d+/g))
        for (const name of JSON.stringify([confirmed?.waiting ?? [], confirmed?.batches ?? []]).match(/b\d+/g) ?? []) {
          expect(known.has(name), `call ${at} ${unsynced}: ${name}`).toBe(true)
        }
        for (const [i, batch] of (confirmed?.batches ?? []).entries()) expect(found.batches[i]).toEqual(batch)
        // What a second life finds, a third one finds after the worst of crashes.
        expect(shape(await start(storage.crash(), { forgotten: told.forgotten }))).toEqual(found)
      }
    }
  })
})

test('a missing file in the middle is damage', async () => {
  const storage = memoryStorage()
  const journal = await start(storage, { segmentBytes: 1 })
  for (let i = 0; i < 4; i++) await journal.addBlock(block(`b${i}`))
  const files = await storage.list('journal/')
  storage.overwrite(files[1]!, undefined)
  await expect(start(storage.crash())).rejects.toMatchObject({ code: 'checkpoint-damaged', file: files[0] })
})

test.each([
  { lost: 'block a of socket#1', allocate: false },
  { lost: 'the batch of 1000 ms', allocate: true },
])('missing oldest files are damage while they hold what is needed: $lost', async ({ lost, allocate }) => {
  const storage = memoryStorage()
  const journal = await start(storage, { segmentBytes: 1 })
  await journal.addBlock(block('a'))
  if (allocate) await journal.allocate(1000)
  await journal.addBlock(block('b'))
  const files = await storage.list('journal/')
  const newest = files.pop()!
  expect(files).not.toEqual([])
  for (const file of files) storage.overwrite(file, undefined)
  await expect(start(storage.crash())).rejects.toMatchObject({
    code: 'checkpoint-damaged',
    file: newest,
    message: expect.stringContaining(`a file before it is missing, which holds ${lost}`),
  })
  if (allocate) await expect(start(storage.crash(), { forgotten: 1000 })).resolves.toBeDefined()
})

test('an allocation whose block is gone is damage, with file and offset', async () => {
  const storage = memoryStorage()
  const journal = await start(storage, { segmentBytes: 1 })
  await journal.addBlock(block('a'))
  await journal.allocate(1000)
  const files = await storage.list('journal/')
  for (const file of files.slice(0, 2)) storage.overwrite(file, undefined)
  await expect(start(storage.crash())).rejects.toMatchObject({
    code: 'checkpoint-damaged',
    file: files[2],
    offset: expect.any(Number),
  })
})

describe('journal and commits bear witness to each other', () => {
  const lives = async (): Promise<MemoryStorage> => {
    const storage = memoryStorage()
    let committed: number | undefined
    const journal = await start(storage, { committed: () => committed })
    for (const time of [1000, 2000]) {
      await journal.addBlock(block(`b${time}`))
      await journal.allocate(time)
      committed = time
    }
    return storage.crash()
  }

  test('a committed batch whose allocation was lost: its blocks would be given to a second batch', async () => {
    const storage = await lives()
    const [file] = await storage.list('journal/')
    const whole = (await storage.read(file!))!
    storage.overwrite(file!, whole.subarray(0, whole.length - 1))
    await expect(start(storage, { committed: () => 2000, forgotten: 2000 })).rejects.toMatchObject({
      code: 'checkpoint-damaged',
      file,
    })
    await expect(start(storage, { committed: () => 1000 })).resolves.toBeDefined()
  })

  test('a commit that an allocation knows of', async () => {
    const storage = await lives()
    await expect(start(storage)).rejects.toMatchObject({
      code: 'checkpoint-damaged',
      message: expect.stringContaining('the batch of 1000 ms'),
    })
    await expect(start(storage, { committed: () => 1000 })).resolves.toBeDefined()
  })

  test('an allocation whose file has gone for good reason is no loss', async () => {
    const storage = memoryStorage()
    const journal = await start(storage, { segmentBytes: 1 })
    await journal.addBlock(block('a'))
    await journal.allocate(1000)
    await journal.addBlock(block('b'))
    await journal.forget(1000)
    const next = await start(storage.crash(), { committed: () => 1000, forgotten: 1000 })
    expect(next.waiting().map(({ id }) => id)).toEqual(['b'])
    await expect(start(storage.crash(), { committed: () => 2000, forgotten: 1000 })).rejects.toMatchObject({
      code: 'checkpoint-damaged',
    })
  })
})
