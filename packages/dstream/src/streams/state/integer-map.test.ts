import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IntegerMap } from './integer-map.js'

const few = fc.integer({ min: -20, max: 20 })
const keys = fc.oneof(few, fc.constantFrom(-0, 2 ** 31 - 1, -(2 ** 31)), fc.integer({ min: 0, max: 2000 }))

type Step = readonly [what: 'set' | 'delete' | 'take', key: number]
function steps(weights: { set: number; delete: number; take: number }): fc.Arbitrary<Step[]> {
  const whats = Object.entries(weights).map(([what, weight]) => ({ weight, arbitrary: fc.constant(what as Step[0]) }))
  return fc.array(fc.tuple(fc.oneof(...whats), keys), { maxLength: 2000, size: 'max' })
}
/** It grows, it shrinks, and it is emptied while some of what is left is deleted, as when a table is split. */
const lives = fc
  .tuple(
    steps({ set: 9, delete: 1, take: 0 }),
    steps({ set: 1, delete: 9, take: 0 }),
    steps({ set: 0, delete: 1, take: 3 }),
  )
  .map((parts) => parts.flat())

test('is a Map, whatever is added, deleted and taken out', () => {
  fc.assert(
    fc.property(lives, (life) => {
      const map = new IntegerMap<number>()
      const model = new Map<number, number>()
      for (const [i, [what, key]] of life.entries()) {
        if (what === 'set') {
          expect(map.set(key, i)).toBe(!model.has(key))
          model.set(key, i)
        } else if (what === 'delete') {
          expect(map.delete(key)).toBe(model.delete(key))
        } else {
          const taken = map.take()
          if (taken === undefined) expect(model.size).toBe(0)
          else {
            expect(taken[1]).toBe(model.get(taken[0]))
            model.delete(taken[0])
          }
        }
        expect(map.size).toBe(model.size)
        expect(map.get(key)).toBe(model.get(key))
      }
      for (const [key, value] of model) expect(map.get(key)).toBe(value)
      for (let left = model.size; left > 0; left--) expect(model.delete(map.take()![0])).toBe(true)
      expect(map.take()).toBeUndefined()
    }),
    { numRuns: 50 },
  )
})
