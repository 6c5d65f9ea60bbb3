import type { Codec } from '../../base/codec.js'

/** The contents of a block: records, or the bytes as they arrived, with the codec that decodes them. */
export type BlockPayload =
  { readonly records: readonly unknown[] } | { readonly bytes: Uint8Array; readonly codec: Codec<unknown> }

/**
 * The unit of receiving. A block is stored as a whole, given to one batch as a whole, and is one partition of its RDD.
 */
export interface Block {
  /** The id, unique within the stream over all runs. */
  readonly id: string
  readonly streamId: number
  readonly payload: BlockPayload
  /** The number of records; `undefined` for bytes that would have to be decoded to be counted. */
  readonly count: number | undefined
  /** The receiver's position after this block, from which it continues after a recovery. */
  readonly position?: unknown
  readonly metadata?: Readonly<Record<string, unknown>>
}
