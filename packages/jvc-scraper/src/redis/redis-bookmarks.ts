import type { Redis } from 'ioredis'
import type { Bookmarks } from '../bookmarks/bookmarks.js'
import { ScraperError, messageOf } from '../errors.js'

export interface RedisBookmarksOptions {
  /** Begins every key. */
  readonly prefix: string
  /** The lifetime of a bookmark after its last raise, in milliseconds. */
  readonly expiryMs: number
}

/** Compares and sets in one atomic script. Ids are digits without leading zeros, so the longer id is the greater. */
const RAISE = `
local known = redis.call('GET', KEYS[1])
local id = ARGV[1]
if known and (#known > #id or (#known == #id and known > id)) then id = known end
redis.call('SET', KEYS[1], id, 'PX', ARGV[2])
return id`

/**
 * Bookmarks in Redis, one key per topic, for any number of scrapers.
 *
 * Guarantee: bookmarks are raised atomically and never lowered, independent of the order of calls. While Redis is
 * unreachable `get` and `raise` fail within the timeout of the connection, and the visit is retried.
 */
export class RedisBookmarks implements Bookmarks {
  readonly #redis: Redis
  readonly #options: RedisBookmarksOptions

  /** @param redis the connection; the caller closes it */
  constructor(redis: Redis, options: RedisBookmarksOptions) {
    this.#redis = redis
    this.#options = options
  }

  get away(): boolean {
    return this.#redis.status !== 'ready'
  }

  async get(topicId: string): Promise<string | undefined> {
    const key = this.#key(topicId)
    const id = await this.#ask(key, () => this.#redis.get(key))
    return id !== null && /^\d+$/.test(id) ? id : undefined
  }

  async advance(topicId: string, postId: string): Promise<void> {
    const { expiryMs } = this.#options
    const key = this.#key(topicId)
    await this.#ask(key, () => this.#redis.eval(RAISE, 1, key, postId, Math.ceil(expiryMs)))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #wrongType(key: string, cause: unknown): ScraperError {
    const advice = 'Rename or delete that key, or use another database of Redis.'
    const message = `The bookmarks need a string in Redis at ${key}, where another kind of value is. ${advice}`
    return new ScraperError('bookmarks-broken', message, { cause })
  }

  #key(topicId: string): string {
    return `${this.#options.prefix}bookmark:${topicId}`
  }

  async #ask<T>(key: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (cause) {
      if (/WRONGTYPE/.test(messageOf(cause))) throw this.#wrongType(key, cause)
      throw new ScraperError(
        'bookmarks-away',
        `Redis does not answer (${messageOf(cause)}). The visit will be retried.`,
        {
          cause,
        },
      )
    }
  }
}
