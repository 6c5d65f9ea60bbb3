import { open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../clock.js'
import { replaceFile, syncPath } from '../durable-file.js'
import { ScraperError, messageOf } from '../errors.js'
import { makeFolder } from '../make-folder.js'
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

type Mark = [id: string, advancedAt: number]
type Marks = Map<string, Mark>

interface Loaded {
  readonly marks: Marks
  readonly fileBytes: number
  readonly changesBytes: number
  /** Whether the last line of the changes was cut by a crash. */
  readonly torn: boolean
}

const FORMAT = 1
/** Up to this size, about 1,500 topics, the file is replaced at each write: a file of changes would be larger soon. */
const SMALL_BYTES = 64 * 1024

/**
 * Keeps bookmarks in a file, for one process. The file is replaced as a whole (written beside, synced, renamed), so a crash
 * leaves the old or the new one, never a half. Once it is large, advances are appended to a file of changes beside it, which
 * ends in `.changes`; when that has outgrown the file, the file is replaced and the changes go.
 *
 * An advance takes effect at once and reaches the disk a little later. A crash in between loses nothing, because the last
 * post of a topic in the log of the feed counts as its bookmark too.
 */
export class FileBookmarks implements Bookmarks {
  readonly #path: string
  readonly #options: FileBookmarksOptions
  readonly #marks: Marks
  /** The topics whose bookmarks are not on the disk yet. */
  #advanced = new Set<string>()
  #fileBytes: number
  #changesBytes: number
  /** Whether part of a line may be there, from a crash or a failed append: nothing can be added behind it. */
  #torn: boolean
  #timer: { cancel(): void } | undefined
  #writing: Promise<void> = Promise.resolve()
  away = false

  /**
   * Opens the file, or begins an empty one.
   *
   * @throws ScraperError `bookmarks-broken` when the file holds no bookmarks
   */
  static async open(path: string, options: FileBookmarksOptions): Promise<FileBookmarks> {
    await makeFolder(dirname(path))
    return new FileBookmarks(path, await load(path), options)
  }

  private constructor(path: string, { marks, fileBytes, changesBytes, torn }: Loaded, options: FileBookmarksOptions) {
    this.#path = path
    this.#marks = marks
    this.#fileBytes = fileBytes
    this.#changesBytes = changesBytes
    this.#torn = torn
    this.#options = options
  }

  get(topicId: string): Promise<string | undefined> {
    return Promise.resolve(this.#marks.get(topicId)?.[0])
  }

  advance(topicId: string, postId: string): Promise<void> {
    const now = this.#options.clock.now()
    raise(this.#marks, topicId, [postId, now])
    this.#advanced.add(topicId)
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
    const advanced = this.#advanced
    if (advanced.size === 0) return
    this.#advanced = new Set()
    try {
      const isLarge = this.#fileBytes > SMALL_BYTES && this.#changesBytes <= this.#fileBytes
      await (isLarge && !this.#torn ? this.#append(advanced) : this.#replace())
      this.away = false
    } catch (cause) {
      for (const topicId of advanced) this.#advanced.add(topicId)
      this.away = true
      const message = `The bookmarks could not be written to ${this.#path} (${messageOf(cause)}); the next new post tries again`
      this.#options.onError(new ScraperError('bookmarks-away', message, { cause }))
    }
  }

  async #replace(): Promise<void> {
    this.#expire()
    const text = JSON.stringify({ format: FORMAT, topics: Object.fromEntries(this.#marks) })
    await replaceFile(this.#path, text)
    // A crash before the next line is harmless: changes that are applied again raise nothing.
    await rm(changesOf(this.#path), { force: true })
    this.#fileBytes = text.length
    this.#changesBytes = 0
    this.#torn = false
  }

  async #append(topics: Iterable<string>): Promise<void> {
    let text = ''
    for (const topicId of topics) text += `${JSON.stringify([topicId, ...this.#marks.get(topicId)!])}\n`
    this.#torn = true
    const file = await open(changesOf(this.#path), 'a', 0o600)
    try {
      await file.appendFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    if (this.#changesBytes === 0) await syncPath(dirname(this.#path))
    this.#changesBytes += text.length
    this.#torn = false
  }

  #expire(): void {
    const oldest = this.#options.clock.now() - this.#options.expiryMs
    for (const [topicId, [, advancedAt]] of this.#marks) if (advancedAt < oldest) this.#marks.delete(topicId)
  }
}

function changesOf(path: string): string {
  return `${path}.changes`
}

/** Sets a bookmark, unless it is further already, and the time of its last advance. */
function raise(marks: Marks, topicId: string, [postId, at]: Mark): void {
  const known = marks.get(topicId)?.[0]
  marks.set(topicId, [known !== undefined && compareIds(known, postId) > 0 ? known : postId, at])
}

async function load(path: string): Promise<Loaded> {
  const text = await textOf(path)
  const changes = (await textOf(changesOf(path))) ?? ''
  const marks: Marks = text === undefined ? new Map() : understood(path, () => fileOf(text))
  understood(changesOf(path), () => apply(changes, marks))
  const torn = changes !== '' && !changes.endsWith('\n')
  return { marks, fileBytes: text?.length ?? 0, changesBytes: changes.length, torn }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function fileOf(text: string): Marks {
  const { format, topics } = JSON.parse(text) as { format: unknown; topics: Record<string, Mark> }
  if (format !== FORMAT) throw new Error(`its format is ${JSON.stringify(format)}, not ${FORMAT}`)
  return new Map(Object.entries(topics).map(([topicId, [id, at]]) => [topicId, [String(id), Number(at)]]))
}

/** Applies the lines of a file of changes. What follows its last line end was cut by a crash, and is left out. */
function apply(changes: string, marks: Marks): void {
  for (const line of changes.split('\n').slice(0, -1)) {
    const [topicId, id, at] = JSON.parse(line) as [string, string, number]
    raise(marks, String(topicId), [String(id), Number(at)])
  }
}

function understood<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const advice = 'Move the file away to start without bookmarks (see --from), or give another folder with --data.'
    throw new ScraperError('bookmarks-broken', `The file ${path} holds no bookmarks (${messageOf(cause)}). ${advice}`, {
      cause,
    })
  }
}
