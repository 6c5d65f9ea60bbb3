import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IntegerPairs } from './integer-pairs.js'

const keys = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer(),
  fc.constantFrom(-0, 2 ** 31 - 1, -(2 ** 31)),
  // Numbers that differ in one end only, as ids made of parts do.
  fc.integer({ min: 0, max: 2 ** 12 - 1 }).map((high) => (high << 20) | 0),
)
const records = fc.array(fc.tuple(fc.nat({ max: 2 }), keys), { maxLength: 3000, size: 'max' })

test('holds what a Map would, in the same order, beside others and after others', () => {
  fc.assert(
    fc.property(records, (all) => {
      const tables = [0, 1, 2].map(() => ({ pairs: new IntegerPairs(), model: new Map<number, number>() }))
      for (const [i, [which, key]] of all.entries()) {
        const { pairs, model } = tables[which]!
        const at = pairs.find(key)
        expect(at < 0 ? undefined : pairs.values[at]).toBe(model.get(key))
        if (at < 0) pairs.add(key, i)
        else pairs.values[at] = i
        model.set(key, i)
      }
      for (const { pairs, model } of tables) expect([...pairs.columns()]).toEqual([...model])
    }),
    { numRuns: 50 },
  )
})
