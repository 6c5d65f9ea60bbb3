import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageOf } from '../../test/test-pages.js'
import type { TopicPage } from '../parse/index.js'
import { NoPage, StalePage } from './errors.js'
import { walkBack } from './walk-back.js'

const PER_PAGE = 4
function upTo(known: number) {
  return ({ posts }: TopicPage): boolean => posts.some(({ id }) => Number(id) <= known)
}

/** A topic that changes between two reads as it is told. */
class Topic {
  ids: number[]
  reads: number[] = []
  before: (read: number) => unknown = () => {}

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, i) => (i + 1) * 8)
  }

  get lastPage(): number {
    return Math.max(1, Math.ceil(this.ids.length / PER_PAGE))
  }

  readonly read = (page: number): Promise<TopicPage> => {
    this.before(this.reads.length)
    this.reads.push(page)
    return Promise.resolve(pageOf('1', this.ids, page, PER_PAGE))
  }
}

/** Giving up for now is allowed; losing is not. */
function moved(error: unknown): undefined {
  expect(error).toBeInstanceOf(StalePage)
  return undefined
}

describe('walkBack', () => {
  test('everything after what is known, by ascending id, and not a page more than needed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(40), async (count, seen) => {
        const topic = new Topic(count)
        const known = Math.min(seen, count) * 8
        const walk = await walkBack(topic.read, { from: topic.lastPage, reached: upTo(known), maxPages: 50 })
        expect(walk.posts.map(({ id }) => Number(id)).filter((id) => id > known)).toEqual(
          topic.ids.filter((id) => id > known),
        )
        expect(walk.bounded).toBe(false)
        const needed = topic.lastPage - Math.max(1, Math.ceil(known / 8 / PER_PAGE)) + 1
        expect(topic.reads.length).toBeLessThanOrEqual(needed === 1 ? 1 : needed + 1)
      }),
    )
  })

  test.each([
    ['under the walk', 2, [4, 3, 4], 8],
    ['before the first page was looked at once more', 3, [4, 3, 2, 4], 12],
  ])('a topic that is deleted %s: what was read of it is kept', async (_, at, reads, count) => {
    const topic = new Topic(16)
    topic.before = (read) => {
      if (read >= at) throw new NoPage({ kind: 'gone', path: '/x' })
    }
    const asked: number[] = []
    const read = async (page: number): Promise<TopicPage> => {
      asked.push(page)
      return topic.read(page)
    }
    const walk = await walkBack(read, { from: 4, reached: upTo(40), maxPages: 50 })
    expect(walk.posts.map(({ id }) => Number(id))).toEqual(topic.ids.slice(-count))
    expect(walk).toMatchObject({ bounded: false, deleted: expect.any(NoPage) })
    expect(asked.slice(0, 2).concat(asked.slice(-1))).toEqual([reads[0], reads[1], reads.at(-1)])
  })

  test('one page that is gone while the first is still there is no deletion', async () => {
    const topic = new Topic(16)
    topic.before = (read) => {
      if (read === 1) throw new NoPage({ kind: 'gone', path: '/x' })
    }
    const read = async (page: number): Promise<TopicPage> => {
      try {
        return await topic.read(page)
      } catch (error) {
        topic.before = () => {}
        throw error
      }
    }
    await expect(walkBack(read, { from: 4, reached: upTo(8), maxPages: 50 })).rejects.toBeInstanceOf(NoPage)
  })

  test('a bound that is hit is said', async () => {
    const topic = new Topic(40)
    const walk = await walkBack(topic.read, { from: 10, reached: upTo(8), maxPages: 3 })
    expect(walk).toMatchObject({ bounded: true })
    expect(walk.posts).toHaveLength(12)
  })

  test('posts that are deleted while it walks: none of the others is lost, and the order is that of the ids', async () => {
    const deletion = fc.record({ read: fc.nat(8), at: fc.nat(30) })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5, max: 30 }),
        fc.nat(10),
        fc.array(deletion, { maxLength: 3 }),
        async (count, seen, deletions) => {
          const topic = new Topic(count)
          const known = Math.min(seen, count) * 8
          const all = topic.ids
          topic.before = (read) => {
            for (const { at } of deletions.filter((d) => d.read === read))
              topic.ids = topic.ids.filter((_, i) => i !== 1 + (at % 29))
          }
          const walk = await walkBack(topic.read, { from: topic.lastPage, reached: upTo(known), maxPages: 50 }).catch(
            moved,
          )
          if (walk === undefined) return
          const got = walk.posts.map(({ id }) => Number(id))
          expect(got).toEqual(all.filter((id) => got.includes(id)))
          expect(topic.ids.filter((id) => id > known && !got.includes(id))).toEqual([])
        },
      ),
    )
  })

  test('a post that comes back between two reads pushes none out of sight', async () => {
    const topic = new Topic(8)
    const [back] = topic.ids.splice(1, 1)
    // After the last page was read and before the one in front of it.
    topic.before = (read) => {
      if (read === 1) topic.ids.splice(1, 0, back as number)
    }
    const walk = await walkBack(topic.read, { from: 2, reached: () => false, maxPages: 50 })
    expect(walk.posts.map(({ id }) => Number(id))).toEqual([8, 16, 24, 32, 40, 48, 56, 64])
  })

  test('a topic that never holds still is given up for now', async () => {
    const topic = new Topic(12)
    topic.before = (read) => (topic.ids = Array.from({ length: 12 }, (_, i) => (i + 1 + read) * 8))
    await expect(walkBack(topic.read, { from: 3, reached: () => false, maxPages: 50 })).rejects.toThrow(StalePage)
  })
})
