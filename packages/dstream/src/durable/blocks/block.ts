import type { Codec } from '../../base/codec.js'

/** What a receiver handed over at once: records, or the very bytes that arrived with the codec that reads them. */
export type BlockPayload =
  { readonly records: readonly unknown[] } | { readonly bytes: Uint8Array; readonly codec: Codec<unknown> }

/** The unit of receiving: it is stored as a whole, given to one batch as a whole, and is one partition of its RDD. */
export interface Block {
  /** Unique within its stream, over restarts too. */
  readonly id: string
  readonly streamId: number
  readonly payload: BlockPayload
  /** Number of records; `undefined` of bytes whose codec cannot tell it without decoding them. */
  readonly count: number | undefined
  /** Where the receiver stood after this block: what it goes on from after a recovery. */
  readonly position?: unknown
  readonly metadata?: Readonly<Record<string, unknown>>
}
