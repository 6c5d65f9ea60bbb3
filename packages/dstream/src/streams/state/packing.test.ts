import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../base/keys/key.js'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import { encodedPieces, KeptPieces } from '../../engine/stages/encoded-input.js'
import { Adoption } from './adoption.js'
import { entriesOf, type ChangeColumns, type EntryColumns } from './columns.js'
import { KeyedState } from './keyed-state.js'
import { changeColumns, entryColumns } from './state-columns.js'
import type { StateView } from './view.js'

const PARTITIONS = 3
const RULE = { afterUpdates: 0, leastBytes: 0 }
const keys: readonly Key[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 1, 2, ['a', 1], ['b', 2], null]
const key = fc.constantFrom(...keys)

type Step = readonly [op: 'set' | 'delete' | 'touch', key: Key, value: number]
type Table = KeyedState<unknown>

/** Who updates a partition: this thread, or a worker, which may be asked for the entries too. */
type By = 'here' | 'worker' | 'asked'

interface Batch {
  readonly steps: readonly Step[]
  readonly by: readonly By[]
  /** The steps of an attempt before, which is rolled back. */
  readonly broken: readonly Step[] | undefined
  /** The readers of the open batch, of which one comes before each partition, and those behind the commit. */
  readonly during: readonly Read[]
  readonly after: readonly Read[]
  readonly forgets: boolean
}
type Read =
  | { readonly do: 'nothing' | 'scan' | 'sizes' | 'stored' | 'changes' | 'touches' | 'forget' | 'view' | 'views' }
  | { readonly do: 'release' | 'back'; readonly n: number }
  | { readonly do: 'get'; readonly key: Key }

const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete', 'touch'), key, fc.nat(3)), { maxLength: 14 })
const read: fc.Arbitrary<Read> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'nothing' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('sizes', 'stored', 'changes', 'forget', 'view') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('scan', 'touches', 'views') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('release', 'back'), n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
) as fc.Arbitrary<Read>
const batches: fc.Arbitrary<readonly Batch[]> = fc.array(
  fc.record({
    steps,
    by: fc.array(fc.constantFrom('here', 'worker', 'worker', 'asked', 'asked') as fc.Arbitrary<By>, {
      minLength: PARTITIONS,
      maxLength: PARTITIONS,
    }),
    broken: fc.option(steps, { freq: 4, nil: undefined }),
    during: fc.array(read, { minLength: PARTITIONS, maxLength: PARTITIONS }),
    after: fc.array(read, { maxLength: 4 }),
    forgets: fc.constantFrom(true, true, false),
  }) as fc.Arbitrary<Batch>,
  { minLength: 1, maxLength: 12 },
)

const partitioner = new HashPartitioner(PARTITIONS)
const partitionOf = (k: Key): number => partitioner.getPartition(k)
/** The order in which keys of different partitions time out has no meaning. */
const byPartition = <T extends { readonly key: Key }>(all: readonly T[]): readonly T[] =>
  [...all].sort((a, b) => partitionOf(a.key) - partitionOf(b.key))

function change(table: Table, done: readonly Step[]): void {
  for (const [op, k, value] of done) {
    if (op === 'set') table.set(k, { value })
    else if (op === 'delete') table.delete(k)
    else table.touch(k)
  }
}

function encoded(pieces: Iterable<unknown>): KeptPieces {
  return new KeptPieces([...encodedPieces(pieces)])
}

/** Returns a copy of a partition, as a worker makes it of what is sent. */
function copyOf(table: Table, partition: number): Table {
  const copy: Table = new KeyedState<unknown>({ timed: table.timed })
  const { version } = table
  if (version === undefined) return copy
  const packed = table.packing.of(partition)
  const base = packed?.base.pieces ?? encoded(entryColumns(table, partition))
  const entries = entriesOf(base.decoded() as Iterable<EntryColumns>)
  for (const pause of copy.restore(entries, packed?.base.version ?? version)) void pause
  for (const delta of packed?.deltas(packed.base.version, version) ?? []) {
    copy.begin(delta.version)
    copy.beginPartition(partition)
    adoptCells(copy, delta.pieces)
    copy.commit()
  }
  return copy
}

function adoptCells(table: Table, pieces: Pick<KeptPieces, 'decoded'>): void {
  const adoption = new Adoption(table)
  for (const piece of pieces.decoded()) adoption.add(piece as ChangeColumns)
  adoption.end()
}

/** Updates a partition by a copy, and applies its changes. Returns whether they are kept as bytes. */
function updateByCopy(table: Table, partition: number, done: readonly Step[], time: number, isAsked: boolean): boolean {
  const copy = copyOf(table, partition)
  const entries = isAsked && table.version !== undefined ? encoded(entryColumns(copy, 0)) : undefined
  copy.begin(time)
  copy.beginPartition(partition)
  change(copy, done)
  const changes = encoded(changeColumns(copy))
  const isKept = table.packing.adopt(partition, { changes, counts: copy.openCounts, entries }, RULE)
  if (!isKept) adoptCells(table, changes)
  return isKept
}

/** The entries of a table, with the order of the last touches. */
function storedOf(table: Table): unknown {
  const { entries, release } = table.stored()
  const all = [...entries()]
  release()
  const touched = [...all].sort((a, b) => a.touched - b.touched || a.touchSequence! - b.touchSequence!)
  return [all.map(({ key: k, value, touched: at }) => [k, value, at]), table.timed && touched.map(({ key: k }) => k)]
}

/** Does the same to a table that nobody packs and to one whose partitions are packed at times. */
class Twins {
  readonly plain: Table
  readonly packed: Table
  readonly views: { readonly plain: StateView<Key, unknown>; readonly packed: StateView<Key, unknown> }[] = []
  readonly seen = { kept: 0, unpacked: 0 }
  floor = 0
  time = 0

  constructor(readonly timed: boolean) {
    this.plain = new KeyedState<unknown>({ partitioner, timed })
    this.packed = new KeyedState<unknown>({ partitioner, timed })
  }

  run({ steps: done, by, broken, during, after, forgets }: Batch): void {
    const time = (this.time += 1000)
    if (broken !== undefined) {
      this.#update(broken, by, during, time)
      for (const table of [this.plain, this.packed]) table.rollback()
      this.read({ do: 'stored' })
    }
    this.#update(done, by, during, time)
    expect(this.packed.size).toBe(this.plain.size)
    for (const table of [this.plain, this.packed]) table.commit()
    this.read({ do: 'sizes' })
    this.read({ do: 'changes' })
    for (const one of after) this.read(one)
    if (forgets) this.read({ do: 'forget' })
  }

  #update(done: readonly Step[], by: readonly By[], during: readonly Read[], time: number): void {
    const { plain, packed } = this
    for (const table of [plain, packed]) table.begin(time)
    for (const [p, who] of by.entries()) {
      const own = done.filter(([, k]) => partitionOf(k) === p)
      this.read(during[p]!)
      for (const table of [plain, packed]) table.beginPartition(p)
      change(plain, own)
      const wasPacked = packed.packing.of(p) !== undefined
      if (who === 'here') change(packed, own)
      else if (updateByCopy(packed, p, own, time, who === 'asked')) this.seen.kept++
      if (wasPacked && packed.packing.of(p) === undefined) this.seen.unpacked++
    }
  }

  read(one: Read): void {
    const { plain, packed, views } = this
    const both = [plain, packed]
    const same = (f: (table: Table) => unknown): void => expect(f(packed)).toEqual(f(plain))
    const viewOf = (n: number) => views[n % Math.max(1, views.length)]
    if (one.do === 'sizes') {
      for (let version = this.floor; version < this.time; version += 1000) same((table) => table.sizeAt(version))
      same((table) => table.lastChanges)
    } else if (one.do === 'scan') same((table) => [...table.entries()])
    else if (one.do === 'get') same((table) => table.at(one.key))
    else if (one.do === 'stored' && plain.version !== undefined) same(storedOf)
    else if (one.do === 'changes') {
      for (const since of [undefined, this.floor, Math.max(this.floor, this.time - 2000)]) {
        same((table) => [...table.changes(since)].map(({ key: k, value, touched, gone }) => [k, value, touched, gone])) // prettier-ignore
      }
    } else if (one.do === 'touches' && this.timed) {
      // A partition may be looked at in vain.
      const [expired, due] = both.map((table) => new Set(table.expiredPartitions(this.time - 1000)))
      expect([...expired!].filter((p) => !due!.has(p))).toEqual([])
      for (const threshold of [this.time - 3000, Infinity]) {
        same((table) => byPartition([...table.expired(threshold)]).map(({ key: k }) => k))
      }
    } else if (one.do === 'forget' && plain.version !== undefined) {
      this.floor = plain.version
      for (const table of both) table.forget(this.floor)
    } else if (one.do === 'view') views.push({ plain: plain.view(), packed: packed.view() })
    else if (one.do === 'views') {
      for (const view of views) {
        expect(keys.map((k) => view.packed.get(k))).toEqual(keys.map((k) => view.plain.get(k)))
        expect([view.packed.size, ...view.packed]).toEqual([view.plain.size, ...view.plain])
      }
    } else if (one.do === 'back') {
      const view = viewOf(one.n)
      if (view !== undefined) expect([...view.packed]).toEqual([...view.plain])
    } else if (one.do === 'release') {
      const [view] = views.splice(one.n % Math.max(1, views.length), 1)
      view?.plain.release()
      view?.packed.release()
    }
  }

  /** Reads all that can be read of both tables. */
  readAll(): void {
    for (const one of ['sizes', 'stored', 'changes', 'views', 'touches', 'scan'] as const) this.read({ do: one })
    for (let version = this.floor; version <= this.time; version += 1000) {
      expect([...this.packed.entries(version)]).toEqual([...this.plain.entries(version)])
    }
  }
}

/** Returns a table whose partitions have `size` keys, all packed. */
function packedTable(size: number): Table {
  const table: Table = new KeyedState<unknown>({ partitioner })
  table.begin(1000)
  for (let i = 0; i < size; i++) table.set(`key ${i}`, i)
  table.commit()
  table.forget(1000)
  table.begin(2000)
  for (let p = 0; p < PARTITIONS; p++) updateByCopy(table, p, [], 2000, true)
  table.commit()
  table.forget(2000)
  return table
}

describe('packing', () => {
  test('takes a fraction of the bytes, and says how many', () => {
    const table = packedTable(9000)
    const { keys: packedKeys, bytes } = table.packing.figures
    expect(packedKeys).toBe(9000)
    expect(bytes / packedKeys).toBeLessThan(20)
    expect(table.at('key 8')).toBe(8)
    expect(table.packing.figures.keys).toBeLessThan(6200)
  })

  test('asks for the entries of partitions that nobody has needed for some updates', () => {
    const table: Table = new KeyedState<unknown>({ partitioner })
    const all = Array.from({ length: PARTITIONS }, (_, p) => p)
    const rule = { afterUpdates: 2, leastBytes: 0 }
    const asked: (readonly number[])[] = []
    for (let time = 1000; time <= 6000; time += 1000) {
      table.begin(time)
      asked.push([...table.packing.wanted(all, rule)])
      for (const p of all) updateByCopy(table, p, [['set', 'a', time]], time, false)
      table.commit()
      table.forget(time)
      // Its one partition is looked into.
      if (time === 3000) table.at('a')
    }
    const others = all.filter((p) => p !== partitionOf('a'))
    expect(asked).toEqual([[], [], all, others, others, all])
  })

  test('asks for a part of a large state at a time, in turn', () => {
    const numPartitions = 6
    const table: Table = new KeyedState<unknown>({ partitioner: new HashPartitioner(numPartitions) })
    table.begin(1000)
    table.commit()
    table.forget(1000)
    table.begin(2000)
    const counts = { ...table.openCounts, grown: 400_000, size: 400_000 }
    const update = { changes: encoded(['some']), counts, entries: encoded([]) }
    for (let p = 0; p < numPartitions; p++)
      expect(table.packing.adopt(p, update, { ...RULE, leastBytes: 1000 })).toBe(true)
    table.commit()
    table.forget(2000)
    const all = Array.from({ length: numPartitions }, (_, p) => p)
    const asked = Array.from({ length: 4 }, () => [...table.packing.wanted(all, RULE)])
    expect(asked).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [0, 1],
    ])
  })

  test('gives no base to those who read an older version, and ends where they read for long', () => {
    const table = packedTable(30)
    const view = table.view()
    const before = [...view]
    let kept = 0
    for (let time = 3000; time < 40_000; time += 1000) {
      table.begin(time)
      expect(table.packing.wanted([0, 1, 2], RULE).size).toBe(time === 3000 ? 3 : 0)
      if (updateByCopy(table, 0, [['set', `key ${time}`, 1]], time, true)) kept++
      table.commit()
      table.forget(time)
    }
    expect(kept).toBeGreaterThan(1)
    expect(table.packing.of(0)).toBeUndefined()
    expect([...view]).toEqual(before)
    view.release()
  })

  test('makes tombstones for those who read older versions, which go when these are not read any more', () => {
    const table = packedTable(30)
    const [gone, other] = Array.from({ length: 30 }, (_, i) => `key ${i}`).filter((k) => partitionOf(k) === 0)
    const tombstones = () => [...table.chunks(0)].flat().filter(({ value, chunk }) => value === undefined && chunk !== undefined) // prettier-ignore
    const view = table.view()
    for (const [time, forgets] of [
      [3000, true],
      [4000, false],
    ] as const) {
      table.begin(time)
      expect(updateByCopy(table, 0, [['delete', time === 3000 ? gone! : other!, 0]], time, false)).toBe(true)
      table.commit()
      if (forgets) table.forget(time)
    }
    expect([view.get(gone!), view.get(other!), table.at(other!, 3000)]).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]) // prettier-ignore
    expect(tombstones().map(({ key: k }) => k)).toEqual([gone, other])
    view.release()
    expect(tombstones().map(({ key: k }) => k)).toEqual([other])
    table.forget(4000)
    expect(tombstones()).toEqual([])
  })

  test('makes cells with pauses, in which a reader may have needed them', () => {
    const [table, other] = [packedTable(9000), packedTable(9000)]
    const p = partitionOf('key 5')
    table.begin(3000)
    const steps = table.packing.unpacking(p)
    expect([steps.next().done, steps.next().done]).toEqual([false, false])
    expect(table.packing.of(p)).toBeDefined()
    expect(table.get('key 5')).toBe(5)
    table.set('key 5', 'changed')
    for (const step of steps) void step
    expect(table.get('key 5')).toBe('changed')
    table.rollback()
    expect([...table.entries()]).toEqual([...other.entries()])
  })
})

describe.each([true, false])('packed partitions, timed: %s', (timed) => {
  test('are what cells are, whoever updates and reads them', () => {
    const seen = { kept: 0, unpacked: 0 }
    fc.assert(
      fc.property(batches, (all) => {
        const twins = new Twins(timed)
        for (const batch of all) twins.run(batch)
        twins.readAll()
        seen.kept += twins.seen.kept
        seen.unpacked += twins.seen.unpacked
      }),
      { numRuns: 400 },
    )
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(50)
  })
})
