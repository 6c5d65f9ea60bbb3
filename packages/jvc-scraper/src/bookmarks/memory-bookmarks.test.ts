import { expect, test } from 'vitest'
import { MemoryBookmarks } from './memory-bookmarks.js'

test('the topics that were advanced longest ago are forgotten above the bound; the others keep their bookmarks', async () => {
  const bookmarks = new MemoryBookmarks(100)
  for (let topic = 1; topic <= 1000; topic++) {
    await bookmarks.advance(String(topic), '10')
    // One that is active all the time stays, and is never lowered.
    await bookmarks.advance('1', topic === 500 ? '9' : '20')
  }
  const known = await Promise.all(Array.from({ length: 1000 }, (_, i) => bookmarks.get(String(i + 1))))
  expect(known.filter((id) => id !== undefined)).toHaveLength(100)
  expect([known[0], known[1], known[900], known[901], known[999]]).toEqual(['20', undefined, undefined, '10', '10'])
})
