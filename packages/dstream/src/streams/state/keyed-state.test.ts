import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collectGarbage } from '../../../test/collect-garbage.js'
import type { Key } from '../../base/keys/key.js'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import type { BatchVersion } from './cell.js'
import type { Change, StateEntry } from './entry.js'
import { KeyedState } from './keyed-state.js'
import type { StateView } from './view.js'
import { loadImmutable } from '../../base/values/immutable-library.js'

await loadImmutable()

type Entries = readonly (readonly [Key, number])[]
type Step =
  | { readonly do: 'set'; readonly key: Key; readonly value: number }
  | { readonly do: 'delete' | 'touch'; readonly key: Key }
  | { readonly do: 'commit' | 'rollback' | 'restore' }
  | { readonly do: 'view' | 'forget' | 'release'; readonly at: number }

const keys: readonly Key[] = ['a', 'b', 'c', 1, '1', ['a', 1], null, 0, 'dd', 'ee']
const key = fc.constantFrom(...keys)
const at = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set' as const), key, value: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'touch' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('view' as const, 'forget' as const, 'release' as const), at }),
  },
)

/** Lets the garbage collector work until something has come about, or a hundred times. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !done(); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
}

/** What a table is meant to be: a copy of everything at every batch. */
class Model {
  now = new Map<string, readonly [Key, number]>()
  committed = new Map(this.now)
  version = 0
  readonly versions = new Map<number, Entries>([[0, []]])
  floor = 0
  touches: string[] = []

  set(k: Key, value: number): void {
    this.now.set(JSON.stringify(k), [k, value])
  }
  commit(): void {
    this.version += 10
    this.committed = new Map(this.now)
    this.versions.set(this.version, [...this.now.values()])
  }
}

class Run {
  table: KeyedState<number>
  readonly model = new Model()
  stored = new Map<Key, StateEntry<number>>()
  views: { view: StateView<Key, number>; expected: Entries }[] = []

  constructor(
    readonly partitions: number,
    readonly timed: boolean,
  ) {
    this.table = this.fresh()
    this.table.begin(this.model.version + 10)
  }

  fresh(): KeyedState<number> {
    return new KeyedState<number>({ partitioner: new HashPartitioner(this.partitions), timed: this.timed })
  }

  /** Partition by partition, as a table lists them. */
  listed(entries: Entries): Entries {
    const partitioner = new HashPartitioner(this.partitions)
    return [...entries].sort((a, b) => partitioner.getPartition(a[0]) - partitioner.getPartition(b[0]))
  }

  take(s: Step): void {
    const { table, model } = this
    const known = (k: Key) => model.now.has(JSON.stringify(k))
    if (s.do === 'set') {
      table.set(s.key, s.value)
      model.set(s.key, s.value)
    } else if (s.do === 'delete') {
      table.delete(s.key)
      model.now.delete(JSON.stringify(s.key))
    } else if (s.do === 'touch') {
      if (known(s.key)) table.touch(s.key)
    } else if (s.do === 'commit') {
      table.commit()
      model.commit()
      this.store(table.changes())
      table.begin(model.version + 10)
    } else if (s.do === 'rollback') {
      table.rollback()
      model.now = new Map(model.committed)
      table.begin(model.version + 10)
    } else if (s.do === 'restore') this.restore()
    else if ('at' in s) this.look(s.do, s.at)
  }

  store(changes: Iterable<Change<number>>): void {
    for (const { key: k, value, touched, touchSequence } of changes) {
      if (value === undefined) this.stored.delete(k)
      else this.stored.set(k, { key: k, value, touched, touchSequence })
    }
  }

  restore(): void {
    const { model } = this
    if (model.version === 0) return
    this.table = this.fresh()
    for (const pause of this.table.restore(this.stored.values(), model.version)) void pause
    model.now = new Map(model.committed)
    model.floor = model.version
    this.table.begin(model.version + 10)
  }

  look(what: 'view' | 'forget' | 'release', place: number): void {
    const { model, table, views } = this
    const versions = [...model.versions.keys()].filter((v) => v >= model.floor && v > 0)
    const version = versions[place % Math.max(1, versions.length)]
    if (what === 'release') views.splice(place % Math.max(1, views.length), 1)[0]?.view.release()
    else if (version === undefined) return
    else if (what === 'view') views.push({ view: table.view(version), expected: model.versions.get(version)! })
    else {
      table.forget(version)
      model.floor = version
    }
  }

  check(): void {
    const { table, model } = this
    expect(table.size).toBe(model.now.size)
    for (const k of keys) {
      expect(table.get(k)).toBe(model.now.get(JSON.stringify(k))?.[1])
      expect(table.at(k)).toBe(model.committed.get(JSON.stringify(k))?.[1])
    }
    for (const [version, entries] of model.versions) {
      if (version < model.floor || version === 0) continue
      expect([...table.entries(version)]).toEqual(this.listed(entries))
      expect(table.sizeAt(version)).toBe(entries.length)
    }
    for (const { view, expected } of this.views) {
      expect([...view]).toEqual(this.listed(expected))
      expect(view.size).toBe(expected.length)
      for (const [k, value] of expected) expect(view.get(k)).toBe(value)
    }
  }
}

describe('KeyedState', () => {
  const options = { partitions: fc.constantFrom(1, 3), timed: fc.boolean() }

  test('is at every moment what copies of everything would say', () => {
    fc.assert(
      fc.property(fc.record(options), fc.array(step, { maxLength: 60 }), ({ partitions, timed }, steps) => {
        const run = new Run(partitions, timed)
        for (const s of steps) {
          run.take(s)
          run.check()
        }
      }),
      { numRuns: 300 },
    )
  })

  test('folding the changes of all batches gives the entries, in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const run = new Run(1, true)
        for (const s of steps) run.take(s)
        run.take({ do: 'commit' })
        expect([...run.stored.values()].map((e) => [e.key, e.value])).toEqual([...run.table.entries()])
      }),
    )
  })

  test('changes since a version are those of all batches after it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (batches, n) => {
          const table = new KeyedState<number>()
          const since = 10 * (n % (batches.length + 1))
          const fold = new Map<Key, number | undefined>()
          batches.forEach((steps, i) => {
            table.begin(10 * (i + 1))
            for (const s of steps) {
              if (s.do === 'set') table.set(s.key, s.value)
              if (s.do === 'delete') table.delete(s.key)
            }
            table.commit()
            if (table.version === since) for (const [k, value] of table.entries()) fold.set(k, value)
          })
          for (const { key: k, value, gone } of table.changes(since)) {
            if (gone) fold.delete(k)
            else fold.set(k, value)
          }
          expect([...fold]).toEqual([...table.entries()])
        },
      ),
    )
  })

  test('counts what a batch changed', () => {
    const table = new KeyedState<number>()
    table.begin(1)
    for (const k of ['a', 'b', 'c', 'gone']) table.set(k, 1)
    table.delete('gone')
    table.commit()
    expect(table.lastChanges).toEqual({ updated: 3, removed: 0 })
    table.begin(2)
    table.set('a', 1)
    table.set('b', 2)
    table.delete('c')
    table.commit()
    expect(table.lastChanges).toEqual({ updated: 1, removed: 1 })
    expect([...table.changes()].map((c) => [c.key, c.value, c.gone])).toEqual([
      ['b', 2, false],
      ['c', undefined, true],
    ])
  })

  test('what was before goes as soon as no view can need it, and while one can, no more is kept than there are keys', () => {
    const table = new KeyedState<number>()
    const batch = (version: number, change: () => void) => {
      table.begin(version)
      change()
      table.commit()
    }
    batch(1, () => ['a', 'b', 'c'].forEach((k) => table.set(k, 1)))
    const view = table.view()
    const eras: BatchVersion<number>[] = []
    for (let version = 2; version <= 20; version++) {
      batch(version, () => (version === 9 ? table.delete('b') : table.set('a', version)))
      eras.push([...table.chunks(0)].flat()[version === 9 ? 1 : 0]!.batch)
      table.forget(version)
    }
    const kept = eras.filter((era) => era.undoLog !== undefined)
    expect(kept.map((era) => era.version)).toEqual([19, 20])
    const [, b] = [...table.chunks(0)].flat()
    expect(b?.chunk).toBeDefined()
    expect([...view]).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ])
    view.release()
    expect(kept.map((era) => era.undoLog)).toEqual([undefined, undefined])
    expect(b?.chunk).toBeUndefined()
    expect([...table.entries()]).toEqual([
      ['a', 20],
      ['c', 1],
    ])
  })

  test('a view that is only dropped is released by the garbage collector', async () => {
    const table = new KeyedState<number>()
    const batch = (version: number, value: number | undefined) => {
      table.begin(version)
      table.set('a', value)
      table.commit()
      table.forget(version)
    }
    batch(1, 1)
    const held = (() => new WeakRef(table.view()))()
    batch(2, undefined)
    const [cell] = [...table.chunks(0)].flat()
    expect(cell?.chunk).toBeDefined()
    await collectUntil(() => cell?.chunk === undefined)
    expect([held.deref(), cell?.chunk]).toEqual([undefined, undefined])
  })

  test('the notes of a forgotten batch serve a later one, and hold nothing of what it replaced', async () => {
    const table = new KeyedState<readonly number[]>()
    const notes: (object | undefined)[] = []
    const batch = (version: number) => {
      table.begin(version)
      table.set('a', [version])
      notes.push([...table.chunks(0)].flat()[0]!.batch.undoLog)
      table.commit()
      table.forget(version)
    }
    batch(1)
    const replaced = (() => new WeakRef(table.get('a')!))()
    batch(2)
    expect(notes[1]).toBe(notes[0])
    table.begin(3)
    table.commit()
    table.forget(3)
    await collectUntil(() => replaced.deref() === undefined)
    expect(replaced.deref()).toBeUndefined()
  })

  test('thousands of keys that come and go leave no trace but the living', () => {
    const table = new KeyedState<number>()
    for (let version = 1; version <= 30; version++) {
      table.begin(version)
      for (let i = 0; i < 3000; i++) table.set(`${version}/${i}`, i)
      if (version > 1) for (let i = 0; i < 3000; i++) if (i % 1500 !== 0) table.delete(`${version - 1}/${i}`)
      table.commit()
      table.forget(version)
    }
    expect(table.size).toBe(29 * 2 + 3000)
    expect([...table.chunks(0)].reduce((n, cells) => n + cells.length, 0)).toBeLessThan(3 * 3000)
    expect([...table.entries()].slice(0, 3)).toEqual([
      ['1/0', 0],
      ['1/1500', 1500],
      ['2/0', 0],
    ])
  })

  test('a view that is being read does not mind what happens meanwhile', () => {
    const table = new KeyedState<number>()
    table.begin(1)
    for (let i = 0; i < 5000; i++) table.set(i, i)
    table.commit()
    const view = table.view()
    const seen: Key[] = []
    let version = 1
    for (const [k] of view) {
      seen.push(k)
      if (seen.length % 500 !== 0) continue
      table.begin(++version)
      for (let i = 0; i < 5000; i += 2) table.set(i, -version)
      for (let i = 0; i < 900; i++) table.delete(seen.length + i - 450)
      if (seen.length % 1000 === 0) table.rollback()
      else {
        table.commit()
        table.forget(version)
      }
    }
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  })

  test.each([false, true])('a restore pauses after every 1,000 keys (timed: %s)', (timed) => {
    const entries = Array.from({ length: 10_500 }, (_, key) => ({ key, value: key, touched: 5 + (key % 2) }))
    const table = new KeyedState<number>({ timed })
    expect([...table.restore(entries, 6)].length).toBeGreaterThanOrEqual(timed ? 20 : 10)
    expect([...table.entries()]).toEqual(entries.map(({ key, value }) => [key, value]))
    expect([table.version, table.size]).toEqual([6, 10_500])
  })

  test.each<[string, (t: KeyedState<number>) => unknown, string]>([
    ['a batch that does not follow', (t) => t.begin(10), 'state-out-of-order'],
    ['a change between batches', (t) => t.set('a', 2), 'state-not-open'],
    ['a commit between batches', (t) => t.commit(), 'state-not-open'],
    ['a plain object as key', (t) => t.get({} as never), 'key-not-allowed'],
    ['a restore too late', (t) => t.restore([], 5).next(), 'state-not-empty'],
    ['a version forgotten', (t) => [...t.entries(9)], 'state-version-forgotten'],
    ['a view of a version forgotten', (t) => t.view(9), 'state-version-forgotten'],
    ['a released view', (t) => [t.view()].map((v) => (v.release(), v.release(), v.get('a'))), 'state-view-released'],
  ])('%s is refused', (_, misuse, code) => {
    const table = new KeyedState<number>()
    table.begin(10)
    table.set('a', 1)
    table.commit()
    table.forget(10)
    expect(() => misuse(table)).toThrow(expect.objectContaining({ code }))
    expect([...table.entries()]).toEqual([['a', 1]])
  })

  test('the view says time, size and what it holds', () => {
    const table = new KeyedState<number>()
    expect([table.view().time.milliseconds, table.view().size, [...table.view()]]).toEqual([0, 0, []])
    table.begin(3000)
    table.set(['a', 1], 7)
    table.commit()
    const view = table.view()
    expect([view.time.milliseconds, view.size, view.get(['a', 1]), view.has(['a', 2])]).toEqual([3000, 1, 7, false])
    expect(view.toImmutable().toArray()).toEqual([[['a', 1], 7]])
  })
})
