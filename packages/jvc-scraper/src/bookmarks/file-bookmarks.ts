import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../clock.js'
import { replaceFile } from '../durable-file.js'
import { ScraperError, messageOf } from '../errors.js'
import { compareIds } from '../parse/index.js'
import type { Bookmarks } from './bookmarks.js'

export interface FileBookmarksOptions {
  readonly clock: Clock
  /** The time in milliseconds after which a bookmark that was not advanced is deleted. */
  readonly expiryMs: number
  /** The time in milliseconds for which advances are collected before the file is written. */
  readonly gatherMs?: number | undefined
  /** Called when the file cannot be written. The next advance tries again. */
  readonly onError: (error: ScraperError) => void
}

type Stored = Record<string, [id: string, advancedAt: number]>

const FORMAT = 1

/**
 * Keeps bookmarks in one file, for one process. The file is replaced as a whole (written beside, synced, renamed), so a
 * crash leaves the old or the new one, never a half. An advance takes effect at once and reaches the disk a little later.
 * A crash in between loses nothing, because the last post of a topic in the log of the feed counts as its bookmark too.
 */
export class FileBookmarks implements Bookmarks {
  readonly #path: string
  readonly #options: FileBookmarksOptions
  readonly #marks: Map<string, [string, number]>
  #timer: { cancel(): void } | undefined
  #writing: Promise<void> = Promise.resolve()
  #dirty = false
  away = false

  /**
   * Opens the file, or begins an empty one.
   *
   * @throws ScraperError `bookmarks-broken` when the file holds no bookmarks
   */
  static async open(path: string, options: FileBookmarksOptions): Promise<FileBookmarks> {
    await mkdir(dirname(path), { recursive: true })
    return new FileBookmarks(path, await load(path), options)
  }

  private constructor(path: string, marks: Map<string, [string, number]>, options: FileBookmarksOptions) {
    this.#path = path
    this.#marks = marks
    this.#options = options
  }

  get(topicId: string): Promise<string | undefined> {
    return Promise.resolve(this.#marks.get(topicId)?.[0])
  }

  advance(topicId: string, postId: string): Promise<void> {
    const known = this.#marks.get(topicId)?.[0]
    const id = known !== undefined && compareIds(known, postId) > 0 ? known : postId
    const now = this.#options.clock.now()
    this.#marks.set(topicId, [id, now])
    this.#dirty = true
    this.#timer ??= this.#options.clock.setTimer(now + (this.#options.gatherMs ?? 500), () => void this.#write())
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await this.#write()
  }

  #write(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#writeOnce())
    return this.#writing
  }

  async #writeOnce(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    this.#expire()
    try {
      await replaceFile(this.#path, JSON.stringify({ format: FORMAT, topics: Object.fromEntries(this.#marks) }))
      this.away = false
    } catch (cause) {
      this.#dirty = true
      this.away = true
      const message = `The bookmarks could not be written to ${this.#path} (${messageOf(cause)}); the next new post tries again`
      this.#options.onError(new ScraperError('bookmarks-away', message, { cause }))
    }
  }

  #expire(): void {
    const oldest = this.#options.clock.now() - this.#options.expiryMs
    for (const [topicId, [, advancedAt]] of this.#marks) if (advancedAt < oldest) this.#marks.delete(topicId)
  }
}

async function load(path: string): Promise<Map<string, [string, number]>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  try {
    const { format, topics } = JSON.parse(text) as { format: unknown; topics: Stored }
    if (format !== FORMAT) throw new Error(`its format is ${JSON.stringify(format)}, not ${FORMAT}`)
    return new Map(Object.entries(topics).map(([topicId, [id, at]]) => [topicId, [String(id), Number(at)]]))
  } catch (cause) {
    const advice = 'Move the file away to start without bookmarks (see --from), or give another folder with --data.'
    throw new ScraperError('bookmarks-broken', `The file ${path} holds no bookmarks (${messageOf(cause)}). ${advice}`, {
      cause,
    })
  }
}
