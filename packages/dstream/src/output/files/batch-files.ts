import { setImmediate } from 'node:timers/promises'
import { manifestMissing } from '../../base/errors/sinks.js'
import { crc32 } from '../../durable/log/crc32.js'
import type { Storage } from '../../base/ports.js'
import type { RDD } from '../../rdd/rdd.js'
import { encodeRecords } from './encode-records.js'
import { hexadecimal, manifestHead, manifestLine, MANIFEST_NAME, readManifest, type ManifestFile } from './manifest.js'
import type { SinkHome } from './sink-home.js'

const dataFile = /^batch-\d+-\d{5,}$/

/** The data files and the manifest of a sink, from opening to closing. */
export class BatchFiles<T> {
  readonly #where: string
  readonly #storage: Storage
  readonly #encode: (record: T) => string | Uint8Array
  #release: (() => Promise<void>) | undefined
  #last: number | undefined
  /** Bytes of the manifest that are good and durable. */
  #size = 0
  /** An append to the manifest has failed: nobody knows what stands behind `#size`. */
  #suspect = false

  private constructor(home: SinkHome, encode: (record: T) => string | Uint8Array) {
    this.#where = home.name
    this.#storage = home.storage
    this.#encode = encode
  }

  /** @throws `storage-locked`, `manifest-missing`, `manifest-damaged` */
  static async open<T>(home: SinkHome, encode: (record: T) => string | Uint8Array): Promise<BatchFiles<T>> {
    const files = new BatchFiles(home, encode)
    try {
      files.#release = await files.#storage.lock()
      await files.#recover()
    } catch (error) {
      await files.close().catch(() => undefined)
      throw error
    }
    return files
  }

  /** The newest batch time. */
  get last(): number | undefined {
    return this.#last
  }

  async has(time: number): Promise<boolean> {
    if (this.#last === undefined || time > this.#last) return false
    const { entries } = readManifest(this.#where, await this.#goodManifest())
    return entries.some((entry) => entry.time === time)
  }

  async write(time: number, rdd: RDD<T>): Promise<void> {
    const files: ManifestFile[] = []
    for (const [i, records] of (await rdd.glom().collect()).entries()) {
      if (records.length > 0) files.push(await this.#writeFile(time, i, records))
    }
    await this.#append(time, files)
  }

  async close(): Promise<void> {
    await this.#release?.()
  }

  async #writeFile(time: number, partition: number, records: readonly T[]): Promise<ManifestFile> {
    const name = `batch-${time}-${String(partition).padStart(5, '0')}`
    const bytes = await encodeRecords(records, this.#encode, setImmediate)
    await this.#storage.put(name, bytes)
    return { name, records: records.length, bytes: bytes.length, crc32: hexadecimal(crc32(bytes)) }
  }

  /** With this line the batch is there: its files are durable already. */
  async #append(time: number, files: readonly ManifestFile[]): Promise<void> {
    if (this.#suspect) await this.#storage.put(MANIFEST_NAME, await this.#goodManifest())
    this.#suspect = true
    const line = manifestLine({ time, files })
    await this.#storage.append(MANIFEST_NAME, line)
    this.#suspect = false
    this.#size += line.length
    this.#last = Math.max(time, this.#last ?? time)
  }

  async #goodManifest(): Promise<Uint8Array> {
    return (await this.#storage.read(MANIFEST_NAME))!.subarray(0, this.#size)
  }

  /**
   * Takes up what the directory holds: cuts off a torn line, and sweeps the files of batches that did not come to be. The
   * manifest is written anew, because its last line may have been read from memory and never have reached the disk.
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
    this.#size = end
    this.#last = entries.reduce<number | undefined>((last, { time }) => Math.max(time, last ?? time), undefined)
  }
}
