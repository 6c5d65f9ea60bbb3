import type { Chunk, Fetcher, Origin } from './fetch.js'
import { nameOf } from '../client/cluster.js'
import type { RawRecord } from './consumer-record.js'

/** Reads a partition from any offset: again while the broker is away, or once. */
export type ChunkReader = Pick<Fetcher, 'read' | 'readOnce'>

/** The records of a partition that have been read and not been asked for yet, without a gap. */
interface Ahead {
  readonly origin: Origin
  chunks: Chunk[]
  /** The offset to read next. */
  tail: number
  /** The offset up to which the partition is known to have records. */
  known: number
  /** The reading under way, if any. */
  reading: Promise<void> | undefined
}

/**
 * Reads partitions ahead of the batches that ask for them, within a bound of bytes. A batch that is run again asks for
 * records that have been handed out: they are read again.
 */
export class ReadAhead {
  readonly #fetcher: ChunkReader
  /** The bytes that all chunks may take together. */
  readonly #maxBytes: number
  /** The bytes to count on for an answer that has not come. */
  readonly #chunkBytes: number
  readonly #ahead = new Map<string, Ahead>()
  readonly #stopped = new AbortController()
  #bytes = 0

  constructor(fetcher: ChunkReader, maxBytes: number, chunkBytes: number) {
    this.#fetcher = fetcher
    this.#maxBytes = maxBytes
    this.#chunkBytes = chunkBytes
  }

  /** The bytes of all records that have been read ahead. */
  get bytes(): number {
    return this.#bytes
  }

  /** Begins to read a partition from the next batch on, up to the end that is known. */
  aim(origin: Origin, from: number, known: number): void {
    const name = nameOf(origin)
    let ahead = this.#ahead.get(name)
    if (ahead === undefined || ahead.origin.id !== origin.id || from > ahead.tail || from < headOf(ahead)) {
      if (ahead !== undefined) this.#drop(ahead)
      ahead = { origin, chunks: [], tail: from, known, reading: undefined }
      this.#ahead.set(name, ahead)
    }
    ahead.known = known
    this.#fill(ahead)
  }

  /** Returns the records of a range in order. @throws what the reading throws, and the reason of the signal */
  async *read(origin: Origin, from: number, until: number, signal: AbortSignal): AsyncIterable<RawRecord> {
    for (let at = from; at < until;) {
      const chunk = await this.#chunk(origin, at, until, signal)
      for (const record of chunk.records) {
        if (record.offset < at) continue
        if (record.offset >= until) break
        yield record
      }
      at = chunk.next
      this.#release(origin, Math.min(at, until))
    }
  }

  close(): void {
    this.#stopped.abort()
    for (const ahead of this.#ahead.values()) this.#drop(ahead)
    this.#ahead.clear()
  }

  async #chunk(origin: Origin, at: number, until: number, signal: AbortSignal): Promise<Chunk> {
    const ahead = this.#ahead.get(nameOf(origin))
    // Another incarnation of the topic, or a range that has been handed out before.
    if (ahead?.origin.id !== origin.id || at < headOf(ahead)) return this.#fetcher.read(origin, at, until, { signal })
    while (ahead.reading !== undefined && at >= ahead.tail) await ahead.reading
    const chunk = ahead.chunks.find(({ from, next }) => from <= at && at < next)
    if (chunk !== undefined) return chunk
    const read = await this.#fetcher.read(origin, at, until, { signal })
    if (at === ahead.tail && ahead.reading === undefined && ahead === this.#ahead.get(nameOf(origin))) {
      this.#push(ahead, read)
    }
    return read
  }

  #push(ahead: Ahead, chunk: Chunk): void {
    ahead.chunks.push(chunk)
    ahead.tail = chunk.next
    this.#bytes += chunk.bytes
  }

  /** Lets go of the records before an offset, and reads on with the room that they leave. */
  #release(origin: Origin, before: number): void {
    const ahead = this.#ahead.get(nameOf(origin))
    if (ahead === undefined || ahead.origin.id !== origin.id) return
    while (ahead.chunks.length > 0 && ahead.chunks[0]!.next <= before) this.#bytes -= ahead.chunks.shift()!.bytes
    for (const any of this.#ahead.values()) this.#fill(any)
  }

  #drop(ahead: Ahead): void {
    for (const { bytes } of ahead.chunks.splice(0)) this.#bytes -= bytes
  }

  /** Begins a reading where there is something to read and room for it. */
  #fill(ahead: Ahead): void {
    if (ahead.reading !== undefined || ahead.tail >= ahead.known || this.#stopped.signal.aborted) return
    if (this.#bytes + this.#chunkBytes > this.#maxBytes) return
    this.#bytes += this.#chunkBytes
    const { origin, tail, known } = ahead
    const isCurrent = (): boolean => this.#ahead.get(nameOf(origin)) === ahead
    let failed = false
    const reading = this.#fetcher.readOnce(origin, tail, known).then(
      (chunk) => {
        if (isCurrent() && ahead.tail === tail) this.#push(ahead, chunk)
      },
      // The batch that asks for these records tries again, and reports what is wrong.
      () => void (failed = true),
    )
    ahead.reading = reading.then(() => {
      this.#bytes -= this.#chunkBytes
      ahead.reading = undefined
      if (!failed && isCurrent()) this.#fill(ahead)
    })
  }
}

function headOf(ahead: Ahead): number {
  return ahead.chunks[0]?.from ?? ahead.tail
}
