import type { RecordOrigin } from '../../base/record-error.js'
import { detachKey } from '../../base/keys/detach.js'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { settled } from '../../base/promises.js'
import { ChunkedRecords, joined } from '../plan/chunked-records.js'
import { IntegerPairs } from './integer-pairs.js'
import type { AnyFunction, Copy, PairTable } from '../plan/lineage.js'

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
  /** Full chunks, before the records in `out`. */
  readonly chunks: unknown[][]
  /** Takes the records. A loop may put another array here while it is empty. */
  out: unknown[]
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
/** Folds like {@link FoldSink}, with the first record, which `f` may change as its first argument, as the initial value. */
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
  /** The only pair of the table while a loop folds it, outside of the table. */
  one: { readonly key: MapKey; acc: unknown } | undefined
  readonly create: AnyFunction | undefined
  readonly merge: AnyFunction
  readonly copyKey: (key: MapKey) => MapKey
  /** Copies the value of a new key where there is no `create`, so that `merge` may change it. */
  readonly own: Copy | undefined
}
/** Distributes pairs by the partition of their key. */
export interface BucketSink extends WithOrigin {
  readonly kind: 'bucket'
  readonly buckets: unknown[][]
  readonly partitionOf: (key: unknown) => number
}

export function collectSink(): CollectSink {
  return { kind: 'collect', chunks: [], out: [] }
}

/** Returns the collected records, which belong to the caller. */
export function collected({ chunks, out }: CollectSink): unknown[] {
  return chunks.length === 0 ? out : joined([...chunks, out])
}

/** Returns the collected records in chunks. */
export function collectedChunks({ chunks, out }: CollectSink): ChunkedRecords {
  return new ChunkedRecords([...chunks, out])
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
  options: Partial<Pick<CombineSink, 'copyKey' | 'own' | 'integers' | 'map'>> = {},
): CombineSink {
  const { copyKey = detachKey, own, map = new Map() } = options
  const integers = options.map === undefined ? new IntegerPairs() : options.integers
  return { kind: 'combine', origin, integers, map, one: undefined, create, merge, copyKey, own }
}

/** Whether a table has no pairs. */
export function isEmpty({ integers, map }: CombineSink): boolean {
  return map.size === 0 && (integers === undefined || integers.keys.length === 0)
}

/** Takes the only pair of a table out of it, if there is one and any equal key is the same value. */
export function takeOne(sink: CombineSink): void {
  const { integers, map } = sink
  if (sink.one !== undefined || (integers === undefined ? map.size : integers.keys.length) !== 1) return
  const key = integers === undefined ? map.keys().next().value! : integers.keys[0]!
  if (typeof key === 'object' && key !== null) return
  sink.one = { key, acc: integers === undefined ? map.get(key) : integers.values[0] }
}

/** Puts the pair of `takeOne` back into the table. */
export function returnOne(sink: CombineSink): void {
  const { one, integers, map } = sink
  if (one === undefined) return
  sink.one = undefined
  if (integers === undefined) map.set(one.key, one.acc)
  else integers.values[0] = one.acc
}

/** Folds one pair into a table. */
export function combine(sink: CombineSink, key: unknown, value: unknown): void {
  returnOne(sink)
  const known = keyOf(key as Key)
  const map = pairMapOf(sink)
  const { operator } = sink.origin
  if (map.has(known)) map.set(known, settled(operator, sink.merge(map.get(known), value)))
  else {
    const first = sink.own === undefined ? value : sink.own(value)
    map.set(sink.copyKey(known), sink.create === undefined ? first : settled(operator, sink.create(value)))
  }
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
  collectSink(),
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
