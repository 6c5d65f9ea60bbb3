import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import { KeyedState } from './keyed-state.js'
import { Adoption } from './adoption.js'
import { entriesOf } from './columns.js'
import { changeColumns, entryColumns } from './state-columns.js'

type Step = readonly [op: 'set' | 'delete' | 'touch', key: string | readonly [number, string], value: number]

const PARTITIONS = 3
const keys = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map((n) => `k${n}`),
  fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constant('pair')),
)
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete', 'touch'), keys, fc.nat(3)), { maxLength: 25 })
const batches = fc.array(steps, { minLength: 1, maxLength: 6 })

function tableOf(timed: boolean): KeyedState<unknown> {
  return new KeyedState<unknown>({ partitioner: new HashPartitioner(PARTITIONS), timed })
}

function change(table: KeyedState<unknown>, done: readonly Step[]): void {
  for (const [op, key, value] of done) {
    if (op === 'set') table.set(key as string, { value })
    else if (op === 'delete') table.delete(key as string)
    else table.touch(key as string)
  }
}

/** Returns all that shows of a table: its entries, the order of the last touches, and the changes of the last batch. */
function seen(table: KeyedState<unknown>, timed: boolean): unknown {
  const stored = table.stored()
  const entries = [...stored.entries()].map(({ key, value, touched }) => [key, value, touched])
  stored.release()
  const old = timed ? [...table.expired(Infinity)].map(({ key }) => key) : []
  const changes = [...table.changes()].map(({ key, value, gone }) => [key, value, gone])
  return { entries, old, changes, size: table.size, last: table.lastChanges }
}

/** Changes a copy of each partition, and applies the changes to the table in order of the partitions. */
function changeByCopies(table: KeyedState<unknown>, timed: boolean, time: number, done: readonly Step[]): void {
  for (let p = 0; p < PARTITIONS; p++) {
    const copy = new KeyedState<unknown>({ timed })
    const { version } = table
    if (version !== undefined) {
      for (const pause of copy.restore(entriesOf(entryColumns(table, p)), version)) void pause
    }
    copy.begin(time)
    change(
      copy,
      done.filter(([, key]) => table.partitionFor(key as string) === p),
    )
    const adoption = new Adoption(table)
    for (const piece of structuredClone([...changeColumns(copy)])) adoption.add(piece)
    adoption.end()
  }
}

test.each([true, false])(
  'a table that takes the changes of copies is the table that was changed itself; timed: %s',
  (timed) =>
    fc.assert(
      fc.property(batches, fc.nat(), (all, broken) => {
        const [itself, byCopies] = [tableOf(timed), tableOf(timed)]
        for (const [b, done] of all.entries()) {
          const time = (b + 1) * 1000
          // The partitions of a batch follow one another there too.
          const inOrder = Array.from({ length: PARTITIONS }, (_, p) =>
            done.filter(([, key]) => itself.partitionFor(key as string) === p),
          ).flat()
          if (broken % all.length === b) {
            byCopies.begin(time)
            changeByCopies(byCopies, timed, time, [...done].reverse())
            byCopies.rollback()
          }
          for (const table of [itself, byCopies]) table.begin(time)
          change(itself, inOrder)
          changeByCopies(byCopies, timed, time, done)
          for (const table of [itself, byCopies]) table.commit()
          expect(seen(byCopies, timed)).toEqual(seen(itself, timed))
          for (const table of [itself, byCopies]) table.forget(time)
        }
      }),
      { numRuns: 300 },
    ),
)
