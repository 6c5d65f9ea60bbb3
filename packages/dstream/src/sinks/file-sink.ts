import { setImmediate } from 'node:timers/promises'
import { manifestMissing, sinkInUse, sinkNotOpen } from '../errors/sinks.js'
import { crc32 } from '../journal/crc32.js'
import { fileStorage } from '../node/file-storage.js'
import { aFunction, checkOptions } from '../options.js'
import type { Sink } from '../outputs/sink.js'
import type { Storage } from '../ports.js'
import type { RDD } from '../rdd/rdd.js'
import { textForm } from '../text/text-form.js'
import { Time } from '../time/time.js'
import { encodeRecords } from './encode-records.js'
import { hexadecimal, manifestHead, manifestLine, manifestName, readManifest, type ManifestFile } from './manifest.js'
import { homeOf, type SinkHome } from './sink-home.js'

/** How `fileSink` writes. */
export interface FileSinkOptions<T> {
  /**
   * A record as it is written: a string becomes a line, bytes are written as they are, with nothing between them. By
   * default the form in which `print` shows a record; one with a line break in it takes several lines then.
   */
  readonly encode?: ((record: T) => string | Uint8Array) | undefined
}

const dataFile = /^batch-\d+-\d{5,}$/

/**
 * A sink that writes each batch to files, exactly once: one per partition that has records, `batch-<time>-<partition>`,
 * and then one line in `manifest.jsonl` that names them. Whoever goes by the manifest, as `readFileSink` does, sees each
 * batch once, whole or not at all, whatever died and whenever; files that it does not name do not count, and go when the
 * sink is opened again.
 *
 * Data and manifest are synced before a batch counts as written. One sink at a time holds the directory. A batch that
 * failed and is run again after later ones is appended behind them.
 *
 * @param place the directory, relative to the working directory at the time of the call; or any `Storage`
 * @throws `storage-locked`, `manifest-missing`, `manifest-damaged` when it is opened, at start
 *
 * @example
 * import { fileSink } from 'dstream/sinks'
 * words.countByValue().to(fileSink('out/counts', { encode: ([word, n]) => JSON.stringify({ word, n }) }))
 */
export function fileSink<T>(place: string | Storage, options: FileSinkOptions<T> = {}): Sink<T> {
  checkOptions('fileSink', options, ['encode'])
  const encode = options.encode === undefined ? textForm : aFunction('fileSink', 'encode', options.encode)
  return new FileSink(homeOf('fileSink', place, fileStorage), encode)
}

class FileSink<T> implements Sink<T> {
  readonly #where: string
  readonly #storage: Storage
  readonly #encode: (record: T) => string | Uint8Array
  #release: (() => Promise<void>) | undefined
  #busy = false
  #last: number | undefined
  /** Bytes of the manifest that are good and durable. */
  #size = 0
  /** An append to the manifest has failed: nobody knows what stands behind `#size`. */
  #suspect = false

  constructor(home: SinkHome, encode: (record: T) => string | Uint8Array) {
    this.#where = home.name
    this.#storage = home.storage
    this.#encode = encode
  }

  async open(): Promise<void> {
    if (this.#busy) throw sinkInUse(this.#name)
    this.#busy = true
    try {
      this.#release = await this.#storage.lock()
      await this.#recover()
    } catch (error) {
      await this.close().catch(() => undefined)
      throw error
    }
  }

  lastCommitted(): Time | undefined {
    this.#mustBeOpen()
    return this.#last === undefined ? undefined : new Time(this.#last)
  }

  /** Also of batches before the last one, which may have failed and be written later. */
  async has(time: Time): Promise<boolean> {
    this.#mustBeOpen()
    if (this.#last === undefined || time.milliseconds > this.#last) return false
    const { entries } = readManifest(this.#where, await this.#goodManifest())
    return entries.some((entry) => entry.time === time.milliseconds)
  }

  async write({ time, rdd }: { time: Time; rdd: RDD<T> }): Promise<void> {
    if (await this.has(time)) return
    const files: ManifestFile[] = []
    for (const [i, records] of (await rdd.glom().collect()).entries()) {
      if (records.length > 0) files.push(await this.#writeFile(time.milliseconds, i, records))
    }
    await this.#append(time.milliseconds, files)
  }

  async close(): Promise<void> {
    const release = this.#release
    this.#release = undefined
    this.#busy = false
    await release?.()
  }

  async #writeFile(time: number, partition: number, records: readonly T[]): Promise<ManifestFile> {
    const name = `batch-${time}-${String(partition).padStart(5, '0')}`
    const bytes = await encodeRecords(records, this.#encode, setImmediate)
    await this.#storage.put(name, bytes)
    return { name, records: records.length, bytes: bytes.length, crc32: hexadecimal(crc32(bytes)) }
  }

  /** With this line the batch is there: its files are durable already. */
  async #append(time: number, files: readonly ManifestFile[]): Promise<void> {
    if (this.#suspect) await this.#storage.put(manifestName, await this.#goodManifest())
    this.#suspect = true
    const line = manifestLine({ time, files })
    await this.#storage.append(manifestName, line)
    this.#suspect = false
    this.#size += line.length
    this.#last = Math.max(time, this.#last ?? time)
  }

  async #goodManifest(): Promise<Uint8Array> {
    return (await this.#storage.read(manifestName))!.subarray(0, this.#size)
  }

  /**
   * Takes up what the directory holds: cuts off a torn line, and sweeps the files of batches that did not come to be. The
   * manifest is written anew, because its last line may have been read from memory and never have reached the disk.
   */
  async #recover(): Promise<void> {
    const bytes = await this.#storage.read(manifestName)
    const found = (await this.#storage.list('batch-')).filter((name) => dataFile.test(name))
    if (bytes === undefined && found.length > 0) throw manifestMissing(this.#where, found[0]!, manifestName)
    const manifest = bytes ?? manifestHead()
    const { entries, end } = readManifest(this.#where, manifest)
    await this.#storage.put(manifestName, manifest.subarray(0, end))
    const named = new Set(entries.flatMap(({ files }) => files.map(({ name }) => name)))
    for (const name of found) if (!named.has(name)) await this.#storage.delete(name)
    this.#size = end
    this.#suspect = false
    this.#last = entries.reduce<number | undefined>((last, { time }) => Math.max(time, last ?? time), undefined)
  }

  get #name(): string {
    return `the file sink in ${this.#where}`
  }

  #mustBeOpen(): void {
    if (this.#release === undefined) throw sinkNotOpen(this.#name)
  }
}
