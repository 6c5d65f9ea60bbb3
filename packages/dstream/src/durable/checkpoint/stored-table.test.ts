import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredChange } from './commit-frames.js'
import { StoredTable } from './stored-table.js'

const key = fc.oneof(fc.nat(6), fc.constantFrom('a', 'b'), fc.tuple(fc.constant('k'), fc.nat(1)))
const change = fc.record({ key, value: fc.option(fc.nat(99), { nil: undefined }), touched: fc.nat(9) })

/** The twin: a Map, in which a key that is set again keeps its place. */
function twinOf(base: readonly [unknown, number][], changes: readonly { key: unknown; value?: number | undefined }[]) {
  const twin = new Map<string, [unknown, number]>(base.map(([k, value]) => [JSON.stringify(k), [k, value]]))
  for (const { key: k, value } of changes) {
    if (value === undefined) twin.delete(JSON.stringify(k))
    else twin.set(JSON.stringify(k), [k, value])
  }
  return [...twin.values()]
}

function tableOf(base: readonly [unknown, number][], changes: readonly { key: unknown; value?: number | undefined }[]) {
  const table = new StoredTable()
  const entries = base.map(([k, value]): StoredChange => [k, value, 1, undefined])
  for (let i = 0; i < entries.length; i += 3) table.addAll(entries.slice(i, i + 3), 1)
  for (const { key: k, value } of changes) table.change(value === undefined ? [k] : [k, value, 5, 0], 1)
  return table
}

const base = fc.uniqueArray(fc.tuple(key, fc.nat(99)), { selector: ([k]) => JSON.stringify(k) })

test('law: it holds what a Map would, in the same order', () => {
  fc.assert(
    fc.property(base, fc.array(change, { maxLength: 30 }), (first, changes) => {
      const table = tableOf(first, changes)
      const held = [...table.values()].map(({ key: k, value }) => [plain(k), value])
      expect(held).toEqual(twinOf(first, changes).map(([k, value]) => [plain(k), value]))
      expect(table.isEmpty).toBe(held.length === 0)
    }),
    { numRuns: 1000 },
  )
})

test('law: a migration reads each live value of another version once', () => {
  fc.assert(
    fc.property(base, fc.array(change, { maxLength: 20 }), (first, changes) => {
      const table = tableOf(first, changes)
      const read: unknown[] = []
      for (const _ of table.migrate(2, ({ value, version }) => (read.push([value, version]), `${value as number}`)))
        void _
      const live = twinOf(first, changes)
      expect(read.toSorted()).toEqual(live.map(([, value]) => [value, 1]).toSorted())
      expect([...table.values()].map(({ value, version }) => [value, version])).toEqual(
        live.map(([, value]) => [`${value}`, 2]),
      )
      for (const _ of table.migrate(2, () => expect.unreachable())) void _
    }),
  )
})

test('a table without a snapshot remembers no key that is gone', () => {
  const table = new StoredTable()
  for (let i = 0; i < 5; i++) {
    table.change([`k${i}`, i, 0, 0], 1)
    table.change([`k${i}`], 1)
  }
  expect([...table.values()]).toEqual([])
})

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
