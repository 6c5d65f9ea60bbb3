/**
 * Turns received bytes into records. The journal keeps the bytes beside `id` and never encodes them a second time; they
 * are decoded when the batch is evaluated. A record that does not decode is given to `bad` and left out, never fatal.
 *
 * How many records the bytes hold is therefore unknown (lines excepted) until an output has read all of them: until then
 * they count as 0 in the figures of their batch, and backpressure learns nothing from a batch that leaves some unread.
 */
export interface Codec<out T> {
  /** Names the form of the bytes for good: a recovered block is decoded by the codec of this id. */
  readonly id: string
  /** @param bad takes the bytes of a record that cannot be read, and why */
  decode(bytes: Uint8Array, bad: (record: Uint8Array, error: unknown) => void): Iterable<T>
}

/**
 * A codec that can tell how many records bytes hold without decoding them: what a rate limit on bytes needs, and every
 * event of a batch that was not read yet.
 */
export interface CountingCodec<out T> extends Codec<T> {
  /** Exactly as many as `decode` gives: none of them is bad. Called for everything that is received, so it is quick. */
  count(bytes: Uint8Array): number
  /** The offset behind the first `records` of them. */
  offsetAfter(bytes: Uint8Array, records: number): number
}

export function isCounting(codec: Codec<unknown>): codec is CountingCodec<unknown> {
  return 'count' in codec && 'offsetAfter' in codec
}

/** `undefined` where only decoding can tell. */
export function countOf(codec: Codec<unknown>, bytes: Uint8Array): number | undefined {
  return isCounting(codec) ? codec.count(bytes) : undefined
}
