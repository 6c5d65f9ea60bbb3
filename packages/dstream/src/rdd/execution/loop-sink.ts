import type { RecordOrigin } from '../../base/record-error.js'
import { detachKey } from '../../base/keys/detach.js'
import type { MapKey } from '../../base/keys/key.js'
import { IntegerPairs } from './integer-pairs.js'
import type { AnyFunction, PairTable } from '../plan/lineage.js'

/**
 * The end of a chain. A sink holds the result so far, so that several loops (one per partition, per slice, per parent of a
 * union) can add to it one after the other.
 */
export type LoopSink =
  | CollectSink
  | TakeSink
  | CountSink
  | (WithOrigin & { readonly kind: 'foreach'; readonly f: AnyFunction })
  | FoldSink
  | ReduceSink
  | CombineSink
  | BucketSink

/** Names the operator to report when a function of the sink itself throws. */
export interface WithOrigin {
  readonly origin: RecordOrigin
}

export interface CollectSink {
  readonly kind: 'collect'
  readonly out: unknown[]
}
/** Ends the loop once it has `limit` records. */
export interface TakeSink {
  readonly kind: 'take'
  readonly out: unknown[]
  readonly limit: number
}
export interface CountSink {
  readonly kind: 'count'
  n: number
}
/** Folds each record: `acc = f(acc, record)`. */
export interface FoldSink extends WithOrigin {
  readonly kind: 'fold'
  readonly f: AnyFunction
  acc: unknown
}
/** Folds like {@link FoldSink}, with the first record as the initial value. */
export interface ReduceSink extends WithOrigin {
  readonly kind: 'reduce'
  readonly f: AnyFunction
  has: boolean
  acc: unknown
}
/**
 * Folds pairs into a table: `create(value)` for a new key (the value itself without `create`), then `merge(old, value)`.
 * `copyKey` copies a new key for the table: see {@link detachKey}.
 */
export interface CombineSink extends WithOrigin {
  readonly kind: 'combine'
  /** Holds the pairs as long as all keys are 32-bit integers. The first other key moves all pairs to `map`. */
  integers: IntegerPairs | undefined
  readonly map: Map<MapKey, unknown>
  readonly create: AnyFunction | undefined
  readonly merge: AnyFunction
  readonly copyKey: (key: MapKey) => MapKey
}
/** Distributes pairs by the partition of their key. */
export interface BucketSink extends WithOrigin {
  readonly kind: 'bucket'
  readonly buckets: unknown[][]
  readonly partitionOf: (key: unknown) => number
}

export function collectSink(out: unknown[]): CollectSink {
  return { kind: 'collect', out }
}

export function takeSink(out: unknown[], limit: number): TakeSink {
  return { kind: 'take', out, limit }
}

export function countSink(): CountSink {
  return { kind: 'count', n: 0 }
}

export function foldSink(origin: RecordOrigin, f: AnyFunction, acc: unknown): FoldSink {
  return { kind: 'fold', origin, f, acc }
}

export function reduceSink(origin: RecordOrigin, f: AnyFunction): ReduceSink {
  return { kind: 'reduce', origin, f, has: false, acc: undefined }
}

export function combineSink(
  origin: RecordOrigin,
  create: AnyFunction | undefined,
  merge: AnyFunction,
  copyKey: CombineSink['copyKey'] = detachKey,
  { integers, map }: Pick<CombineSink, 'integers' | 'map'> = { integers: new IntegerPairs(), map: new Map() },
): CombineSink {
  return { kind: 'combine', origin, integers, map, create, merge, copyKey }
}

/** Returns the result as a Map. Later pairs go to that Map. */
export function pairMapOf(sink: CombineSink): Map<MapKey, unknown> {
  const { integers, map } = sink
  if (integers === undefined) return map
  sink.integers = undefined
  const { keys, values } = integers.columns()
  for (let i = 0; i < keys.length; i++) map.set(keys[i]!, values[i])
  return map
}

/** Returns the result as it is held. It must not be changed any more. */
export function tableOf({ integers, map }: CombineSink): PairTable {
  return integers === undefined ? map : integers.columns()
}

export function bucketSink(
  origin: RecordOrigin,
  buckets: unknown[][],
  partitionOf: (key: unknown) => number,
): BucketSink {
  return { kind: 'bucket', origin, buckets, partitionOf }
}

/** One sink of each kind whose properties loops read: see {@link CompiledLoop.keepsAlive}. */
export const oneOfEach: readonly LoopSink[] = [
  collectSink([]),
  takeSink([], 0),
  countSink(),
  foldSink({ operator: 'fold', time: undefined }, Object, undefined),
  reduceSink({ operator: 'reduce', time: undefined }, Object),
  combineSink({ operator: 'combine', time: undefined }, undefined, Object),
  bucketSink({ operator: 'bucket', time: undefined }, [], () => 0),
]

export function isFull(sink: LoopSink): boolean {
  return sink.kind === 'take' && sink.out.length >= sink.limit
}
