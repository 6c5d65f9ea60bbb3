import { connect, type Socket } from 'node:net'
import { afterEach, expect, vi } from 'vitest'
import { LineSplitter, cursorOf, decodeGap, decodePost, encodeResume, type Gap, type Post } from 'jvc-receiver/feed'
import { startSimulator, type Simulator, type SimulatorOptions, type TruthPost } from 'jvc-scraper/simulator'
import { MemoryBookmarks } from '../src/bookmarks/memory-bookmarks.js'
import { parseOptions } from '../src/cli/options.js'
import { settingsOf } from '../src/cli/settings.js'
import { systemClock } from '../src/clock.js'
import { MemoryLogStore } from '../src/feed/memory-log-store.js'
import { silentLogger } from '../src/logger.js'
import { Scraper, type ScraperPorts, type ScraperSettings } from '../src/scraper.js'

/** A client of the feed: every post it got, in order. */
export class Client {
  readonly posts: Post[] = []
  readonly cursors: string[] = []
  readonly gaps: Gap[] = []
  readonly socket: Socket
  #check: () => void = () => {}

  constructor(port: number, resume?: string) {
    this.socket = connect({ host: '127.0.0.1', port })
    if (resume !== undefined) this.socket.write(encodeResume(resume))
    const lines = new LineSplitter()
    this.socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const gap = decodeGap(line)
        if (gap !== undefined) {
          this.gaps.push(gap)
          continue
        }
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

/** Starts a simulator that publishes on command, and a scraper that reads it; both end with the test. */
export async function chain(
  argv: string,
  simulated: SimulatorOptions,
  ports: Partial<ScraperPorts & ScraperSettings> = {},
) {
  const simulator = await startSimulator({ rate: 0, ...simulated })
  closers.push(() => simulator.close())
  const options = parseOptions(`--simulate --port 0 ${argv}`.trim().split(' '))
  const settings = { ...settingsOf(options, simulator.forumUrl), ...ports }
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
export function until(condition: () => boolean, timeout = 150_000): Promise<true> {
  return vi.waitFor(() => condition() || Promise.reject(new Error('not yet')), { timeout, interval: 5 })
}

export function fields({ id, hour, topic, auteur, message, stickers }: TruthPost | Post): Post {
  return {
    id,
    hour,
    topic,
    auteur,
    message,
    stickers: [...stickers],
  }
}

/** Every post of the truth exactly once, and those of one topic in the order of their ids. */
export function expectTruth(
  simulator: Simulator,
  posts: readonly Post[],
  of: (post: TruthPost) => boolean = () => true,
): void {
  const truth = simulator.truth().filter(of)
  const byId = new Map(posts.map((post) => [post.id, post]))
  expect(posts.map(({ id }) => id).sort()).toEqual(truth.map(({ id }) => id).sort())
  for (const post of truth) expect(fields(byId.get(post.id) as Post)).toEqual(fields(post))
  const topicOf = new Map(truth.map(({ id, topicId }) => [id, topicId]))
  for (const { id, topicId, at } of truth) {
    const further = { topicId, forumId: '51', at: Math.floor(at / 1000) * 1000 }
    expect(byId.get(id)).toMatchObject({ ...further, permalink: `${simulator.url}/forums/message/${id}` })
  }
  const last = new Map<string | undefined, number>()
  for (const { id } of posts) {
    const topic = topicOf.get(id)
    expect(Number(id)).toBeGreaterThan(last.get(topic) ?? 0)
    last.set(topic, Number(id))
  }
}

export function group(posts: readonly TruthPost[]): Map<string, TruthPost[]> {
  const groups = new Map<string, TruthPost[]>()
  for (const post of posts) groups.set(post.topicId, [...(groups.get(post.topicId) ?? []), post])
  return groups
}

/**
 * Checks a feed after a storm of faults: every post is there at most once and in the order of its topic, and only posts
 * that were deleted before they were served may be missing.
 *
 * @returns the number of posts missing for that reason
 */
export function expectStormTruth(simulator: Simulator, posts: readonly Post[]): number {
  const got = new Map(posts.map((post) => [post.id, post]))
  expect(posts).toHaveLength(got.size)
  const truth = new Map(simulator.truth().map((post) => [post.id, post]))
  const missing = [...truth.values()].filter(({ id }) => !got.has(id))
  const isGone = (topicId: string): boolean =>
    simulator.truth().every((post) => post.topicId !== topicId || post.deletedAt !== null)
  expect(missing.filter(({ missable, topicId }) => !missable && !isGone(topicId))).toEqual([])
  const last = new Map<string, number>()
  for (const { id, auteur, message, stickers, hour } of posts) {
    const { topicId, ...post } = truth.get(id) as TruthPost
    expect({ auteur, message, stickers, hour }).toEqual({
      auteur: post.auteur,
      message: post.message,
      stickers: [...post.stickers],
      hour: post.hour,
    })
    expect(Number(id)).toBeGreaterThan(last.get(topicId) ?? 0)
    last.set(topicId, Number(id))
  }
  return missing.length
}

/** Waits are short, so that a storm is over soon. */
export const impatient: Pick<ScraperSettings, 'retryPolicy' | 'timeouts'> = {
  retryPolicy: {
    attempts: 5,
    retryMs: 10,
    maxRetryMs: 200,
    challengeMs: 100,
    maxChallengeMs: 400,
    maxRetryAfterMs: 200,
  },
  timeouts: { connectMs: 2000, headersMs: 2000, bodyMs: 500, totalMs: 1500 },
}
