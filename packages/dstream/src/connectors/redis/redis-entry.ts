/** An entry of a Redis stream. */
export interface RedisEntry {
  /** The key of the stream. */
  readonly key: string
  /** The id that Redis has given to the entry: milliseconds and a number. */
  readonly id: string
  readonly fields: Readonly<Record<string, string>>
}
