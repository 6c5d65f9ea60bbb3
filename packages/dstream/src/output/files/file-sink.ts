import { DStreamError } from '../../base/errors/base.js'
import { sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { fileStorage } from '../../platform/file-storage.js'
import { aFunction, checkOptions } from '../../base/options.js'
import type { Sink, SinkHost } from '../outputs/sink.js'
import type { Storage } from '../../base/ports.js'
import type { RDD } from '../../rdd/rdd.js'
import { textForm } from '../../base/text/text-form.js'
import { Time } from '../../base/time/time.js'
import { BatchFiles } from './batch-files.js'
import { homeOf, type SinkHome } from './sink-home.js'

/** How `fileSink` writes. */
export interface FileSinkOptions<T> {
  /**
   * A record as it is written: a string becomes a line, bytes are written as they are, with nothing between them. By
   * default the form in which `print` shows a record; one with a line break in it takes several lines then.
   */
  readonly encode?: ((record: T) => string | Uint8Array) | undefined
}

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
  readonly #home: SinkHome
  readonly #encode: (record: T) => string | Uint8Array
  #files: BatchFiles<T> | undefined

  constructor(home: SinkHome, encode: (record: T) => string | Uint8Array) {
    this.#home = home
    this.#encode = encode
  }

  async open(host?: SinkHost): Promise<void> {
    const { name, storage } = this.#home
    const home = { name, storage: host?.wrapStorage(storage) ?? storage }
    try {
      this.#files = await BatchFiles.open(home, this.#encode)
    } catch (error) {
      // The lock decides, not `#files`: a run that has crashed never closed them.
      throw this.#files !== undefined && isLocked(error) ? sinkInUse(this.#name) : error
    }
  }

  lastCommitted(): Time | undefined {
    const { last } = this.#opened
    return last === undefined ? undefined : new Time(last)
  }

  /** Also of batches before the last one, which may have failed and be written later. */
  async has(time: Time): Promise<boolean> {
    return this.#opened.has(time.milliseconds)
  }

  async write({ time, rdd }: { time: Time; rdd: RDD<T> }): Promise<void> {
    const files = this.#opened
    if (!(await files.has(time.milliseconds))) await files.write(time.milliseconds, rdd)
  }

  async close(): Promise<void> {
    const files = this.#files
    this.#files = undefined
    await files?.close()
  }

  get #opened(): BatchFiles<T> {
    if (this.#files === undefined) throw sinkNotOpen(this.#name)
    return this.#files
  }

  get #name(): string {
    return `the file sink in ${this.#home.name}`
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof DStreamError && error.code === 'storage-locked'
}
