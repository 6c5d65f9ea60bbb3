import type { ChunkedRecords } from '../plan/chunked-records.js'
import type { Pass } from '../plan/pass.js'
import { CHUNK } from './fused/loop.js'
import { collectedChunks, collectSink, isFull, type CollectSink, type LoopSink } from './loop-sink.js'

/** Where kept records go on to. */
interface Reader {
  readonly sink: LoopSink | KeepSink
  open(chunk: readonly unknown[]): Pass
}

/**
 * Collects the records of a partition for its cache, and passes each chunk on while it is in the processor's cache. A reader
 * that fails or has enough does not end the collection: the records are evaluated once, for all readers.
 */
export class KeepSink {
  readonly kind = 'keep'
  readonly own: CollectSink = collectSink()
  readonly reader: Reader | undefined
  /** The error of the reader. */
  failure: { readonly error: unknown } | undefined

  constructor(reader?: Reader) {
    this.reader = reader
  }

  get records(): ChunkedRecords {
    return collectedChunks(this.own)
  }

  /** Ends the chunk that is being filled. Returns a pass of the reader over it, if the reader goes on. */
  endChunk(): Pass | undefined {
    const { own, reader, failure } = this
    const chunk = own.out
    if (chunk.length === 0) return undefined
    own.chunks.push(chunk)
    own.out = []
    if (reader === undefined || failure !== undefined) return undefined
    return reader.sink.kind !== 'keep' && isFull(reader.sink) ? undefined : reader.open(chunk)
  }
}

/** Runs one input into a {@link KeepSink}, by turns with the passes of its reader. */
export class KeepPass implements Pass {
  readonly #keep: KeepSink
  readonly #collecting: Pass
  #reading: Pass | undefined
  #hasEnded = false

  /** @param collecting a pass of the input into `keep.own` */
  constructor(keep: KeepSink, collecting: Pass) {
    this.#keep = keep
    this.#collecting = collecting
  }

  /** Goes down into the passes of its readers in a loop: a chain of kept nodes may be deeper than the stack. */
  advance(budget: number): number {
    const open: KeepPass[] = [this]
    let left = budget
    while (open.length > 0) {
      const top = open.at(-1)!
      const reading = top.#reading
      if (reading instanceof KeepPass) {
        open.push(reading)
      } else if (reading !== undefined) {
        left = top.#read(reading, left)
        if (left <= 0) return 0
        top.#reading = undefined
      } else if (top.#hasEnded) {
        left = Math.max(left, 1)
        open.pop()
        if (open.length > 0) open.at(-1)!.#reading = undefined
      } else {
        if (left <= 0) return 0
        try {
          left = top.#collect(left)
        } catch (error) {
          open.pop()
          if (open.length === 0) throw error
          open.at(-1)!.#fail(error)
        }
      }
    }
    return left
  }

  #fail(error: unknown): void {
    this.#reading = undefined
    this.#keep.failure = { error }
  }

  #collect(budget: number): number {
    const { own } = this.#keep
    const size = Math.min(budget, CHUNK)
    const rest = this.#collecting.advance(size)
    this.#hasEnded = rest > 0
    if (this.#hasEnded || own.out.length >= CHUNK) this.#reading = this.#keep.endChunk()
    return Math.max(budget - size, 0) + Math.min(rest, size)
  }

  #read(pass: Pass, budget: number): number {
    try {
      return budget <= 0 ? 0 : pass.advance(budget)
    } catch (error) {
      this.#keep.failure = { error }
      return Math.max(budget, 1)
    }
  }
}
