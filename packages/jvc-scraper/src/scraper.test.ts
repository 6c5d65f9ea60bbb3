import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { cursorOf, decodePost, encodeResume, LineSplitter, type Post } from 'jvc-receiver/feed'
import { startSimulator, type Simulator, type TruthPost } from 'jvc-scraper/simulator'
import { MemoryBookmarks } from './bookmarks/memory-bookmarks.js'
import { settingsOf } from './cli/settings.js'
import { parseOptions } from './cli/options.js'
import { systemClock } from './clock.js'
import { MemoryLogStore } from './feed/memory-log-store.js'
import { silentLogger } from './logger.js'
import { Scraper, type ScraperPorts } from './scraper.js'

/** A client of the feed: every post it got, in order. */
class Client {
  readonly posts: Post[] = []
  readonly cursors: string[] = []
  readonly socket: Socket
  #check: () => void = () => {}

  constructor(port: number, resume?: string) {
    this.socket = connect({ host: '127.0.0.1', port })
    if (resume !== undefined) this.socket.write(encodeResume(resume))
    const lines = new LineSplitter()
    this.socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        this.posts.push(decodePost(line))
        const cursor = cursorOf(line)
        if (cursor !== undefined) this.cursors.push(cursor)
      }
      this.#check()
    })
  }

  /** Waits until it has this many posts (that count). */
  async until(count: number, counts: (post: Post) => boolean = () => true): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#check = () => this.posts.filter(counts).length >= count && resolve()
      this.#check()
    })
  }
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const chain = async (
  argv: string,
  simulated: Parameters<typeof startSimulator>[0],
  ports: Partial<ScraperPorts> = {},
) => {
  const simulator = await startSimulator({ rate: 0, ...simulated })
  closers.push(() => simulator.close())
  const settings = settingsOf(parseOptions(`--simulate --port 0 ${argv}`.trim().split(' ')), simulator.forumUrl)
  const scraper = await Scraper.open(settings, {
    bookmarks: new MemoryBookmarks(),
    logStore: new MemoryLogStore(),
    identity: { userAgent: 'test', cookie: undefined },
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    ...ports,
  })
  closers.push(() => scraper.close())
  return { simulator, scraper }
}

/** Waits for real I/O. */
const until = (condition: () => boolean): Promise<true> =>
  vi.waitFor(() => condition() || Promise.reject(new Error('not yet')), { timeout: 10_000, interval: 5 })

const fields = ({ id, hour, topic, auteur, message, stickers }: TruthPost | Post): Post => ({
  id,
  hour,
  topic,
  auteur,
  message,
  stickers: [...stickers],
})

/** Every post of the truth exactly once, and those of one topic in the order of their ids. */
const expectTruth = (
  simulator: Simulator,
  posts: readonly Post[],
  of: (post: TruthPost) => boolean = () => true,
): void => {
  const truth = simulator.truth().filter(of)
  const byId = new Map(posts.map((post) => [post.id, post]))
  expect(posts.map(({ id }) => id).sort()).toEqual(truth.map(({ id }) => id).sort())
  for (const post of truth) expect(byId.get(post.id)).toEqual(fields(post))
  const topicOf = new Map(truth.map(({ id, topicId }) => [id, topicId]))
  const last = new Map<string | undefined, number>()
  for (const { id } of posts) {
    const topic = topicOf.get(id)
    expect(Number(id)).toBeGreaterThan(last.get(topic) ?? 0)
    last.set(topic, Number(id))
  }
}

describe('forum → scraper → feed', () => {
  test('12 000 posts in bursts: every one is received exactly once, whole, and in order per topic', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.2', { seed: 3 })
    const client = new Client(scraper.port, '')
    void scraper.run()
    for (let out = 0; out < 12_000; out += 1000) {
      simulator.control({ do: 'publish', count: 1000 })
      await client.until(simulator.truth().length - 500)
    }
    await client.until(simulator.truth().length)
    expectTruth(simulator, client.posts)
    expect(scraper.counters.toJSON()).toMatchObject({
      gaps: 0,
      postsUnreadable: 0,
      pagesUnreadable: 0,
      visitsFailed: 0,
    })
  }, 60_000)

  test('a client that comes back goes on where it was; one that asks for nothing gets what comes', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.2', { seed: 4 })
    const first = new Client(scraper.port, '')
    void scraper.run()
    await first.until(simulator.truth().length)
    const half = first.posts.length >> 1
    const again = new Client(scraper.port, first.cursors[half - 1])
    const plain = new Client(scraper.port)
    await again.until(first.posts.length - half)
    await until(() => scraper.counters.get('clients') === 3)
    simulator.control({ do: 'publish', count: 50 })
    await Promise.all([again.until(first.posts.length - half + 50), plain.until(50)])
    await first.until(simulator.truth().length)
    expect(again.posts).toEqual(first.posts.slice(half))
    expect(plain.posts).toEqual(first.posts.slice(-50))
    expect(plain.cursors).toEqual([])
  })

  test('--from now: nothing of the past, everything that follows, new topics included', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.05 --from now', { seed: 5 })
    const before = simulator.truth().length
    const client = new Client(scraper.port)
    void scraper.run()
    await until(() => scraper.counters.get('lists') >= 2 && scraper.counters.get('visits') >= 10)
    // Dates are to the second: what was written in the same second as the newest post cannot be told from what follows.
    const newest = Math.max(...simulator.truth().map(({ at }) => at))
    await until(() => Date.now() > newest + 1000)
    simulator.control({ do: 'publish', count: 400 })
    const isNew = ({ n }: TruthPost): boolean => n >= before
    const ids = new Set(simulator.truth(before).map(({ id }) => id))
    await client.until(400, ({ id }) => ids.has(id))
    expectTruth(
      simulator,
      client.posts.filter(({ id }) => ids.has(id)),
      isNew,
    )
    expect(client.posts.length - 400).toBeLessThanOrEqual(3)
  })

  test('--from page: the last page of each topic, then everything that follows', async () => {
    const { simulator, scraper } = await chain('--pace 5000 --list-every 0.05 --from page', { seed: 6, history: 2000 })
    const client = new Client(scraper.port, '')
    expect(await scraper.runOnce()).toBe(true)
    await client.until(scraper.counters.get('posts'))
    const byTopic = group(simulator.truth())
    for (const [topicId, posts] of byTopic) {
      const ids = new Set(posts.map(({ id }) => id))
      const got = client.posts.filter(({ id }) => ids.has(id)).map(({ id }) => id)
      const onLastPage = posts.length % 20 === 0 ? 20 : posts.length % 20
      expect([topicId, got]).toEqual([topicId, posts.slice(-onLastPage).map(({ id }) => id)])
    }
  })
})

const group = (posts: readonly TruthPost[]): Map<string, TruthPost[]> => {
  const groups = new Map<string, TruthPost[]>()
  for (const post of posts) groups.set(post.topicId, [...(groups.get(post.topicId) ?? []), post])
  return groups
}
