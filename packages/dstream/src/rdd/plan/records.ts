/** A table whose pairs are made as they are read: a Map, or {@link PairColumns}. */
export type PairTable = Iterable<readonly [unknown, unknown]> & { readonly size: number }

/** Received bytes, with the name of the codec that decodes them. */
export interface EncodedRecords {
  readonly bytes: Uint8Array
  readonly codec: CodecAddress
  /** Receives the number of records, where only decoding tells it. */
  readonly counted: (records: number) => void
}

/** The address of a codec: the number of its stream, and its id there. */
export interface CodecAddress {
  readonly stream: number
  readonly id: string
}

export type StepOp = 'map' | 'filter' | 'tap' | 'flatMap' | 'mapValues' | 'flatMapValues' | 'keys' | 'values'

export type AnyFunction = (...args: any[]) => unknown
