import { encodePost, type Post } from 'jvc-receiver/feed'
import { ScraperError, messageOf } from '../errors.js'
import { compareIds } from '../parse/index.js'
import type { LogEntry, LogStore } from './log-store.js'

export interface FeedLogOptions {
  /** The bound of the log, in characters of its lines; older posts are dropped. Default 64 MiB. */
  readonly maxBytes?: number | undefined
}

export const DEFAULT_LOG_BYTES = 64 * 1024 * 1024

interface Waiting {
  readonly topicId: string
  readonly posts: readonly Post[]
  readonly done: (written: number) => void
  readonly failed: (error: unknown) => void
}

/**
 * The posts of the feed in order, each with a number that only grows. The log is bounded: clients read from it at their
 * own pace, and a client that falls behind its beginning misses posts.
 *
 * Guarantee: a post becomes visible, and `append` is fulfilled, once the store has it. A post whose id is not above the
 * last one logged of its topic is left out, so that an append may be retried.
 */
export class FeedLog {
  /** The identity of this log; cursors of other logs are not valid here. */
  readonly id: string
  readonly #store: LogStore
  readonly #maxBytes: number
  readonly #lastIds = new Map<string, LogEntry>()
  readonly #listeners = new Set<() => void>()
  #entries: LogEntry[] = []
  #head = 0
  #bytes = 0
  #next: number
  #queue: Waiting[] = []
  #flushing: Promise<void> | undefined
  #unsure = false
  #away = false
  #closed = false

  /** Opens the store and reads its entries. */
  static async open(store: LogStore, options: FeedLogOptions = {}): Promise<FeedLog> {
    const { id, next, entries } = await store.open()
    const log = new FeedLog(store, id, next, options)
    log.#publish(entries)
    return log
  }

  private constructor(store: LogStore, id: string, next: number, { maxBytes = DEFAULT_LOG_BYTES }: FeedLogOptions) {
    this.#store = store
    this.id = id
    this.#next = next
    this.#maxBytes = maxBytes
  }

  /** The number of the oldest post in the log; equal to `next` when the log is empty. */
  get oldest(): number {
    return this.#entries[this.#head]?.seq ?? this.#next
  }

  /** The number that the next post will get. */
  get next(): number {
    return this.#next
  }

  get bytes(): number {
    return this.#bytes
  }

  /** True when the last write to the store failed. */
  get away(): boolean {
    return this.#away
  }

  /** Returns the last post of a topic in the log. At a start the bookmark may be behind it. */
  lastId(topicId: string): string | undefined {
    return this.#lastIds.get(topicId)?.postId
  }

  /**
   * Adds posts of one topic, by ascending id.
   *
   * @returns how many of them were new to the log
   * @throws ScraperError `log-away` when the store fails; nothing is lost by trying the same posts again. `log-in-use` when
   * another scraper writes the log
   */
  append(topicId: string, posts: readonly Post[]): Promise<number> {
    if (this.#closed) return Promise.reject(new ScraperError('log-closed', 'The log of the feed is closed'))
    return new Promise((done, failed) => {
      this.#queue.push({ topicId, posts, done, failed })
      this.#flushing ??= this.#flush()
    })
  }

  /** Returns posts from number `from` on, in order, about `maxBytes` of them; none at the end of the log. */
  read(from: number, maxBytes: number): readonly LogEntry[] {
    const start = Math.max(from - this.oldest, 0) + this.#head
    let end = start
    for (let bytes = 0; end < this.#entries.length && bytes < maxBytes; end++) {
      bytes += (this.#entries[end] as LogEntry).line.length
    }
    return this.#entries.slice(start, end)
  }

  /** Calls `listener` after posts were added. */
  subscribe(listener: () => void): { unsubscribe(): void } {
    this.#listeners.add(listener)
    return { unsubscribe: () => this.#listeners.delete(listener) }
  }

  /** Finishes the pending writes and closes the store. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#flushing
    await this.#store.close()
  }

  /** Group commit: writes all waiting appends at once; appends made meanwhile go with the next write. */
  async #flush(): Promise<void> {
    // Appends made in the same turn share the first write.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const waiting = this.#queue
      this.#queue = []
      try {
        await this.#resync()
        const { entries, written } = this.#number(waiting)
        this.#unsure = entries.length > 0
        if (entries.length > 0) await this.#store.append(entries, this.oldest)
        this.#unsure = false
        this.#away = false
        this.#publish(entries)
        waiting.forEach(({ done }, i) => done(written[i] ?? 0))
      } catch (cause) {
        this.#away = true
        // Trying again is of no use when another scraper writes this log.
        if (cause instanceof ScraperError && cause.code === 'log-in-use') {
          for (const { failed } of waiting) failed(cause)
          continue
        }
        const message = `The log of the feed could not be written (${messageOf(cause)}). The posts will be tried again.`
        for (const { failed } of waiting) failed(new ScraperError('log-away', message, { cause }))
      }
    }
    // Reset in the same turn as the last check of the queue, so that a later append starts a flush of its own.
    this.#flushing = undefined
  }

  /** Settles a failed write: it may have happened, so the store is asked before its numbers are used again. */
  async #resync(): Promise<void> {
    if (!this.#unsure) return
    this.#publish(await this.#store.recover(this.#next, (from) => this.read(from, Infinity)))
    this.#unsure = false
  }

  #number(waiting: readonly Waiting[]): { entries: LogEntry[]; written: number[] } {
    const entries: LogEntry[] = []
    const last = new Map<string, string | undefined>()
    const written = waiting.map(({ topicId, posts }) => {
      const before = entries.length
      for (const post of posts) {
        const known = last.get(topicId) ?? this.lastId(topicId)
        if (known !== undefined && compareIds(post.id, known) <= 0) continue
        last.set(topicId, post.id)
        const line = encodePost(post).slice(0, -1)
        entries.push({ seq: this.#next + entries.length, topicId, postId: post.id, line })
      }
      return entries.length - before
    })
    return { entries, written }
  }

  #publish(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#bytes += entry.line.length
      this.#lastIds.set(entry.topicId, entry)
      this.#next = entry.seq + 1
    }
    this.#forget()
    for (const listener of this.#listeners) listener()
  }

  #forget(): void {
    while (this.#bytes > this.#maxBytes && this.#head < this.#entries.length - 1) {
      const entry = this.#entries[this.#head++] as LogEntry
      this.#bytes -= entry.line.length
      if (this.#lastIds.get(entry.topicId) === entry) this.#lastIds.delete(entry.topicId)
    }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}
