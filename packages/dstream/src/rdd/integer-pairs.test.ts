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

test('holds what a Map would, in the same order, while it grows', () => {
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 3000, size: 'max' }), (all) => {
      const pairs = new IntegerPairs()
      const model = new Map<number, number>()
      for (const [i, key] of all.entries()) {
        const at = pairs.find(key)
        expect(at < 0 ? undefined : pairs.values[at]).toBe(model.get(key))
        if (at < 0) pairs.add(key, i)
        else pairs.values[at] = i
        model.set(key, i)
      }
      expect([...pairs.columns()]).toEqual([...model])
    }),
    { numRuns: 50 },
  )
})
