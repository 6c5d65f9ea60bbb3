import { open, readFile, readdir, rm, truncate, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describeDataErrors } from '../data-folder.js'
import { replaceFile, syncPath } from '../durable-file.js'
import { ScraperError } from '../errors.js'
import { makeFolder } from '../make-folder.js'
import { lockFolder } from './folder-lock.js'
import type { LogEntry, LogStore, StoredLog } from './log-store.js'
import { newLogId } from './memory-log-store.js'

export interface FileLogStoreOptions {
  /** The size at which a new segment begins, in bytes. Old posts are removed by whole segments. */
  readonly segmentBytes: number
}

interface Segment {
  readonly name: string
  bytes: number
}

/**
 * The log in a folder of segments, one line per post: `crc32 seq topicId postId {json}`. Every append is synced before
 * it is acknowledged. Segments are named by their first number and removed when all their entries are obsolete.
 *
 * Opening removes a line that a crash cut off at the end of the last segment. Any other damage is an error that names
 * the file and the position.
 */
export class FileLogStore implements LogStore {
  readonly #folder: string
  readonly #segmentBytes: number
  #segments: Segment[] = []
  #file: FileHandle | undefined
  #release: () => Promise<void> = () => Promise.resolve()

  constructor(folder: string, { segmentBytes }: FileLogStoreOptions) {
    this.#folder = folder
    this.#segmentBytes = segmentBytes
  }

  /** @throws ScraperError `log-broken`, `data-locked`, `data-not-writable` */
  open(): Promise<StoredLog> {
    return describeDataErrors(this.#folder, () => this.#open())
  }

  async #open(): Promise<StoredLog> {
    await makeFolder(this.#folder, 0o700)
    this.#release = await lockFolder(this.#folder)
    try {
      const id = await this.#readId()
      const entries = await this.#readAll()
      const last = entries[entries.length - 1]
      // A segment is named by its first number before that entry is written.
      const named = this.#segments[this.#segments.length - 1]
      return { id, next: last !== undefined ? last.seq + 1 : named === undefined ? 0 : firstOf(named), entries }
    } catch (error) {
      await this.#release()
      throw error
    }
  }

  async append(entries: readonly LogEntry[], oldest: number): Promise<void> {
    const [first] = entries
    if (first === undefined) return
    const file = (this.#file ??= await this.#begin(first.seq))
    const bytes = Buffer.from(entries.map(encode).join(''))
    await file.appendFile(bytes)
    await file.datasync()
    const segment = this.#segments[this.#segments.length - 1] as Segment
    segment.bytes += bytes.length
    if (segment.bytes >= this.#segmentBytes) await this.#rotate(oldest)
  }

  /**
   * Cuts a file whose write or sync has failed back to its synced length; the next append begins a new segment.
   */
  async recover(): Promise<readonly LogEntry[]> {
    await this.#closeFile()
    const segment = this.#segments[this.#segments.length - 1]
    if (segment === undefined) return []
    const path = join(this.#folder, segment.name)
    if (segment.bytes > 0) {
      await truncate(path, segment.bytes)
      await syncPath(path)
    } else {
      await rm(path, { force: true })
      await syncPath(this.#folder)
      this.#segments.pop()
    }
    return []
  }

  async close(): Promise<void> {
    await this.#closeFile()
    await this.#release()
  }

  async #readId(): Promise<string> {
    const path = join(this.#folder, 'id')
    const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (known !== undefined && /^[0-9a-f]+\n?$/.test(known)) return known.trim()
    if (known !== undefined) throw broken(path, 0, 'the file holds no id')
    const id = newLogId()
    await replaceFile(path, `${id}\n`)
    return id
  }

  async #readAll(): Promise<LogEntry[]> {
    const names = (await readdir(this.#folder)).filter((name) => /^\d{16}\.log$/.test(name)).sort()
    this.#segments = names.map((name) => ({ name, bytes: 0 }))
    const entries: LogEntry[] = []
    for (const [i, segment] of this.#segments.entries()) {
      for (const entry of await this.#read(segment, i === names.length - 1)) {
        const last = entries[entries.length - 1]
        if (last !== undefined && entry.seq !== last.seq + 1) {
          throw broken(join(this.#folder, segment.name), 0, `number ${entry.seq} follows ${last.seq}`)
        }
        entries.push(entry)
      }
    }
    return entries
  }

  /** @param last true for the last segment, whose bytes after the last good line are removed */
  async #read(segment: Segment, last: boolean): Promise<LogEntry[]> {
    const path = join(this.#folder, segment.name)
    const bytes = await readFile(path)
    const entries: LogEntry[] = []
    let bad: number | undefined
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(10, at)
      const entry = end < 0 ? undefined : decode(bytes.toString('utf8', at, end))
      if (entry === undefined) bad ??= at
      else {
        entries.push(entry)
        segment.bytes = end + 1
      }
      at = end < 0 ? bytes.length : end + 1
    }
    if (bad === undefined) return entries
    if (!last || segment.bytes > bad) throw broken(path, bad, 'a line does not check')
    await truncate(path, bad)
    await syncPath(path)
    return entries
  }

  async #begin(seq: number): Promise<FileHandle> {
    const name = `${String(seq).padStart(16, '0')}.log`
    if (this.#segments[this.#segments.length - 1]?.name !== name) this.#segments.push({ name, bytes: 0 })
    const file = await open(join(this.#folder, name), 'a', 0o600)
    await syncPath(this.#folder)
    return file
  }

  /** Removes obsolete segments. A failed removal is retried the next time, because the append is durable already. */
  async #rotate(oldest: number): Promise<void> {
    await this.#closeFile()
    for (
      let second = this.#segments[1];
      second !== undefined && firstOf(second) <= oldest;
      second = this.#segments[1]
    ) {
      const { name } = this.#segments[0] as Segment
      try {
        await rm(join(this.#folder, name), { force: true })
      } catch {
        return
      }
      this.#segments.shift()
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }
}

/** Returns the number of a segment's first entry, which may not be written yet. */
function firstOf({ name }: Segment): number {
  return Number(name.slice(0, 16))
}

function encode({ seq, topicId, postId, line }: LogEntry): string {
  const body = `${seq} ${topicId} ${postId} ${line}`
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}\n`
}

function decode(text: string): LogEntry | undefined {
  const match = /^([0-9a-f]{8}) ((\d+) (\d+) (\d+) (.*))$/s.exec(text)
  if (
    match === null ||
    crc32(match[2] as string)
      .toString(16)
      .padStart(8, '0') !== match[1]
  )
    return undefined
  const [, , , seq, topicId, postId, line] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return { seq: Number(seq), topicId, postId, line }
}

function broken(path: string, at: number, why: string): ScraperError {
  const advice = 'Move the folder away to begin a new log, or put back a copy of it.'
  return new ScraperError('log-broken', `The log of the feed is damaged: ${path}, at byte ${at}: ${why}. ${advice}`)
}
