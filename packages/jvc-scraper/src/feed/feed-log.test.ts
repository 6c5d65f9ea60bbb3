import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePost, type Post } from 'jvc-receiver/feed'
import { resumeAt } from './feed-cursor.js'
import { FeedLog } from './feed-log.js'
import type { LogEntry, LogStore, StoredLog } from './log-store.js'
import { MemoryLogStore } from './memory-log-store.js'

function post(id: number): Post {
  return { id: String(id), hour: '', topic: 't', auteur: 'a', message: 'm', stickers: [] }
}

function idsOf(log: FeedLog): string[] {
  return log.read(log.oldest, Infinity).map(({ postId }) => postId)
}

/** A store that fails as it is told: before it has written, or after, when nobody hears of it. */
class MoodyStore implements LogStore {
  entries: LogEntry[] = []
  moods: ('good' | 'before' | 'after' | 'half')[] = []

  open(): Promise<StoredLog> {
    return Promise.resolve({ id: 'ab', next: this.entries.length, entries: this.entries })
  }
  async append(entries: readonly LogEntry[]): Promise<void> {
    const mood = this.moods.shift() ?? 'good'
    await Promise.resolve()
    expect(entries[0]?.seq).toBe(this.entries.length)
    if (mood !== 'before')
      this.entries.push(...entries.slice(0, mood === 'half' ? Math.ceil(entries.length / 2) : undefined))
    if (mood !== 'good') throw new Error('moody')
  }
  recover(next: number): Promise<LogEntry[]> {
    return Promise.resolve(this.entries.slice(next))
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

describe('FeedLog', () => {
  test('numbers posts in order and gives them back by number', async () => {
    const log = await FeedLog.open(new MemoryLogStore())
    expect(await Promise.all([log.append('1', [post(1), post(2)]), log.append('2', [post(1)])])).toEqual([2, 1])
    expect([log.oldest, log.next, log.lastId('1'), log.lastId('3')]).toEqual([0, 3, '2', undefined])
    expect(log.read(1, Infinity).map(({ seq, topicId, line }) => [seq, topicId, decodePost(line).id])).toEqual([
      [1, '1', '2'],
      [2, '2', '1'],
    ])
    expect(log.read(3, 100)).toEqual([])
  })

  test('a post that is there already is left out', async () => {
    const log = await FeedLog.open(new MemoryLogStore())
    await log.append('1', [post(9), post(10)])
    expect(await log.append('1', [post(9), post(10), post(11)])).toBe(1)
    expect(idsOf(log)).toEqual(['9', '10', '11'])
  })

  test('an append in the turn in which the one before is told of is not forgotten', async () => {
    const log = await FeedLog.open(new MemoryLogStore())
    for (let id = 1; id <= 50; id++) expect(await log.append('1', [post(id)])).toBe(1)
  })

  test('keeps no more than its bound, and says where it begins', async () => {
    const log = await FeedLog.open(new MemoryLogStore(), { maxBytes: 1000 })
    for (let id = 1; id <= 5000; id++) await log.append(String(id % 7), [post(id)])
    expect(log.bytes).toBeLessThanOrEqual(1000)
    expect([log.next, log.oldest]).toEqual([5000, 5000 - idsOf(log).length])
    expect(log.read(0, Infinity)[0]?.seq).toBe(log.oldest)
    expect(idsOf(log).at(-1)).toBe('5000')
  })

  test('whatever a store does, posts that are tried again are there once and in order, here and in the store', async () => {
    const mood = fc.constantFrom('good' as const, 'before' as const, 'after' as const, 'half' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.array(mood, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 }),
        async (moods, sizes) => {
          const store = new MoodyStore()
          store.moods = [...moods]
          const log = await FeedLog.open(store)
          let seen = 0
          log.subscribe(() => (seen = log.next))
          let id = 0
          const topic = async (name: string): Promise<void> => {
            for (const size of sizes) {
              const posts = Array.from({ length: size }, () => post(++id))
              while ((await log.append(name, posts).catch(() => -1)) < 0);
            }
          }
          await Promise.all([topic('1'), topic('2')])
          store.moods = []
          // A last good append brings out what an answer had been lost for.
          await log.append('3', [post(1)])
          expect(log.read(0, Infinity)).toEqual(store.entries)
          expect(seen).toBe(store.entries.length)
          for (const name of ['1', '2']) {
            const ids = store.entries.filter(({ topicId }) => topicId === name).map(({ postId }) => Number(postId))
            expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
          }
          expect(store.entries).toHaveLength(2 * sizes.reduce((a, b) => a + b, 0) + 1)
        },
      ),
    )
  })
})

describe('where a client goes on', () => {
  const log = { id: 'ab', oldest: 10, next: 20 }
  test.each<[string, number, string | undefined]>([
    ['', 10, undefined],
    ['0', 10, undefined],
    ['now', 20, undefined],
    ['ab:14', 15, undefined],
    ['ab:19', 20, undefined],
    ['ab:9', 10, undefined],
    ['ab:8', 10, 'the log begins later'],
    ['ab:20', 20, 'the log ends before the cursor'],
    ['cd:14', 10, 'the cursor belongs to another log'],
    ['x', 10, 'the text is no cursor of this feed'],
  ])('after %j: at %j, gap: %j', (cursor, from, reason) => {
    const found = resumeAt(log, cursor)
    expect([found.from, found.gap?.reason]).toEqual([from, reason])
  })
})
