import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../../test/manual-clock.js'
import { Forum } from './forum.js'
import { startSimulator, type Simulator } from './index.js'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 6, 27)

let simulator: Simulator | undefined
afterEach(async () => {
  await simulator?.close()
  simulator = undefined
})

describe('a forum that runs for weeks', () => {
  test.each([
    [30, 2000],
    [3, 2000],
    // Each topic has room for four posts.
    [1000, 2000],
  ])('keeps its size over 14 days, with %i topics and a bound of %i posts', (topics, keepPosts) => {
    const forum = new Forum({ seed: 3, forumId: '51', topics, history: 100, now: NOW, keepPosts })
    const bound = Math.max(keepPosts, 4 * topics)
    const sizes: { topics: number; kept: number; visible: number }[] = []
    for (let at = NOW, day = 1; day <= 14; day++) {
      for (; at < NOW + day * DAY_MS; at += 60_000) forum.publish(at)
      const lists = Array.from({ length: forum.listPageCount() }, (_, i) => forum.listPage(i + 1)).flat()
      const visible = lists.reduce((sum, { posts }) => sum + posts.length, 0)
      sizes.push({ topics: forum.topicCount, kept: forum.posts.length, visible })
    }
    expect(forum.published).toBe(14 * 1440 + Math.max(100, topics))
    for (const { kept, visible } of sizes.slice(1)) {
      expect(visible).toBeLessThanOrEqual(bound)
      expect(visible).toBeGreaterThan(bound / 2)
      expect(kept).toBeLessThanOrEqual(2 * bound)
    }
    // A fortnight has no more topics than its second day has, give or take chance.
    expect(sizes[13]?.topics).toBeLessThan(2 * (sizes[1]?.topics ?? 0))
    expect(forum.truthFrom).toBeGreaterThan(forum.published / 2)
  })

  test('the topics that were silent for longest die; the newest posts are all there', () => {
    const forum = new Forum({ seed: 5, forumId: '51', topics: 20, history: 100, now: NOW, keepPosts: 1000 })
    for (let i = 0; i < 20_000; i++) forum.publish(NOW + i * 1000)
    const listed = Array.from({ length: forum.listPageCount() }, (_, i) => forum.listPage(i + 1)).flat()
    expect(listed.length).toBe(forum.topicCount)
    for (const post of forum.posts.filter(({ n }) => n >= forum.published - 300)) expect(post.deleted).toBe(false)
    for (const post of forum.posts) expect(forum.topic(post.topicId) === undefined).toBe(post.deleted)
  })
})

describe('the simulator on a virtual clock', () => {
  const start = async (keepTruth: boolean): Promise<ManualClock> => {
    const clock = new ManualClock(NOW)
    simulator = await startSimulator({ clock, rate: 0.05, seed: 2, history: 50, topics: 10, keepPosts: 500, keepTruth })
    return clock
  }

  test('two days: old topics answer 410, and the truth that is gone is refused', async () => {
    const clock = await start(false)
    const [first] = simulator!.truth(10)
    await clock.advance(2 * DAY_MS)
    expect(simulator!.control({ do: 'status' }).published).toBe(8640)
    const page = await fetch(`${simulator!.url}/forums/42-51-${first?.topicId}-1-0-1-0-x.htm`, { redirect: 'manual' })
    expect(page.status).toBe(410)
    expect(() => simulator!.truth()).toThrow(/^Posts before position \d+ are no longer all kept; got 0\. .*keepTruth/)
    const truth = await fetch(`${simulator!.url}/__truth`)
    expect([truth.status, await truth.json()]).toEqual([
      410,
      { code: 'simulator-truth-forgotten', message: expect.stringContaining('--keep-truth') },
    ])
    const { published, history } = simulator!.control({ do: 'status' })
    expect(simulator!.truth(published + history - 100)).toHaveLength(100)
  })

  test('two days with keepTruth: every post, what became of it included', async () => {
    const clock = await start(true)
    await clock.advance(2 * DAY_MS)
    const truth = simulator!.truth()
    expect(truth.map(({ n }) => n)).toEqual(Array.from({ length: 8690 }, (_, n) => n))
    expect(truth[10]).toMatchObject({ deleted: true, message: expect.stringMatching(/./) })
  })
})
