import { randomUUID } from 'node:crypto'
import { manifestMissing } from '../../base/errors/sinks.js'
import { crc32 } from '../../durable/log/crc32.js'
import type { Storage } from '../../base/ports.js'
import type { FileContents } from './file-contents.js'
import { hexadecimal, manifestHead, manifestLine, MANIFEST_NAME, readManifest, type ManifestFile } from './manifest.js'
import type { SinkLocation } from './sink-location.js'

const dataFile = /^batch-\d+-\d{5,}(\.[\w.]+)?$/

/** The files of an open sink and their manifest. */
export class BatchFiles<T> {
  readonly #where: string
  readonly #storage: Storage
  readonly #contents: FileContents<T>
  #release: (() => Promise<void>) | undefined
  #newestTime: number | undefined
  /** The bytes of the manifest that are good and durable. */
  #durableBytes = 0
  /** Whether names have a mark that no other file has. */
  #marks = false
  /** True after an append to the manifest has failed: the bytes after `#durableBytes` are unknown. */
  #suspect = false

  private constructor(location: SinkLocation, contents: FileContents<T>) {
    this.#where = location.name
    this.#storage = location.storage
    this.#contents = contents
  }

  /** Returns what writes files, and neither reads nor changes the manifest. Each file has a name of its own, whoever else is at it. */
  static unlocked<T>(location: SinkLocation, contents: FileContents<T>): BatchFiles<T> {
    const files = new BatchFiles(location, contents)
    files.#marks = true
    return files
  }

  /** @throws `storage-locked`, `manifest-missing`, `manifest-damaged` */
  static async open<T>(location: SinkLocation, contents: FileContents<T>): Promise<BatchFiles<T>> {
    const files = new BatchFiles(location, contents)
    try {
      files.#release = await files.#storage.lock()
      await files.#recover()
    } catch (error) {
      await files.close().catch(() => undefined)
      throw error
    }
    return files
  }

  /** The time of the newest batch; `undefined` for none. */
  get newestTime(): number | undefined {
    return this.#newestTime
  }

  async has(time: number): Promise<boolean> {
    if (this.#newestTime === undefined || time > this.#newestTime) return false
    const { entries } = readManifest(this.#where, await this.#goodManifest())
    return entries.some((entry) => entry.time === time)
  }

  async close(): Promise<void> {
    await this.#release?.()
  }

  async writeFile(time: number, partition: number, records: readonly T[]): Promise<ManifestFile> {
    const { extension } = this.#contents
    const parts = [
      `batch-${time}-${String(partition).padStart(5, '0')}`,
      ...(this.#marks ? [randomUUID().slice(-12)] : []),
    ]
    const name = [...parts, ...(extension === '' ? [] : [extension])].join('.')
    const bytes = await this.#contents.encode(records)
    await this.#storage.put(name, bytes)
    return { name, records: records.length, bytes: bytes.length, crc32: hexadecimal(crc32(bytes)) }
  }

  /** Returns the names of the files of a batch that are there. */
  async namesOf(time: number): Promise<ReadonlySet<string>> {
    return new Set(await this.#storage.list(`batch-${time}-`))
  }

  /** Commits the batch: its files are durable already, and this line makes them count. */
  async append(time: number, files: readonly ManifestFile[]): Promise<void> {
    if (this.#suspect) await this.#storage.put(MANIFEST_NAME, await this.#goodManifest())
    this.#suspect = true
    const line = manifestLine({ time, files })
    await this.#storage.append(MANIFEST_NAME, line)
    this.#suspect = false
    this.#durableBytes += line.length
    this.#newestTime = Math.max(time, this.#newestTime ?? time)
  }

  async #goodManifest(): Promise<Uint8Array> {
    return (await this.#storage.read(MANIFEST_NAME))!.subarray(0, this.#durableBytes)
  }

  /**
   * Reads the manifest, cuts off a torn line and deletes the files of batches that were not committed. The manifest is
   * rewritten, because its last line may have been read from the system's cache and never have reached the disk.
   */
  async #recover(): Promise<void> {
    const bytes = await this.#storage.read(MANIFEST_NAME)
    const found = (await this.#storage.list('batch-')).filter((name) => dataFile.test(name))
    if (bytes === undefined && found.length > 0) throw manifestMissing(this.#where, found[0]!, MANIFEST_NAME)
    const manifest = bytes ?? manifestHead()
    const { entries, end } = readManifest(this.#where, manifest)
    await this.#storage.put(MANIFEST_NAME, manifest.subarray(0, end))
    const named = new Set(entries.flatMap(({ files }) => files.map(({ name }) => name)))
    for (const name of found) if (!named.has(name)) await this.#storage.delete(name)
    this.#durableBytes = end
    this.#newestTime = entries.reduce<number | undefined>((last, { time }) => Math.max(time, last ?? time), undefined)
  }
}
