/**
 * Turns received bytes into records. The journal stores the bytes with `id` and never encodes them again; they are decoded
 * when the batch is evaluated. A record that cannot be decoded is passed to `bad` and left out; it never fails a batch.
 *
 * The number of records is therefore unknown, except for a {@link CountingCodec}, until an output has read all of them. Until
 * then they count as 0 in the figures of their batch, and backpressure learns nothing from a batch that leaves some unread.
 */
export interface Codec<out T> {
  /** A permanent name of the format: a recovered block is decoded by the codec with this id. */
  readonly id: string
  /**
   * Returns the records.
   * @param bad called with the bytes of a record that cannot be decoded, and the error
   */
  decode(bytes: Uint8Array, bad: (record: Uint8Array, error: unknown) => void): Iterable<T>
}

/**
 * A codec that counts the records in bytes without decoding them. Rate limits need it, and the events of batches that were
 * not read yet.
 */
export interface CountingCodec<out T> extends Codec<T> {
  /** Returns exactly the number of records that `decode` returns, none of them bad. It is called for all received bytes. */
  count(bytes: Uint8Array): number
  /** Returns the offset behind the first `records` records. */
  offsetAfter(bytes: Uint8Array, records: number): number
}

export function isCounting(codec: Codec<unknown>): codec is CountingCodec<unknown> {
  return 'count' in codec && 'offsetAfter' in codec
}

/** Returns the number of records, `undefined` where only decoding finds it. */
export function countOf(codec: Codec<unknown>, bytes: Uint8Array): number | undefined {
  return isCounting(codec) ? codec.count(bytes) : undefined
}
