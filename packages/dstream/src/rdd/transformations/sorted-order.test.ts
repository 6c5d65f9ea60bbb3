import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Evaluation } from '../plan/evaluation.js'
import { runtimeOf } from '../plan/runtime.js'
import { comparison } from './sort.js'
import { sortedOrder } from './sorted-order.js'

const special = [0, -0, 1, -1, 1.5, -1.5, 255, 256, 65_536, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 53, -(2 ** 53), 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity] // prettier-ignore
const numbers = fc.oneof(
  fc.array(fc.double({ noNaN: true }), { minLength: 256, maxLength: 700 }),
  fc.array(fc.constantFrom(...special), { minLength: 256, maxLength: 700 }),
  fc.array(fc.integer({ min: -5, max: 300 }), { minLength: 256, maxLength: 700 }),
  fc.array(fc.integer(), { minLength: 0, maxLength: 300 }),
)
const ranks = fc.oneof(
  numbers,
  fc.array(fc.string({ maxLength: 2 }), { minLength: 256, maxLength: 400 }),
  fc.array(fc.bigInt(), { maxLength: 300 }),
)

async function placesOf(given: readonly unknown[], ascending: boolean, pauses = false): Promise<number[]> {
  const pause = async (): Promise<void> => {
    await Promise.resolve()
  }
  const yielder = pauses ? { yielder: { begin: () => ({ size: 1, pause }) } } : {}
  const compare = comparison({ operator: 'sort', time: undefined }, ascending)
  return [...(await sortedOrder(given, compare, ascending, new Evaluation(runtimeOf(yielder))))]
}

test('is the order of a stable sort of the array, upwards and downwards, with and without pauses', async () => {
  await fc.assert(
    fc.asyncProperty(ranks, fc.boolean(), fc.boolean(), async (given, ascending, pauses) => {
      const compare = comparison({ operator: 'sort', time: undefined }, ascending)
      const places = given.map((_, i) => i).sort((a, b) => compare(given[a], given[b]))
      expect(await placesOf(given, ascending, pauses)).toEqual(places)
    }),
    { numRuns: 300 },
  )
})

test('sorts more than one chunk', async () => {
  const given = Array.from({ length: 20_000 }, (_, i) => Math.sin(i) * 1000)
  const places = given.map((_, i) => i).sort((a, b) => given[a]! - given[b]!)
  expect(await placesOf(given, true, true)).toEqual(places)
  const words = given.map(String)
  expect(await placesOf(words, false)).toEqual(given.map((_, i) => i).sort((a, b) => (words[b]! < words[a]! ? -1 : 1)))
})
