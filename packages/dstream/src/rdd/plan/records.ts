/** A table whose pairs are made as they are read: a Map, or {@link PairColumns}. */
export type PairTable = Iterable<readonly [unknown, unknown]> & { readonly size: number }

/** Received bytes, with the name of the codec that decodes them. */
export interface EncodedRecords {
  readonly bytes: Uint8Array
  readonly codec: CodecAddress
  /** Receives the number of records, where only decoding tells it. */
  readonly counted: (records: number) => void
}

/** A split of a source, which a thread that has built the same graph can read as well. */
export interface ReadableSplit {
  /** The number of the stream. */
  readonly source: number
  /** Plain data, as it was planned. */
  readonly split: unknown
  /** The user's function that reads; absent where the source says that it can be read anywhere. */
  readonly by?: AnyFunction | undefined
  /** Aborted when nobody waits for the records any longer. */
  readonly signal?: AbortSignal | undefined
  /** Receives the number of records, once all of them were read elsewhere. */
  readonly counted: (records: number) => void
}

/** The address of a codec: the number of its stream, and its id there. */
export interface CodecAddress {
  readonly stream: number
  readonly id: string
}

export type StepOp = 'map' | 'filter' | 'tap' | 'flatMap' | 'mapValues' | 'flatMapValues' | 'keys' | 'values'

export type AnyFunction = (...args: any[]) => unknown
