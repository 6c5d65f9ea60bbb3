import fc from 'fast-check'
import { List, Map as ImmutableMap, Record } from 'immutable'
import { describe, expect, test } from 'vitest'
import { collectGarbage } from '../../../test/collect-garbage.js'
import { detachKey } from './detach.js'
import { detachString } from './detach-string.js'
import { keyOf } from './key.js'

test('a detached string is the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      expect(detachString(text)).toBe(text)
    }),
  )
  const halves = '\ud83d\ude00\ude00\ud83d'.repeat(5)
  expect(detachString(halves)).toBe(halves)
})

test('a detached key is the same key', () => {
  for (const key of ['a', 'a'.repeat(50), 1, NaN, 5n, true, null]) expect(Object.is(detachKey(key), key)).toBe(true)
  expect(detachKey(['a', 1])).toBe(keyOf(['a', 1]))
  expect(detachKey(List(['a'.repeat(50)])).first()).toBe('a'.repeat(50))
})

test('what is no key is refused', () => {
  expect(() => detachKey({})).toThrow(expect.objectContaining({ code: 'key-not-allowed' }))
})

describe('memory', () => {
  const heldBy = (held: () => unknown): number => {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    const value = held()
    collectGarbage()
    const after = process.memoryUsage().heapUsed
    return value === undefined ? NaN : after - before
  }

  const count = 1000
  const size = 20_000
  const Field = Record({ word: 'a default that is long' })
  /** A word cut out of a message of 20 kB. */
  const word = (i: number) =>
    `${'m'.repeat(size / 2)} word${String(i).padStart(20, '0')} ${'n'.repeat(size / 2)}`.split(' ')[1]!
  const hold = (keep: (word: string) => unknown, from: number) =>
    heldBy(() => Array.from({ length: count }, (_, i) => keep(word(from + i))))

  test('a word that is not detached keeps its message alive', () => {
    expect(hold((w) => w, 0)).toBeGreaterThan((count * size) / 2)
  })

  test.each<[string, (word: string) => unknown]>([
    ['a string', (w) => detachKey(w)],
    ['two strings joined', (w) => detachKey(`${w}|${w}`)],
    ['an array', (w) => detachKey([w, 1])],
    ['an array in an array', (w) => detachKey([[w], 2])],
    ['a List', (w) => detachKey(List([w]))],
    ['a Map', (w) => detachKey(ImmutableMap([[w, w]]))],
    ['a Record', (w) => detachKey(new Field({ word: w }))],
  ])('%s does not', (_, keep) => {
    expect(hold(keep, count)).toBeLessThan((count * size) / 10)
  })

  test('a key that nobody holds any more is forgotten, and can come back', async () => {
    const refs = Array.from({ length: 100 }, (_, i) => new WeakRef(keyOf(['forgotten', i]) as object))
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5)
    const again = keyOf(['forgotten', 1])
    // The notice of the first death must not remove the second life.
    await new Promise((resolve) => setImmediate(resolve))
    expect(keyOf(['forgotten', 1])).toBe(again)
  })
})
