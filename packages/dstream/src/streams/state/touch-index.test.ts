import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StateEntry } from './entry.js'
import { KeyedState } from './keyed-state.js'

const keys = ['a', 'b', 'c', 'd', 'e']
const action = fc.record({ do: fc.constantFrom('set', 'set', 'touch', 'delete'), key: fc.constantFrom(...keys) })
const batch = fc.record({
  actions: fc.array(action, { maxLength: 6 }),
  end: fc.constantFrom('commit', 'commit', 'commit', 'rollback', 'restore'),
  expire: fc.boolean(),
})

/** Keys with their last touch, in order of it: a key that is touched moves to the end. */
type Model = Map<string, number>

function take(model: Model, { do: what, key }: { do: string; key: string }, time: number): void {
  const known = model.delete(key)
  if (what === 'set' || (what === 'touch' && known)) model.set(key, time)
}

function restored(table: KeyedState<number>): KeyedState<number> {
  const again = new KeyedState<number>({ timed: true })
  const source = table.stored()
  for (const pause of again.restore(source.entries() as Iterable<StateEntry<number>>, table.version!)) void pause
  source.release()
  return again
}

test('finds what a search through all keys finds, in order of last touch, whatever fails or dies between', () =>
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 25 }), fc.integer({ min: 1, max: 6 }), (batches, timeout) => {
      let table = new KeyedState<number>({ timed: true })
      let committed: Model = new Map()
      batches.forEach(({ actions, end, expire }, i) => {
        const time = i + 1
        const model: Model = new Map(committed)
        table.begin(time)
        for (const a of actions) {
          if (a.do === 'set') table.set(a.key, 1)
          else if (a.do === 'touch') table.touch(a.key)
          else table.delete(a.key)
          take(model, a, time)
        }
        const due = [...model].filter(([, touched]) => touched < time - timeout).map(([key]) => key)
        expect([...table.expired(time - timeout)].map((cell) => cell.key)).toEqual(due)
        if (expire) {
          for (const cell of table.expired(time - timeout)) table.drop(cell)
          for (const key of due) model.delete(key)
        }
        if (end === 'rollback') table.rollback()
        else {
          table.commit()
          committed = model
          if (end === 'restore') table = restored(table)
          else table.forget(time)
        }
      })
    }),
    { numRuns: 300 },
  ))

test('keys that are touched in every batch do not pile up', () => {
  const table = new KeyedState<number>({ timed: true })
  for (let time = 1; time <= 500; time++) {
    table.begin(time)
    if (time === 1) for (let i = 0; i < 100; i++) table.set(`idle ${i}`, 1)
    for (let i = 0; i < 100; i++) table.set(`busy ${i}`, 1)
    table.commit()
    table.forget(time)
  }
  const eras = new Set([...table.chunks(0)].flat().map((cell) => cell.batch))
  expect([...eras].map((era) => [era.version, era.touches.length])).toEqual([
    [1, 100],
    [500, 100],
  ])
})

test.each([
  ['can be undone', 1],
  ['cannot be undone any more', 2],
])(
  'what is stored of a version has the touches of then, although a newer batch, which %s, has touched the same keys',
  (_, floor) => {
    const table = new KeyedState<number>({ timed: true })
    const batch = (version: number, keys: string[]) => {
      table.begin(version)
      for (const key of keys) table.set(key, version)
      table.commit()
    }
    batch(1, ['a', 'b', 'c'])
    const source = table.stored()
    batch(2, ['c', 'a', 'new'])
    table.forget(floor)
    expect(
      [...source.entries()].map(({ key, value, touched, touchSequence }) => [key, value, touched, touchSequence]),
    ).toEqual([
      ['a', 1, 1, 0],
      ['b', 1, 1, 1],
      ['c', 1, 1, 2],
    ])
  },
)
