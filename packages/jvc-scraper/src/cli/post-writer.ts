import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import { encodePost, furtherFields, postFields, type Post } from 'jvc-receiver/feed'
import { compareIds } from '../parse/index.js'

export type OutputFormat = 'jsonl' | 'csv'

export interface PostWriterOptions {
  readonly format: OutputFormat
  /** The date range, epoch milliseconds: from `since` on, before `until`. A post whose date cannot be read is written. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

const COLUMNS = [...postFields, ...furtherFields]

/**
 * Writes posts to a stream as JSON lines or CSV, at the pace of its reader. In CSV an apostrophe precedes a text that begins
 * like a formula, with `=`, `+`, `-` or `@`. It takes the place of the log of the feed in a crawl: a post whose id is not
 * above the last one of its topic is left out, so that a visit may be repeated.
 */
export class PostWriter {
  readonly #out: Writable
  readonly #options: PostWriterOptions
  readonly #lastIds = new Map<string, string>()
  #begun = false
  /** True when the reader of the stream has left. */
  gone = false
  /** The number of posts written. */
  written = 0

  /** @param onGone called once when the reader of the stream has left, as `| head` does */
  constructor(out: Writable, options: PostWriterOptions, onGone: () => void) {
    this.#out = out
    this.#options = options
    out.on('error', () => {
      if (!this.gone) onGone()
      this.gone = true
    })
  }

  lastId(topicId: string): string | undefined {
    return this.#lastIds.get(topicId)
  }

  /** @returns the number of posts that were new, written or not */
  async append(topicId: string, posts: readonly Post[]): Promise<number> {
    const known = this.#lastIds.get(topicId)
    const fresh = posts.filter(({ id }) => known === undefined || compareIds(id, known) > 0)
    const last = fresh[fresh.length - 1]
    if (last !== undefined) this.#lastIds.set(topicId, last.id)
    const wanted = fresh.filter((post) => this.#isInRange(post))
    this.written += wanted.length
    await this.#write(this.#encode(wanted))
    return fresh.length
  }

  /** Writes the head of a table that has no rows, and waits until everything is handed over. */
  async end(): Promise<void> {
    await this.#write(this.#encode([]))
    if (!this.gone) await new Promise<void>((resolve) => this.#out.write('', () => resolve()))
  }

  #isInRange({ at }: Post): boolean {
    const { since = -Infinity, until = Infinity } = this.#options
    return at === undefined || (at >= since && at < until)
  }

  #encode(posts: readonly Post[]): string {
    if (this.#options.format === 'jsonl') return posts.map((post) => encodePost(post)).join('')
    const head = this.#begun ? [] : [COLUMNS]
    this.#begun = true
    const rows = posts.map((post) => COLUMNS.map((column) => cellOf(post[column])))
    // A spreadsheet would compute a text of a stranger that begins like a formula.
    return stringify([...head, ...rows], { escape_formulas: true })
  }

  async #write(text: string): Promise<void> {
    if (text === '' || this.gone || this.#out.write(text)) return
    await once(this.#out, 'drain').catch(() => {})
  }
}

/** Lists of addresses are separated by spaces; quotes are JSON. */
function cellOf(value: Post[keyof Post]): string {
  if (value === undefined) return ''
  if (!Array.isArray(value)) return String(value)
  return value.every((item) => typeof item === 'string') ? value.join(' ') : JSON.stringify(value)
}
