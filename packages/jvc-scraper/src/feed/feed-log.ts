import { encodePost, type Post } from 'jvc-receiver/feed'
import { ScraperError, messageOf } from '../errors.js'
import { compareIds } from '../parse/index.js'
import type { LogEntry, LogStore } from './log-store.js'

export interface FeedLogOptions {
  /** How much of the log is kept, in bytes of lines; older posts are forgotten. Default 64 MiB. */
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
 * The posts of the feed in order, each with a number that only grows. Bounded: clients read from it at their own pace,
 * and one that falls behind its beginning has missed something.
 *
 * Guarantee: a post is visible, and `append` fulfilled, once the store has it; a post whose id is not above the last
 * one logged of its topic is left out, so that an append may be tried again.
 */
export class FeedLog {
  /** Names this log; a cursor of another log means nothing here. */
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
  #closed = false

  /** Reads what the store holds. */
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

  /** The number of the oldest post that is still here; equal to `next` when there is none. */
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

  /** The last post of a topic that the log holds: at a start the bookmark may be behind it. */
  lastId(topicId: string): string | undefined {
    return this.#lastIds.get(topicId)?.postId
  }

  /**
   * Adds posts of one topic, by ascending id.
   *
   * @returns how many of them were new to the log
   * @throws ScraperError `log-away` when the store fails; nothing is lost by trying the same posts again
   */
  append(topicId: string, posts: readonly Post[]): Promise<number> {
    if (this.#closed) return Promise.reject(new ScraperError('log-closed', 'The log of the feed is closed.'))
    return new Promise((done, failed) => {
      this.#queue.push({ topicId, posts, done, failed })
      this.#flushing ??= this.#flush()
    })
  }

  /** Posts from number `from` on, in order, about `maxBytes` of them; none when it stands at the end. */
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

  /** Finishes what is being written and closes the store. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#flushing
    await this.#store.close()
  }

  /** Everything that waits goes to the store in one write; what comes meanwhile goes with the next. */
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
        this.#publish(entries)
        waiting.forEach(({ done }, i) => done(written[i] ?? 0))
      } catch (cause) {
        const message = `The log of the feed could not be written (${messageOf(cause)}). The posts will be tried again.`
        for (const { failed } of waiting) failed(new ScraperError('log-away', message, { cause }))
      }
    }
    // In the same turn as the last look at the queue: who comes after it begins a flush of his own.
    this.#flushing = undefined
  }

  /** After a failed write nobody knows whether it happened: the store is asked, before numbers are given again. */
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
