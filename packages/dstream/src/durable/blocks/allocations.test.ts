import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectGarbage } from '../../../test/collect-garbage.js'
import { Allocations, type Allocation } from './allocations.js'

function at(time: number): Allocation {
  return { time, blocks: new Map(), ranges: new Map() }
}

const moves = fc.array(fc.oneof(fc.constant('with' as const), fc.integer({ min: 0, max: 40 })), { maxLength: 40 })

test('is a list of the times that were added and not forgotten, and each list stays what it was', () => {
  fc.assert(
    fc.property(moves, fc.array(fc.nat(5), { minLength: 1 }), (all, steps) => {
      let list = new Allocations()
      let times: number[] = []
      let time = 0
      const earlier: [Allocations, number[]][] = []
      all.forEach((move, i) => {
        earlier.push([list, times])
        if (move === 'with') {
          time += 1 + steps[i % steps.length]!
          list = list.with(at(time))
          // A second list that is made of the same one.
          if (i % 3 === 0) earlier.push([earlier.at(-1)![0].with(at(time + 1)), [...times, time + 1]])
          times = [...times, time]
        } else {
          list = list.after(move)
          times = times.filter((each) => each > move)
        }
      })
      for (const [each, wanted] of [...earlier, [list, times] as const]) {
        expect([...each.keys()]).toEqual(wanted)
        expect([...each].map(([key, allocation]) => [key, allocation.time])).toEqual(wanted.map((t) => [t, t]))
        for (let t = 0; t <= time + 2; t++) expect(each.get(t)?.time).toBe(wanted.includes(t) ? t : undefined)
      }
    }),
  )
})

test('an empty list keeps nothing of the lists that are made of it', async () => {
  const empty = new Allocations()
  const first = dropped(empty, 1)
  for (let time = 2; time < 20; time++) dropped(empty, time)
  await setImmediate()
  collectGarbage()
  expect(first.deref()).toBeUndefined()
  expect([...empty.keys()]).toEqual([])
})

/** Makes a list of another, and leaves it to the garbage. */
function dropped(list: Allocations, time: number): WeakRef<Allocation> {
  const allocation = at(time)
  expect([...list.with(allocation).keys()]).toEqual([time])
  return new WeakRef(allocation)
}
