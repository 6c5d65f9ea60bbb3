import type { BlockPayload } from '../../durable/blocks/block.js'
import { concat } from '../../base/values/bytes.js'
import { countOf, isCounting, type Codec } from '../../base/codec.js'
import { sizeOfEncoded, sizeOfRecords } from './backlog.js'

/** A closed segment: a block that has no id yet. */
export interface BlockContents {
  readonly payload: BlockPayload
  /** The number of records; `undefined` where only decoding tells it. */
  readonly count: number | undefined
  readonly position: unknown
  /** The bytes for which it counts while it waits. */
  readonly size: number
}

/** Returns the records that count for `maxBufferedRecords`. Bytes count for `maxBufferedBytes` alone. */
export function boundedRecords({ payload }: BlockContents): number {
  return 'records' in payload ? payload.records.length : 0
}

/** Data in order of arrival that fits into one block: records, or bytes of one codec. */
export interface Segment {
  /** Records that count for the rate. */
  readonly counted: number
  readonly empty: boolean
  /** Splits off the beginning, with at most `counted` counted records. */
  splitFront(counted: number): Segment
  close(): BlockContents
}

export class RecordSegment implements Segment {
  readonly #records: unknown[]
  /** One position a record. Absent until a record comes with a position. */
  #positions: unknown[] | undefined

  constructor(records: unknown[] = [], positions?: unknown[]) {
    this.#records = records
    this.#positions = positions
  }

  get counted(): number {
    return this.#records.length
  }
  get empty(): boolean {
    return this.#records.length === 0
  }

  add(record: unknown, position: unknown): void {
    if (position !== undefined) this.#positions ??= new Array<unknown>(this.#records.length).fill(undefined)
    this.#records.push(record)
    this.#positions?.push(position)
  }

  splitFront(counted: number): RecordSegment {
    return new RecordSegment(this.#records.splice(0, counted), this.#positions?.splice(0, counted))
  }

  close(): BlockContents {
    const records = this.#records
    const size = sizeOfRecords(records)
    return { payload: { records }, count: records.length, position: lastGiven(this.#positions ?? []), size }
  }
}

/** The bytes of one `storeChunk`. */
export interface ByteChunk {
  readonly bytes: Uint8Array
  /** The number of records; `undefined` where the codec cannot count. */
  readonly count: number | undefined
  readonly position: unknown
  /** The bytes for which it counts while it waits. */
  readonly size: number
}

/** Returns the chunk with its records counted: it is small, and still in the processor's cache. */
export function chunkOf(bytes: Uint8Array, codec: Codec<unknown>, position: unknown): ByteChunk {
  const count = countOf(codec, bytes)
  return { bytes, count, position, size: sizeOfEncoded(bytes, count) }
}

export class BytesSegment implements Segment {
  readonly codec: Codec<unknown>
  readonly #chunks: ByteChunk[]
  #counted: number
  #bytes: number

  constructor(codec: Codec<unknown>, chunks: ByteChunk[] = []) {
    this.codec = codec
    this.#chunks = chunks
    this.#counted = chunks.reduce((sum, chunk) => sum + (chunk.count ?? 0), 0)
    this.#bytes = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  get bytes(): number {
    return this.#bytes
  }

  get counted(): number {
    return this.#counted
  }
  get empty(): boolean {
    return this.#chunks.length === 0
  }

  add(chunk: ByteChunk): void {
    this.#chunks.push(chunk)
    this.#counted += chunk.count ?? 0
    this.#bytes += chunk.bytes.length
  }

  /** Cuts a chunk in two where the bound falls inside it; the position stays with its second half. */
  splitFront(counted: number): BytesSegment {
    const front: ByteChunk[] = []
    let left = counted
    while (this.#chunks.length > 0 && (this.#chunks[0]!.count ?? 0) <= left) {
      const chunk = this.#chunks.shift()!
      left -= chunk.count ?? 0
      front.push(chunk)
    }
    const next = this.#chunks[0]
    if (next !== undefined && left > 0 && isCounting(this.codec)) {
      const offset = this.codec.offsetAfter(next.bytes, left)
      // Both parts count for what the whole has reserved.
      const size = Math.floor((next.size * left) / next.count!)
      front.push({ bytes: next.bytes.subarray(0, offset), count: left, position: undefined, size })
      const rest = { bytes: next.bytes.subarray(offset), count: next.count! - left, size: next.size - size }
      this.#chunks[0] = { ...next, ...rest }
    }
    const taken = new BytesSegment(this.codec, front)
    this.#counted -= taken.counted
    this.#bytes -= taken.bytes
    return taken
  }

  close(): BlockContents {
    const chunks = this.#chunks
    const bytes = concat(chunks.map((chunk) => chunk.bytes))
    const known = chunks.every((chunk) => chunk.count !== undefined)
    return {
      payload: { bytes, codec: this.codec },
      count: known ? this.#counted : undefined,
      position: lastGiven(chunks.map((chunk) => chunk.position)),
      size: chunks.reduce((sum, chunk) => sum + chunk.size, 0),
    }
  }
}

function lastGiven(positions: readonly unknown[]): unknown {
  return positions.findLast((position) => position !== undefined)
}
