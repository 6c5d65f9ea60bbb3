import { DStreamError } from '../../base/errors/base.js'
import { badOption } from '../../base/errors/options.js'
import { partMissing, sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { fileStorage } from '../../platform/files/file-storage.js'
import type { FileFormat } from '../../base/file-format.js'
import { aFunction, checkOptions } from '../../base/options.js'
import type { DirectSink, PreparedBatch, SinkBatch, SinkHost, SinkPartition, TwoPhaseSink } from '../outputs/sink.js'
import type { ManifestFile } from './manifest.js'
import type { Storage } from '../../base/ports.js'
import { textForm } from '../../base/text/text-form.js'
import { Time } from '../../base/time/time.js'
import { BatchFiles } from './batch-files.js'
import { checkFormat, recordByRecord, type FileContents } from './file-contents.js'
import { sinkLocation, type SinkLocation } from './sink-location.js'

/** The options of `fileSink`. */
export interface FileSinkOptions<T> {
  /**
   * Encodes a record: a string becomes a line, bytes are written unchanged, with nothing between them. By default a record
   * becomes the text that `print` shows; a record with a line break in it then takes several lines.
   */
  readonly encode?: ((record: T) => string | Uint8Array) | undefined
  /** The format of the files, in place of `encode`: `csv()` of `dstream/csv`, `parquet()` of `dstream/parquet`, or one of your own. */
  readonly format?: FileFormat<T, unknown> | undefined
  /**
   * Whether all that runs a part of the job reaches the place in the same way: threads do, and the machines of a cluster where it is on a
   * mount that they have in common. Files are then written where the records of their partitions are. Default false.
   */
  readonly shared?: boolean | undefined
}

/**
 * Returns a sink that writes each batch to files, exactly once. Each partition with records becomes a file,
 * `batch-<time>-<partition>`, with the extension of its format; then one line in `manifest.jsonl` names the files of the batch. A reader of the manifest, such
 * as `readFileSink`, sees each batch once, as a whole or not at all, over any crash. Files that the manifest does not name
 * do not count, and are deleted when the sink is opened again.
 *
 * Data and manifest are synced before a batch counts as written. A directory can be open in one sink at a time.
 *
 * @param place the directory, relative to the working directory at the time of the call; or any `Storage`
 * @throws `storage-locked`, `manifest-missing`, `manifest-damaged` when the context starts and opens the sink
 *
 * @example
 * import { fileSink } from 'dstream/sinks'
 * words.countByValue().to(fileSink('out/counts', { encode: ([word, n]) => JSON.stringify({ word, n }) }))
 */
export function fileSink<T>(
  place: string | Storage,
  options: FileSinkOptions<T> = {},
): DirectSink<T> & TwoPhaseSink<T, ManifestFile | undefined> {
  checkOptions('fileSink', options, ['encode', 'format', 'shared'])
  const { encode, format, shared = false } = options
  if (typeof shared !== 'boolean') throw badOption('fileSink', 'shared', 'true or false', shared)
  if (encode !== undefined && format !== undefined) {
    throw badOption(
      'fileSink',
      'format',
      'left out where encode is given, since either of them makes the files',
      format,
    )
  }
  const contents: FileContents<T> =
    format === undefined
      ? recordByRecord(encode === undefined ? textForm : aFunction('fileSink', 'encode', encode))
      : checkFormat('fileSink', format)
  return new (shared ? SharedFileSink : FileSink)(sinkLocation('fileSink', place, fileStorage), contents)
}

class FileSink<T> implements DirectSink<T>, TwoPhaseSink<T, ManifestFile | undefined> {
  readonly #location: SinkLocation
  readonly #contents: FileContents<T>
  #files: BatchFiles<T> | undefined

  constructor(location: SinkLocation, contents: FileContents<T>) {
    this.#location = location
    this.#contents = contents
  }

  async open(host?: SinkHost): Promise<void> {
    const { name, storage } = this.#location
    const location = { name, storage: host?.wrapStorage(storage) ?? storage }
    try {
      this.#files = await BatchFiles.open(location, this.#contents)
    } catch (error) {
      // The lock decides, not `#files`: a run that has crashed never closed them.
      throw this.#files !== undefined && isLocked(error) ? sinkInUse(this.#name) : error
    }
  }

  /** Begins to write files without the lock, which the owner of the manifest has. */
  protected useUnlocked(): void {
    this.#files = BatchFiles.unlocked(this.#location, this.#contents)
  }

  /** @throws `part-missing` for a file that a worker has written elsewhere */
  protected async mustReach(time: Time, prepared: readonly (ManifestFile | undefined)[]): Promise<void> {
    const names = await this.#opened.namesOf(time.milliseconds)
    for (const [index, file] of prepared.entries()) {
      if (file !== undefined && !names.has(file.name)) throw partMissing(this.#location.name, index, file.name)
    }
  }

  lastCommitted(): Time | undefined {
    const { newestTime } = this.#opened
    return newestTime === undefined ? undefined : new Time(newestTime)
  }

  /** Also answers for a batch before the last one, which a later one may have passed. */
  async has(time: Time): Promise<boolean> {
    return this.#opened.has(time.milliseconds)
  }

  async write({ time, rdd }: Pick<SinkBatch<T>, 'time' | 'rdd'>): Promise<void> {
    if (await this.#opened.has(time.milliseconds)) return
    const prepared: (ManifestFile | undefined)[] = []
    for (const [index, records] of (await rdd.glom().collect()).entries()) {
      prepared.push(await this.prepare({ time, index, records }))
    }
    await this.commit({ time, prepared })
  }

  /** Writes the file of a partition; one without records has none. */
  async prepare({
    time,
    index,
    records,
  }: Pick<SinkPartition<T>, 'time' | 'index' | 'records'>): Promise<ManifestFile | undefined> {
    // prettier-ignore
    return records.length === 0 ? undefined : this.#opened.writeFile(time.milliseconds, index, records)
  }

  /** Appends the line of the manifest that makes the files count. */
  async commit({ time, prepared }: Pick<PreparedBatch<ManifestFile | undefined>, 'time' | 'prepared'>): Promise<void> {
    const files = this.#opened
    const written = prepared.filter((file) => file !== undefined)
    if (!(await files.has(time.milliseconds))) await files.append(time.milliseconds, written)
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
    return `the file sink in ${this.#location.name}`
  }
}

/** A sink whose files are written by workers too. */
class SharedFileSink<T> extends FileSink<T> {
  openWriter(): void {
    this.useUnlocked()
  }

  override async commit(batch: Parameters<FileSink<T>['commit']>[0]): Promise<void> {
    await this.mustReach(batch.time, batch.prepared)
    await super.commit(batch)
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof DStreamError && error.code === 'storage-locked'
}
