import type { BlockPayload } from '../../durable/blocks/block.js'
import { concat } from '../../base/bytes.js'
import { isCounting, type Codec } from '../../base/codec.js'
import { sizeOf } from './backlog.js'

/** What a run becomes as a block. */
export interface BlockContents {
  readonly payload: BlockPayload
  readonly count: number | undefined
  readonly position: unknown
  readonly bytes: number
}

/** Neighbours in order of arrival that fit into one block. */
export interface Segment {
  /** Records that count for the rate. */
  readonly counted: number
  readonly empty: boolean
  /** Takes its beginning away, with at most so many counted records. */
  takeFront(counted: number): Segment
  close(): BlockContents
}

export class RecordSegment implements Segment {
  readonly #records: unknown[]
  /** Beside the records, from the first one on that had a position. */
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

  takeFront(counted: number): RecordSegment {
    return new RecordSegment(this.#records.splice(0, counted), this.#positions?.splice(0, counted))
  }

  close(): BlockContents {
    const records = this.#records
    const bytes = records.reduce<number>((sum, record) => sum + sizeOf(record), 0)
    return { payload: { records }, count: records.length, position: lastKnown(this.#positions ?? []), bytes }
  }
}

export interface Chunk {
  readonly bytes: Uint8Array
  /** `undefined` where the codec cannot tell. */
  readonly count: number | undefined
  readonly position: unknown
}

export class BytesSegment implements Segment {
  readonly codec: Codec<unknown>
  readonly #pieces: Chunk[]
  #counted: number

  constructor(codec: Codec<unknown>, pieces: Chunk[] = []) {
    this.codec = codec
    this.#pieces = pieces
    this.#counted = pieces.reduce((sum, piece) => sum + (piece.count ?? 0), 0)
  }

  get counted(): number {
    return this.#counted
  }
  get empty(): boolean {
    return this.#pieces.length === 0
  }

  add(piece: Chunk): void {
    this.#pieces.push(piece)
    this.#counted += piece.count ?? 0
  }

  takeFront(counted: number): BytesSegment {
    const front: Chunk[] = []
    let left = counted
    while (this.#pieces.length > 0 && (this.#pieces[0]!.count ?? 0) <= left) {
      const piece = this.#pieces.shift()!
      left -= piece.count ?? 0
      front.push(piece)
    }
    const next = this.#pieces[0]
    if (next !== undefined && left > 0 && isCounting(this.codec)) {
      const offset = this.codec.offsetAfter(next.bytes, left)
      front.push({ bytes: next.bytes.subarray(0, offset), count: left, position: undefined })
      this.#pieces[0] = { ...next, bytes: next.bytes.subarray(offset), count: next.count! - left }
    }
    const taken = new BytesSegment(this.codec, front)
    this.#counted -= taken.counted
    return taken
  }

  close(): BlockContents {
    const pieces = this.#pieces
    const bytes = concat(pieces.map((piece) => piece.bytes))
    const known = pieces.every((piece) => piece.count !== undefined)
    return {
      payload: { bytes, codec: this.codec },
      count: known ? this.#counted : undefined,
      position: lastKnown(pieces.map((piece) => piece.position)),
      bytes: bytes.byteLength,
    }
  }
}

function lastKnown(positions: readonly unknown[]): unknown {
  return positions.findLast((position) => position !== undefined)
}
