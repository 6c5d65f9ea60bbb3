import { List } from 'immutable'
import { expect, test } from 'vitest'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { ShardedMap } from './sharded-map.js'

const many = 150_000
const spreads: [string, (i: number) => Key][] = [
  ['numbered words', (i) => `user-${i}`],
  ['short strings', (i) => i.toString(36)],
  ['whole numbers', (i) => i * 256],
  ['fractions and times', (i) => (i % 2 === 0 ? i / many : 1.7e12 + i)],
  ['bigints', (i) => BigInt(i)],
  ['compound keys', (i) => keyOf(i % 2 === 0 ? ['a', i] : List([i]))],
]

test.each(spreads)('is a Map, before, while and after it is split: %s', (_, key) => {
  const map = new ShardedMap<number>()
  const model = new Map<unknown, number>()
  const keys = Array.from({ length: many }, (_, i) => keyOf(key(i)))
  const wrong: unknown[] = []
  const check = (k: MapKey) => {
    if (map.get(k) !== model.get(k) || map.size !== model.size) wrong.push(k)
  }
  keys.forEach((k, i) => {
    map.set(k, i)
    model.set(k, i)
    const earlier = keys[(i * 7919) % (i + 1)]!
    check(earlier)
    if (i % 5 === 0) {
      map.set(earlier, -i)
      model.set(earlier, -i)
    } else if (i % 997 === 1) {
      map.delete(earlier)
      model.delete(earlier)
    }
    check(earlier)
  })
  keys.forEach(check)
  expect(wrong).toEqual([])
  expect(map.size).toBeGreaterThan(many * 0.99)
})
