import { tailGap } from '../../base/errors/receive.js'
import { badOption } from '../../base/errors/options.js'
import { aString, checkOptions, positiveInteger } from '../../base/options.js'
import type { OpenFile, OpenFiles } from '../../base/ports.js'
import { durationOf, Seconds, type Duration } from '../../base/time/duration.js'
import type { Time } from '../../base/time/time.js'
import type { SourceHost, SourceLag, SourceSplit, SplitSource } from './source.js'
import { headOf, lineEnd, linesIn, startOfLastLine } from './tailed-lines.js'

/** The options of `tailFile`. */
export interface TailFileOptions {
  /** Where the first start begins: at the `start` of the file, or at its `end`, with what is written from then on (default). */
  readonly from?: 'start' | 'end' | undefined
  /**
   * What happens when data that was not read is gone, as a file that was rotated and compressed while no job ran: `fail`
   * (default) reports it at every batch and goes no further, `skip` reports it once and goes on with the file there is.
   */
  readonly onGap?: 'fail' | 'skip' | undefined
  /** How long a file that was rotated away is read on: its writer may not have noticed. Default 5 s. */
  readonly rotateWait?: Duration | undefined
  /** The most bytes of one batch; default 64 MiB. The others follow in the next batch. A line is never cut. */
  readonly maxBytesPerBatch?: number | undefined
}

/** The place that is reached in one file. */
interface TailedFile {
  readonly id: string
  readonly offset: number
  /** The number of times that the file was found to begin anew. */
  readonly generation: number
  /** The first bytes of the file, by which another file in its place is known. */
  readonly head: string
  /** Whether the batch ends where the whole lines ended. */
  readonly atEnd: boolean
  /** The batch time at which another file was found in its place. */
  readonly rotatedMs?: number
}

/** The files that are read, the oldest first. */
export interface TailPosition {
  readonly files: readonly TailedFile[]
}

interface TailSplit extends SourceSplit {
  readonly id: string
  readonly from: number
  readonly until: number
  readonly head: string
}

interface Budget {
  lines: number
  bytes: number
}

const KIND = 'tailFile'

/**
 * Follows a file as `tail -F` does: by name, through rotation and truncation. The position, inode and offset, is part of
 * the checkpoint. A line is read once it has its end; the last line of a file that was rotated away needs none.
 *
 * Guarantees: every line counts exactly once over restarts, while the file is there, at its path or under another name
 * beside it that begins the same (`access.log.1`). What a writer adds between the last batch and a truncation is lost, as
 * with every reader of such a file.
 */
export class TailSource implements SplitSource<string, TailPosition, TailSplit> {
  readonly kind = KIND
  readonly name = 'Tail'
  readonly #openFiles: OpenFiles
  readonly #path: string
  readonly #from: 'start' | 'end'
  readonly #skipsGaps: boolean
  readonly #rotateWaitMs: number
  readonly #maxBytes: number
  readonly #open = new Map<string, OpenFile>()
  /** The bytes of each file at the last look. */
  readonly #sizes = new Map<string, number>()
  #host: SourceHost | undefined
  #saidMissing = false

  constructor(openFiles: OpenFiles, path: string, options: TailFileOptions = {}) {
    checkOptions(KIND, options, ['from', 'onGap', 'rotateWait', 'maxBytesPerBatch'])
    const { from = 'end', onGap = 'fail', rotateWait = Seconds(5), maxBytesPerBatch = 64 * 1024 * 1024 } = options
    if (from !== 'start' && from !== 'end') throw badOption(KIND, 'from', "'start' or 'end'", from)
    if (onGap !== 'fail' && onGap !== 'skip') throw badOption(KIND, 'onGap', "'fail' or 'skip'", onGap)
    this.#openFiles = openFiles
    this.#path = aString(KIND, 'path', path)
    this.#from = from
    this.#skipsGaps = onGap === 'skip'
    this.#rotateWaitMs = durationOf(`${KIND}, option rotateWait`, rotateWait).milliseconds
    this.#maxBytes = positiveInteger(KIND, 'maxBytesPerBatch', maxBytesPerBatch)
  }

  open(host: SourceHost): void {
    this.#host = host
  }

  async initial(): Promise<TailPosition> {
    const id = await this.#openFiles.identity(this.#path)
    const file = id === undefined ? undefined : await this.#fileOf(id)
    if (id === undefined || file === undefined) return { files: [] }
    // A line that is being written belongs to what comes.
    const offset = this.#from === 'start' ? 0 : await startOfLastLine(file, await file.size())
    return { files: [await placeIn(file, { id, offset, generation: 0 })] }
  }

  async plan(from: TailPosition, limit = Infinity, time: Time): Promise<TailPosition> {
    const budget = { lines: limit, bytes: this.#maxBytes }
    const now = time.milliseconds
    const files: TailedFile[] = []
    for (const place of await this.#withNewest(from.files, now)) {
      const next = budget.lines > 0 && budget.bytes > 0 ? await this.#advance(place, budget, now) : place
      if (next !== undefined) files.push(next)
    }
    return isSame(files, from.files) ? from : { files }
  }

  lag({ files }: TailPosition): SourceLag {
    return {
      bytes: files.reduce((sum, { id, offset }) => sum + Math.max(0, (this.#sizes.get(id) ?? offset) - offset), 0),
    }
  }

  splits(from: TailPosition, until: TailPosition): TailSplit[] {
    return until.files.flatMap(({ id, offset, generation, head, atEnd, rotatedMs }) => {
      const before = from.files.find((place) => place.id === id && place.generation === generation)
      const begin = before?.offset ?? 0
      const name = rotatedMs === undefined ? this.#path : `${this.#path} (inode ${id.split(':')[1]})`
      return begin === offset ? [] : [{ name, id, from: begin, until: offset, head, atEnd }]
    })
  }

  async *read({ id, from, until, head }: TailSplit): AsyncIterable<string> {
    const file = await this.#fileOf(id)
    const isThere = file !== undefined && (await file.size()) >= until && (await headOf(file, until)) === head
    if (!isThere) return this.#gap(`the lines from byte ${from} to ${until} of a batch that is run again`)
    yield* linesIn(file.read(from, until), from === 0)
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()]
    this.#open.clear()
    for (const file of files) await file.close()
  }

  /** Returns the files that are known, with the one at the path behind them when it is another one. */
  async #withNewest(known: readonly TailedFile[], now: number): Promise<readonly TailedFile[]> {
    const id = await this.#openFiles.identity(this.#path)
    if (id === undefined) {
      if (known.length === 0 && !this.#saidMissing) {
        this.#host?.logger.warn(
          {},
          `${this.#host.name}: There is no file ${this.#path} yet; it is read once it exists.`,
        )
      }
      this.#saidMissing = known.length === 0
      return known
    }
    const others = known.filter((place) => place.id !== id).map((place) => ({ rotatedMs: now, ...place }))
    const current = known.find((place) => place.id === id)
    // A file that has come back to its path, as one that was moved by mistake, is read on.
    const { rotatedMs: _, ...place } = current ?? { id, offset: 0, generation: 0, head: '', atEnd: true }
    return [...others, place]
  }

  /** Returns the place behind the next lines of a file; `undefined` for one that is done with. */
  async #advance(place: TailedFile, budget: Budget, now: number): Promise<TailedFile | undefined> {
    const file = await this.#fileOf(place.id)
    if (file === undefined) {
      if (place.rotatedMs === undefined) return place
      this.#gap(`what was written to the file behind byte ${place.offset} before it was rotated away`)
      return undefined
    }
    const size = await file.size()
    this.#sizes.set(place.id, size)
    const { id, offset, generation, rotatedMs } = (await this.#isTruncated(place, file, size))
      ? { ...place, offset: 0, generation: place.generation + 1 }
      : place
    const isOver = rotatedMs !== undefined && now - rotatedMs >= this.#rotateWaitMs
    if (isOver && offset === size) {
      this.#open.delete(id)
      this.#sizes.delete(id)
      await file.close()
      return undefined
    }
    const { end, lines, isLast } = await lineEnd(file, { from: offset, until: size, ...budget })
    budget.lines -= lines
    budget.bytes -= end - offset
    // The last line of a file that nobody writes any more has no end.
    const until = isOver && isLast && budget.lines > 0 ? size : end
    return {
      ...(await placeIn(file, { id, offset: until, generation })),
      atEnd: isLast,
      ...(rotatedMs === undefined ? {} : { rotatedMs }),
    }
  }

  async #isTruncated({ offset, head }: TailedFile, file: OpenFile, size: number): Promise<boolean> {
    const isSameFile = size >= offset && (await headOf(file, offset)) === head
    if (isSameFile) return false
    this.#host?.logger.info({}, `${this.#host.name}: ${this.#path} begins anew: it was truncated.`)
    return true
  }

  /** Returns the open file of an identity. It stays open, so that it can be read when it is rotated away, or deleted. */
  async #fileOf(id: string): Promise<OpenFile | undefined> {
    const known = this.#open.get(id)
    if (known !== undefined) return known
    const file = await this.#openFiles.open(this.#path, id)
    if (file !== undefined) this.#open.set(id, file)
    return file
  }

  /** @throws `tail-gap` unless gaps are skipped */
  #gap(what: string): void {
    const error = tailGap(this.#path, what)
    if (!this.#skipsGaps) throw error
    this.#host?.report(`Data is gone, and the source goes on behind it`, error)
  }
}

async function placeIn(file: OpenFile, place: Pick<TailedFile, 'id' | 'offset' | 'generation'>): Promise<TailedFile> {
  return { ...place, head: await headOf(file, place.offset), atEnd: true }
}

/** Whether two lists are the same place, so that a batch without data plans nothing. */
function isSame(files: readonly TailedFile[], others: readonly TailedFile[]): boolean {
  return (
    files.length === others.length &&
    files.every(({ id, offset, generation, rotatedMs }, i) => {
      const other = others[i]!
      return (
        id === other.id && offset === other.offset && generation === other.generation && rotatedMs === other.rotatedMs
      )
    })
  )
}
