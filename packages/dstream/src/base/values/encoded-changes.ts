/** Values as bytes, in pieces that are decoded one by one. */
export interface EncodedPieces {
  readonly bytes: readonly Uint8Array[]
  /** Decodes the pieces as they are read; can be called again. */
  decoded(): Iterable<unknown>
  /** Returns the same pieces with bytes that keep no larger buffer alive. */
  owned(): EncodedPieces
}

/** What the changes of a partition of a state come to. */
export interface ChangeCounts {
  /** The changed keys, and how many of them were dropped, or created and dropped. */
  readonly changed: number
  readonly removed: number
  readonly createdAndDropped: number
  /** The number of keys that the partition has gained. */
  readonly grown: number
  /** The number of keys afterwards. */
  readonly size: number
  /** The batch time of the touch that is the oldest afterwards; only in a timed table. */
  readonly oldestTouch: number | undefined
}

/** The changes of a partition of a state by one batch, as a worker has encoded them. */
export interface EncodedChanges {
  /** The batch time. */
  readonly version: number
  readonly pieces: EncodedPieces
  readonly counts: ChangeCounts
}
