import fc from 'fast-check'
import { List, Map as ImmutableMap } from 'immutable'
import { expect, test } from 'vitest'
import { hashKey } from './hash.js'

// Written down, because a checkpoint or another process may rely on them: they may never change.
test.each<[unknown, number]>([
  [null, 0],
  ['', 725515275],
  ['a', 444641715],
  ['été 😀', 388468366],
  [0, 0],
  [1, 1364076727],
  [-1, 32599865],
  [0.5, 526437259],
  [NaN, 1572097435],
  [Infinity, 1275510052],
  [2 ** 40, 1565046695],
  [1n, 1523782894],
  [true, 1],
  [false, 0],
  [['a', 1], 546371564],
  [[], 1164981279],
  [List(['a', 1]), 841253106],
  [ImmutableMap({ a: 1, b: 2 }), 111725477],
])('%#: the hash of %s is %d for ever', (key, hash) => {
  expect(hashKey(key)).toBe(hash)
})

test('a hash is a whole number from 0 to 2³¹ − 1', () => {
  const primitive = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.bigInt(), fc.boolean())
  fc.assert(
    fc.property(fc.oneof(primitive, fc.array(primitive)), (key) => {
      const hash = hashKey(key)
      expect(Number.isInteger(hash)).toBe(true)
      expect(hash).toBeGreaterThanOrEqual(0)
      expect(hash).toBeLessThan(2 ** 31)
    }),
  )
})

test('-0 is 0', () => {
  expect(hashKey(-0)).toBe(hashKey(0))
})

const families: [string, (i: number) => unknown][] = [
  ['words', (i) => `word${i}`],
  ['counting numbers', (i) => i],
  ['numbers a round step apart', (i) => i * 1024],
  ['batch times', (i) => 1_700_000_000_000 + i * 3000],
  ['fractions', (i) => i / 8],
  ['bigints', (i) => BigInt(i) << 40n],
  ['pairs', (i) => [`user${i % 100}`, Math.floor(i / 100)]],
]

test.each(families)('%s spread evenly over few and over many partitions', (_, make) => {
  const keys = 20_000
  for (const partitions of [2, 7, 16]) {
    const counts = Array<number>(partitions).fill(0)
    for (let i = 0; i < keys; i++) counts[hashKey(make(i)) % partitions]!++
    // Six standard deviations of an even spread.
    const slack = 6 * Math.sqrt(keys / partitions)
    for (const count of counts) expect(Math.abs(count - keys / partitions)).toBeLessThan(slack)
  }
})
