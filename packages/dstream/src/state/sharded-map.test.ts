import { List } from 'immutable'
import { expect, test } from 'vitest'
import { keyOf, type Key } from '../keys/key.js'
import { ShardedMap } from './sharded-map.js'

const many = 70_000
const spreads: [string, (i: number) => Key][] = [
  ['numbered words', (i) => `user-${i}`],
  ['short strings', (i) => i.toString(36)],
  ['whole numbers', (i) => i * 256],
  ['fractions and times', (i) => (i % 2 === 0 ? i / many : 1.7e12 + i)],
  ['bigints', (i) => BigInt(i)],
  ['compound keys', (i) => keyOf(i % 2 === 0 ? ['a', i] : List([i]))],
]

test.each(spreads)('is a Map, before and after it is split: %s', (_, key) => {
  const map = new ShardedMap<number>()
  const keys = Array.from({ length: many }, (_, i) => key(i))
  keys.forEach((k, i) => map.set(k, i))
  keys.forEach((k, i) => map.set(k, i + 1))
  expect(map.size).toBe(many)
  for (let i = 0; i < many; i += 997) {
    expect(map.get(keyOf(key(i)))).toBe(i + 1)
    map.delete(keys[i]!)
    expect(map.get(keys[i]!)).toBeUndefined()
  }
  expect(map.size).toBe(many - Math.ceil(many / 997))
})
