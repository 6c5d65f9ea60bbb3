import { BatchMap } from '../../base/batch-map.js'
import { badOption } from '../../base/errors/options.js'
import type { Codec } from '../../base/codec.js'
import { operator } from '../../streams/graph/make.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { StreamInputInfo } from '../../observe/events.js'
import { aBoolean, aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import { ignoreRejection, isThenable } from '../../base/promises.js'
import type { Files } from '../../base/ports.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import type { RDD } from '../../rdd/rdd.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { Counts, type Later } from './counts.js'
import { loadFile, type FileReader } from './file-reading.js'
import { listFiles } from './file-listing.js'
import type { FoundFile, Listing } from './file-listing.js'
import { streamName } from './input-source.js'
import type { FilesOfSource, InputSource, SourceHome, SplitReading } from './input-source.js'
import type { SourceLag } from './source.js'
import { PassedOver } from './passed-over.js'
import { Reporter } from './reporter.js'

/** Selects the files that a stream of files reads, and their number per batch. */
export interface FileStreamOptions {
  /** Returns whether the file of a path is read; default all files whose name does not begin with a dot. */
  readonly filter?: ((path: string) => boolean) | undefined
  /** `true`, the default, reads only files that are dated after the start; `false` reads all files, oldest first. */
  readonly newFilesOnly?: boolean | undefined
  /** The largest number of files in one batch; default 1000. The others follow in the next batch. */
  readonly maxFilesPerBatch?: number | undefined
}

/** The options of `textFileStream`. */
export interface TextFileOptions<T = string> extends FileStreamOptions {
  /** Decodes whole lines into records, as `jsonLines` does; default the lines as strings. */
  readonly codec?: Codec<T> | undefined
}

/** The names of the options of every stream of files. */
export const FILE_OPTIONS = ['filter', 'newFilesOnly', 'maxFilesPerBatch']

/** A file dated this far ahead of its batch is reported, because it will not be read for as long. */
const FAR_AHEAD_MS = 60_000

/** File systems date files by a clock that ticks every few milliseconds: a file made just after the start may be dated before it. */
const CLOCK_GRAIN_MS = 10

function isPlain(path: string): boolean {
  return !path.slice(path.lastIndexOf('/') + 1).startsWith('.')
}

/** The part that a checkpoint stores. */
interface FileInputSnapshot {
  readonly thresholdMs: number
  /** Paths that existed at the start. */
  readonly old: readonly string[]
  readonly read: readonly string[]
}

/**
 * Reads the files that appear in a directory. Each file is read once, as one partition, by the first batch whose time is
 * not before its date. A file is new when it is dated after the start, even if a file of the same name existed before. It
 * must appear as a whole: write it elsewhere and move it in. A path that was read is not read again while the file exists,
 * even if the file changes. Directory names may hold patterns, which are resolved at every tick. A missing directory is
 * waited for.
 *
 * Two differences from Spark: a file that becomes visible later than a minute after its date is still read, and
 * `newFilesOnly: false` reads all files, however old.
 *
 * Guarantees: exactly once over restarts, as long as the files exist until their batch is committed.
 * Reference: `FileInputDStream`.
 */
export class FileInput<T> implements InputSource<T> {
  readonly streamId: number
  readonly name: string
  readonly operator: Operator<T>
  readonly #files: Files
  readonly #directory: string
  readonly #filter: (path: string) => boolean
  readonly #newOnly: boolean
  readonly #max: number
  readonly #reader: FileReader<T>
  readonly #reporter: Reporter
  readonly #counts = new Counts()
  readonly #batches = new BatchMap<readonly string[]>()
  #thresholdMs: number
  #old = new Set<string>()
  #read = new Set<string>()
  #restored = false
  #reportedMissing = false
  #reportedAhead = new Set<string>()
  /** Files that were passed over because they are dated before the start. */
  #reportedOld = new Set<string>()
  #passedOver = new PassedOver()
  /** The files that are due and wait for a later batch. */
  #waiting = 0

  constructor(
    home: SourceHome,
    files: Files,
    kind: string,
    directory: string,
    reader: FileReader<T>,
    options: FileStreamOptions,
  ) {
    checkOptions(kind, options, FILE_OPTIONS)
    this.#reader = reader
    this.#files = files
    this.#directory = aString(kind, 'directory', directory)
    this.#filter = aFunction(kind, 'filter', options.filter ?? isPlain)
    this.#newOnly = aBoolean(kind, 'newFilesOnly', options.newFilesOnly ?? true)
    this.#max = positiveInteger(kind, 'maxFilesPerBatch', options.maxFilesPerBatch ?? 1000)
    this.#thresholdMs = home.clock.now()
    this.streamId = home.streamId
    this.name = streamName('File', home.streamId)
    this.#reporter = new Reporter(home, this.name)
    this.operator = operator<T>({
      kind,
      params: { directory, newFilesOnly: this.#newOnly },
      parents: [],
      slideMs: home.slideMs,
      source: true,
      functions: reader.by === undefined ? [] : [reader.by],
      compute: (time) => {
        const files = { home, reporter: this.#reporter, counts: this.#counts, kind }
        const parts = (this.#batches.get(time) ?? []).map((path): PartitionSource<T> => ({
          load: () => loadFile(files, reader.read, { time, path, origin: rdd.node }),
          split: {
            source: home.streamId,
            split: path,
            by: reader.by,
            counted: (records) => this.#counts.set(time, path, records),
          },
        }))
        const rdd: RDD<T> = rddOf(home.sc, parts)
        return rdd
      },
    })
  }

  async start(): Promise<void> {
    if (this.#restored || !this.#newOnly) return
    const listing = await this.#list(() => true)
    const old = listing?.files.filter(({ modifiedMs }) => modifiedMs <= this.#thresholdMs) ?? []
    this.#old = new Set(old.map(({ path }) => path))
    this.#reportOld(old.filter(({ path }) => this.#filter(path)))
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  async plan(time: number): Promise<readonly string[]> {
    const passedOver = new PassedOver()
    const listing = await this.#list((path) => {
      if (this.#read.has(path)) return false
      const isSelected = this.#selects(path)
      if (!isSelected) passedOver.add(path, 'left out by the filter')
      return isSelected
    })
    if (listing === undefined) return []
    // A file that was deleted may be followed by a new one of the same path.
    for (const known of [this.#old, this.#read, this.#reportedAhead, this.#reportedOld]) {
      for (const path of known) if (!listing.paths.has(path)) known.delete(path)
    }
    this.#reportAhead(listing.files, time)
    this.#reportOld(listing.files.filter((file) => !this.#isNew(file)))
    const due = listing.files.filter((file) => file.modifiedMs <= time && this.#isNew(file))
    const paths = due.slice(0, this.#max).map(({ path }) => path)
    for (const file of listing.files) if (!due.includes(file)) passedOver.add(file.path, this.#reasonOf(file))
    this.#passedOver = passedOver
    this.#waiting = due.length - paths.length
    this.adopt(time, paths)
    return paths
  }

  #selects(path: string): boolean {
    const selected: unknown = this.#filter(path)
    if (!isThenable(selected)) return Boolean(selected)
    ignoreRejection(selected)
    throw badOption(
      this.operator.kind,
      'filter',
      'a function that returns true or false at once, not a Promise',
      selected,
    )
  }

  adopt(time: number, planned: unknown): void {
    const paths = planned as readonly string[]
    this.#batches.set(time, paths)
    for (const path of paths) this.#read.add(path)
  }

  snapshot(): FileInputSnapshot {
    return { thresholdMs: this.#thresholdMs, old: [...this.#old], read: [...this.#read] }
  }

  restore(snapshot: unknown): void {
    const { thresholdMs, old, read } = snapshot as FileInputSnapshot
    this.#thresholdMs = thresholdMs
    this.#old = new Set(old)
    this.#reportedOld = new Set(old)
    this.#read = new Set(read)
    this.#restored = true
  }

  /** Treats files that are dated after `time` as new. */
  startedAt(time: number): void {
    this.#thresholdMs = Math.min(this.#thresholdMs, time)
  }

  forget(time: number): void {
    this.#counts.forget(time)
    this.#batches.forget(time)
  }

  info(time: number): StreamInputInfo {
    const paths = this.#batches.get(time) ?? []
    const metadata = paths.length === 0 ? {} : { files: paths, Description: paths.join('\n') }
    return this.#counts.info(this.streamId, time, metadata)
  }

  readSplit(path: unknown, { bad }: SplitReading): Later<T> {
    return this.#reader.read(path as string, bad, undefined)
  }

  lag(): SourceLag {
    return { files: this.#waiting }
  }

  files(): FilesOfSource {
    return { read: this.#read.size, passedOver: this.#passedOver.named, numPassedOver: this.#passedOver.count }
  }

  /** Returns why a file is not due. */
  #reasonOf(file: FoundFile): string {
    const when = new Date(file.modifiedMs).toISOString()
    return this.#isNew(file) ? `dated ${when}, and not read before` : `dated ${when}, before the start`
  }

  #isNew({ path, modifiedMs }: FoundFile): boolean {
    return !this.#newOnly || modifiedMs > this.#thresholdMs - (this.#old.has(path) ? 0 : CLOCK_GRAIN_MS)
  }

  async #list(wanted: (path: string) => boolean): Promise<Listing | undefined> {
    try {
      const listing = await listFiles(this.#files, this.#directory, wanted)
      if (listing.missing && !this.#reportedMissing) {
        this.#reporter.warn(`There is no directory ${this.#directory} yet; it is read once it exists`)
      }
      this.#reportedMissing = listing.missing
      return listing
    } catch (error) {
      this.#reporter.report(`Could not list the files of ${this.#directory}; the next batch tries again`, error)
      return undefined
    }
  }

  #reportAhead(files: readonly FoundFile[], time: number): void {
    for (const { path, modifiedMs } of files) {
      if (modifiedMs <= time + FAR_AHEAD_MS || this.#reportedAhead.has(path)) continue
      this.#reportedAhead.add(path)
      const when = new Date(modifiedMs).toISOString()
      this.#reporter.warn(
        `${path} is dated ${when}, ${modifiedMs - time} ms ahead of the clock, and is not read before`,
      )
    }
  }

  /** Says once which files are never read: moving or copying a file into the directory often keeps its date. */
  #reportOld(files: readonly FoundFile[]): void {
    const unknown = files.filter(({ path }) => !this.#reportedOld.has(path))
    if (unknown.length === 0) return
    for (const { path } of unknown) this.#reportedOld.add(path)
    const [{ path, modifiedMs }] = unknown as [FoundFile]
    const dated = `dated ${new Date(modifiedMs).toISOString()}`
    const others = unknown.length === 1 ? '' : `, nor are ${unknown.length - 1} more`
    this.#reporter.warn(
      `${path} is ${dated}, before the start, and is not read${others}. { newFilesOnly: false } reads old files too.`,
    )
  }
}
