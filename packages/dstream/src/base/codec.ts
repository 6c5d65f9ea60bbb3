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
