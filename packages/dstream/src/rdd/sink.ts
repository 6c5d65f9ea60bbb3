import type { Place } from '../errors/record-error.js'
import type { MapKey } from '../keys/key.js'
import type { AnyFunction } from './plan.js'

/**
 * Where the records of a chain end up. A sink holds what has come together so far, so that several loops (one per
 * partition, per slice, per piece of a union) can add to it one after the other.
 */
export type Sink =
  | CollectSink
  | TakeSink
  | CountSink
  | (Blamed & { readonly kind: 'foreach'; readonly f: AnyFunction })
  | FoldSink
  | (Blamed & { readonly kind: 'reduce'; readonly f: AnyFunction; has: boolean; acc: unknown })
  | CombineSink
  | BucketSink

/** Whom to name when a function of the sink itself throws. */
export interface Blamed {
  readonly place: Place
}

export interface CollectSink {
  readonly kind: 'collect'
  readonly out: unknown[]
}
/** Wants no more once it has `limit` records. */
export interface TakeSink {
  readonly kind: 'take'
  readonly out: unknown[]
  readonly limit: number
}
export interface CountSink {
  readonly kind: 'count'
  n: number
}
/** `acc = f(acc, record)` */
export interface FoldSink extends Blamed {
  readonly kind: 'fold'
  readonly f: AnyFunction
  acc: unknown
}
/** Pairs into a Map: `create(value)` for a new key (the value itself when there is no `create`), then `merge(old, value)`. */
export interface CombineSink extends Blamed {
  readonly kind: 'combine'
  readonly map: Map<MapKey, unknown>
  readonly create: AnyFunction | undefined
  readonly merge: AnyFunction
}
/** Pairs by the partition of their key. */
export interface BucketSink extends Blamed {
  readonly kind: 'bucket'
  readonly buckets: unknown[][]
  readonly partitionOf: (key: unknown) => number
}

export function isFull(sink: Sink): boolean {
  return sink.kind === 'take' && sink.out.length >= sink.limit
}
