import { notAnRDD, zeroIsNoFunction } from '../base/errors/rdd.js'
import type { Key } from '../base/keys/key.js'
import { checkPartitionOptions, type Partitioner, type PartitionOptions } from '../base/keys/partitioner.js'
import { aFunction, checkOptions, positiveInteger } from '../base/options.js'
import * as actions from './actions/actions.js'
import { pairOf } from './plan/shapes.js'
import { countersOf } from './plan/counters.js'
import { noteBuilt } from './plan/body-trace.js'
import { allPartitions, partitionData, recordsOfPartition } from './execution/evaluate.js'
import { evaluateOrLeave, type PlacedRecords } from './execution/left-records.js'
import type { AnyPair, AnyTuple, CombinerOf, KnownType, OrTuple } from './plan/inference.js'
import { Evaluation } from './plan/evaluation.js'
import { settled, type NotAwaited } from '../base/promises.js'
import type { MaybePromise } from '../base/maybe-promise.js'
import type { SavedForm } from '../base/ports.js'
import type { PartitionData, LineageNode, StepCounter } from './plan/lineage.js'
import type { Accumulator } from './accumulator.js'
import type { Broadcast } from './broadcast.js'
import type { RDDRuntime } from './plan/runtime.js'
import { callPartitions, saveParts, type CallSpec } from './stages/partition-calls.js'
import { checked } from './transformations/checked.js'
import { handedOut, kept } from './transformations/kept.js'
import * as joins from './transformations/join.js'
import { mapAsync, type MapAsyncOptions } from './transformations/map-async.js'
import * as statistics from './actions/stats.js'
import * as partitions from './transformations/partition-steps.js'
import * as sampling from './transformations/sample.js'
import { takeSample } from './actions/take-sample.js'
import { save } from './actions/save.js'
import * as sets from './transformations/sets.js'
import * as shuffle from './transformations/shuffle.js'
import { repartitionAndSort, sortBy } from './transformations/sort.js'
import * as steps from './transformations/steps.js'
import * as keyedActions from './actions/keyed-actions.js'
import { zeroSupply } from './plan/zero.js'
import { counted, reduced } from './transformations/totals.js'
import { zip, zipWithUniqueId } from './transformations/zip.js'

/** Options of {@link RDD.sortBy} and {@link RDD.sortByKey}. */
export interface SortOptions {
  /** Puts the smallest first, else the greatest; default true. */
  ascending?: boolean | undefined
  /** The number of partitions of the result; default that of the sorted RDD. */
  numPartitions?: number | undefined
}

/** Notified of every action that starts on its RDDs. @internal */
export interface ActionObserver {
  track(action: Promise<unknown>): void
}

/**
 * Makes RDDs: the type of `rdd.context`. {@link RDDContext} implements it; its methods are described there.
 */
export interface RDDFactory {
  /** The number of partitions of an RDD made without one. */
  readonly defaultParallelism: number
  /** @internal */
  readonly runtime: RDDRuntime
  parallelize<T extends AnyPair>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T>
  parallelize<T>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T>
  range(
    start: number,
    end: number,
    options?: { step?: number | undefined; numPartitions?: number | undefined },
  ): RDD<number>
  emptyRDD<T>(): RDD<T>
  textFile(path: string, options?: { numPartitions?: number | undefined }): RDD<string>
  wholeTextFiles(path: string, options?: { numPartitions?: number | undefined }): RDD<[string, string]>
  binaryFiles(path: string, options?: { numPartitions?: number | undefined }): RDD<[string, Uint8Array]>
  objectFile<T>(path: string): RDD<T>
  union<T>(rdds: readonly RDD<T>[]): RDD<T>
  broadcast<T>(value: T): Broadcast<T>
  longAccumulator(name?: string): Accumulator<number, number>
  doubleAccumulator(name?: string): Accumulator<number, number>
  collectionAccumulator<T>(name?: string): Accumulator<T, T[]>
}

/** An RDD of pairs `[key, value]`. Compilers show its name where the records of an RDD are none. */
type PairsFromMapToPair<K extends Key, V> = RDD<readonly [K, V]>

const brand = Symbol.for('dstream.rdd')

/**
 * The records of one batch: lazy, immutable, in partitions. Transformations return another RDD at once and evaluate
 * nothing; actions evaluate and return a Promise.
 */
export class RDD<out T> {
  /** The context that made it, for making further RDDs. */
  readonly context: RDDFactory
  /** @internal */
  readonly node: LineageNode
  /** @internal */
  readonly observer: ActionObserver | undefined

  /** @internal Use {@link RDDFactory.parallelize}. */
  constructor(context: RDDFactory, node: LineageNode, observer?: ActionObserver) {
    this.context = context
    this.node = node
    this.observer = observer
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  /** The id of this RDD, which no other RDD of its context has. */
  get id(): number {
    noteBuilt(() => `id ${this.node.id}`)
    return this.node.id
  }
  /** The number of partitions. */
  get numPartitions(): number {
    return this.node.numPartitions
  }
  /** Returns `numPartitions`, by Spark's name. */
  getNumPartitions(): number {
    return this.node.numPartitions
  }
  /** The partitioner by which the keys are distributed, `undefined` where records lie in order of arrival. */
  get partitioner(): Partitioner | undefined {
    return this.node.partitioner
  }

  // Transformations
  /**
   * Replaces each record by the result of `f`.
   *
   * @example
   * await sc.parallelize([1, 2]).map((n) => n * 2).collect() // [2, 4]
   */
  map<U, B = [U]>(f: (record: T) => NotAwaited<U, B>): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'map', 'map', f))
  }

  /**
   * Replaces each record by any number of records, which `f` returns as an array or another iterable. A string is not taken
   * for a list of characters: split it. @throws `not-iterable`, as the cause of a RecordError
   *
   * @example
   * await sc.parallelize(['a b', 'c']).flatMap((line) => line.split(' ')).collect() // ['a', 'b', 'c']
   */
  flatMap<U>(f: (record: T) => Iterable<U> & object): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'flatMap', 'flatMap', f))
  }

  /**
   * Keeps the records for which `keep` returns a true value.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).filter((n) => n !== 2).collect() // [1, 3]
   */
  filter<U extends T>(keep: (record: T) => record is U): RDD<U>
  filter(keep: (record: T) => boolean): RDD<T>
  filter(keep: (record: T) => boolean): RDD<T> {
    return this.#derive(steps.narrow(this.node, 'filter', 'filter', keep))
  }

  /**
   * Does the same as `map`, for functions that return `[key, value]`: TypeScript then knows that the records are pairs.
   *
   * @example
   * await sc.parallelize(['a']).mapToPair((word) => [word, 1]).collect() // [['a', 1]]
   */
  mapToPair<K extends Key, V>(f: (record: T) => readonly [K, V]): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'mapToPair', 'map', f))
  }

  /**
   * Does the same as `flatMap`, for functions that return pairs.
   *
   * @example
   * await sc.parallelize(['ab']).flatMapToPair((w) => [...w].map((c): [string, number] => [c, 1])).collect() // [['a', 1], ['b', 1]]
   */
  flatMapToPair<K extends Key, V>(f: (record: T) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'flatMapToPair', 'flatMap', f))
  }

  /**
   * Calls `f` for every record, for its side effects; the records stay unchanged.
   *
   * @example
   * await sc.parallelize([1]).tap((n) => n + 1).collect() // [1]
   */
  tap<R, B = [R]>(f: (record: T) => NotAwaited<R, B>): RDD<T> {
    return this.#derive(steps.narrow(this.node, 'tap', 'tap', f))
  }

  /**
   * Replaces the value of each pair. The partitioner still applies.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).mapValues((n) => n + 1).collect() // [['a', 2]]
   */
  mapValues<K extends Key, V, U, B = [U]>(
    this: PairsFromMapToPair<K, V>,
    f: (value: V) => NotAwaited<U, B>,
  ): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'mapValues', 'mapValues', f))
  }

  /**
   * Replaces the value of each pair by any number of values. The partitioner still applies.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 2]]).flatMapValues((n) => [n, -n]).collect() // [['a', 2], ['a', -2]]
   */
  flatMapValues<K extends Key, V, U>(
    this: PairsFromMapToPair<K, V>,
    f: (value: V) => Iterable<U> & object,
  ): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'flatMapValues', 'flatMapValues', f))
  }

  /**
   * Makes pairs of a key, which `f` returns, and the record.
   *
   * @example
   * await sc.parallelize(['abc']).keyBy((word) => word.length).collect() // [[3, 'abc']]
   */
  keyBy<K extends Key>(f: (record: T) => K): RDD<[K, T]> {
    aFunction('keyBy', 'the function', f)
    return this.#derive(steps.narrow(this.node, 'keyBy', 'map', (record: T) => [f(record), record]))
  }

  /**
   * Appends the partitions of another RDD. When both have one partitioner, partition i holds the records of both
   * partitions i, and the partitioner still applies. @throws `not-an-rdd`
   *
   * @example
   * await sc.parallelize([1]).union(sc.parallelize(['a'])).collect() // [1, 'a']
   */
  union<U>(that: RDD<U>): RDD<T | U> {
    return this.#derive(steps.union([this.node, nodeOf('union', that)]), that.observer)
  }

  /**
   * Calls `f` with each whole partition. The call is not interrupted: a long one blocks the event loop.
   *
   * @example
   * await sc.parallelize([1, 2]).mapPartitions((all) => [[...all].length]).collect() // [2]
   */
  mapPartitions<U>(f: (records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitions', whole('mapPartitions', f)))
  }

  /**
   * Does the same as `mapPartitions`, for functions that return pairs.
   *
   * @example
   * await sc.parallelize([1, 2]).mapPartitionsToPair((all): [string, number][] => [['n', [...all].length]]).collect() // [['n', 2]]
   */
  mapPartitionsToPair<K extends Key, V>(f: (records: Iterable<T>) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsToPair', whole('mapPartitionsToPair', f)))
  }

  /**
   * Does the same as `mapPartitions`, with the index of the partition, from 0.
   *
   * @example
   * await sc.parallelize(['a', 'b'], { numPartitions: 2 }).mapPartitionsWithIndex((i) => [i]).collect() // [0, 1]
   */
  mapPartitionsWithIndex<U>(f: (index: number, records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsWithIndex', f))
  }

  /**
   * Replaces each record by the result of an asynchronous function, up to `concurrency` (default 16) at once. The order is
   * kept unless `ordered: false`. The first failure aborts the signals of the other calls; so does a call that takes
   * longer than `timeout`. @throws `async-timed-out`, as the cause of a RecordError
   *
   * @example
   * await sc.parallelize([1, 2]).mapAsync(async (n) => n * 2, { concurrency: 4 }).collect() // [2, 4]
   */
  mapAsync<U>(f: (record: T, signal: AbortSignal) => Promise<U>, options?: MapAsyncOptions): RDD<U> {
    return this.#derive(mapAsync(this.node, 'mapAsync', f, options))
  }

  /**
   * Turns each partition into one array.
   *
   * @example
   * await sc.parallelize([1, 2, 3], { numPartitions: 2 }).glom().collect() // [[1], [2, 3]]
   */
  glom(): RDD<T[]> {
    return this.#derive(partitions.glom(this.node))
  }

  /**
   * Distributes the records over exactly `numPartitions` partitions, whose sizes differ by one at most.
   *
   * @example
   * sc.parallelize([1, 2, 3]).repartition(2).numPartitions // 2
   */
  repartition(numPartitions: number): RDD<T> {
    return this.#derive(partitions.repartition(this.node, 'repartition', numPartitions))
  }

  /**
   * Concatenates neighbouring partitions into at most `numPartitions`. Only with `shuffle: true` can there be more
   * partitions than before.
   *
   * @example
   * sc.parallelize([1, 2, 3], { numPartitions: 3 }).coalesce(2).numPartitions // 2
   */
  coalesce(numPartitions: number, options?: { shuffle?: boolean | undefined }): RDD<T> {
    checkOptions('coalesce', options, ['shuffle'])
    if (options?.shuffle === true) return this.#derive(partitions.repartition(this.node, 'coalesce', numPartitions))
    return this.#derive(partitions.coalesce(this.node, numPartitions))
  }

  /**
   * Pairs each record with its index in the whole RDD, from 0.
   *
   * @example
   * await sc.parallelize(['a', 'b']).zipWithIndex().collect() // [['a', 0], ['b', 1]]
   */
  zipWithIndex(): RDD<[T, number]> {
    return this.#derive(partitions.zipWithIndex(this.node))
  }

  /**
   * Keeps the first of equal records, by the equality of keys. The number of partitions stays the same unless the options
   * give another.
   *
   * @example
   * await sc.parallelize([1, 2, 1]).distinct().collect() // [1, 2]
   */
  distinct(this: RDD<T & Key>, options?: PartitionOptions): RDD<T> {
    checkPartitionOptions('distinct', options)
    const isGiven =
      options?.partitioner !== undefined || (options?.numPartitions ?? this.numPartitions) !== this.numPartitions
    return this.#derive(sets.distinct(this.node, isGiven ? this.#partitioner('distinct', options) : undefined))
  }

  /**
   * Keeps one of each record that is in both RDDs.
   *
   * @example
   * await sc.parallelize([1, 2, 2]).intersection(sc.parallelize([2, 3])).collect() // [2]
   */
  intersection(this: RDD<T & Key>, that: RDD<T>): RDD<T> {
    const other = nodeOf('intersection', that)
    return this.#derive(sets.intersection(this.node, other, this.context.defaultParallelism), that.observer)
  }

  /**
   * Keeps the records that are not in the other RDD, duplicates included.
   *
   * @example
   * await sc.parallelize([1, 1, 2]).subtract(sc.parallelize([2])).collect() // [1, 1]
   */
  subtract(this: RDD<T & Key>, that: RDD<T>): RDD<T> {
    const other = nodeOf('subtract', that)
    return this.#derive(sets.subtract(this.node, other), that.observer)
  }

  /**
   * Pairs every record of this RDD with every record of the other.
   *
   * @example
   * await sc.parallelize([1, 2]).cartesian(sc.parallelize(['a'])).collect() // [[1, 'a'], [2, 'a']]
   */
  cartesian<U>(that: RDD<U>): RDD<[T, U]> {
    return this.#derive(partitions.cartesian(this.node, nodeOf('cartesian', that)), that.observer)
  }

  /**
   * Pairs record i of this RDD with record i of the other.
   * @throws `unequal-partitions` at once, `unequal-parts` at evaluation, where partitions differ in length
   *
   * @example
   * await sc.parallelize([1, 2]).zip(sc.parallelize(['a', 'b'])).collect() // [[1, 'a'], [2, 'b']]
   */
  zip<U>(that: RDD<U>): RDD<[T, U]> {
    return this.#derive(zip(this.node, nodeOf('zip', that)), that.observer)
  }

  /**
   * Groups the records by the key that `f` returns; those of a group are in order of arrival.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).groupBy((n) => n % 2).collect() // [[1, [1, 3]], [0, [2]]]
   */
  groupBy<K extends Key>(f: (record: T) => K, options?: PartitionOptions): RDD<[K, T[]]> {
    aFunction('groupBy', 'the function', f)
    const keyed = steps.narrow(this.node, 'groupBy', 'map', (record: T) => [f(record), record])
    return this.#derive(shuffle.groupByKey(keyed, 'groupBy', this.#partitioner('groupBy', options)))
  }

  /**
   * Keeps each record with probability `fraction`, or, with replacement, `fraction` times on average. The same seed draws the
   * same sample; the default seed is the batch time.
   *
   * @example
   * await sc.parallelize([1, 2]).sample(false, 1).collect() // [1, 2]
   */
  sample(withReplacement: boolean, fraction: number, seed?: number): RDD<T> {
    return this.#derive(sampling.sample(this.node, withReplacement, fraction, seed))
  }

  /**
   * Splits the records into parts whose sizes are about proportional to the weights; each record is in exactly one.
   *
   * @example
   * sc.parallelize([1, 2, 3]).randomSplit([2, 1], 7).length // 2
   */
  randomSplit(weights: readonly number[], seed?: number): RDD<T>[] {
    return sampling.randomSplit(this.node, weights, seed).map((node) => this.#derive<T>(node))
  }

  /**
   * Sorts by the natural order of `by`, stably, across partitions. `take(15)` of the result finds the first fifteen
   * without sorting the rest.
   *
   * @example
   * await sc.parallelize(['bb', 'a']).sortBy((word) => word.length).collect() // ['a', 'bb']
   */
  sortBy(by: (record: T) => Key, options?: SortOptions): RDD<T> {
    return this.#derive(this.#sort('sortBy', by, options))
  }

  /**
   * Caches the records at the first evaluation, for as long as this RDD is referenced.
   *
   * @example
   * await sc.parallelize([1]).map((n) => n + 1).persist().collect() // [2]
   */
  persist(): this {
    this.node.cache()
    return this
  }

  /**
   * Does the same as `persist`.
   *
   * @example
   * await sc.parallelize([1]).map((n) => n + 1).cache().collect() // [2]
   */
  cache(): this {
    return this.persist()
  }

  /**
   * Drops the cached records.
   *
   * @example
   * await sc.parallelize([1]).persist().unpersist().collect() // [1]
   */
  unpersist(): this {
    this.node.uncache()
    return this
  }

  // Transformations of pairs
  /**
   * Returns the key of each pair.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).keys().collect() // ['a']
   */
  keys<K extends Key, V>(this: PairsFromMapToPair<K, V>): RDD<K> {
    return this.#derive(steps.narrow(this.node, 'keys', 'keys'))
  }

  /**
   * Returns the value of each pair.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).values().collect() // [1]
   */
  values<K extends Key, V>(this: PairsFromMapToPair<K, V>): RDD<V> {
    return this.#derive(steps.narrow(this.node, 'values', 'values'))
  }

  /**
   * Sorts pairs by the natural order of their keys, stably.
   *
   * @example
   * await sc.parallelize<[string, number]>([['b', 1], ['a', 2]]).sortByKey().collect() // [['a', 2], ['b', 1]]
   */
  sortByKey<K extends Key, V>(this: PairsFromMapToPair<K, V>, options?: SortOptions): RDD<[K, V]> {
    return this.#derive(this.#sort('sortByKey', keyOfPair, options))
  }

  /**
   * Groups the values of both RDDs by key, for every key of either.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).cogroup(sc.parallelize<[string, number]>([['a', 2], ['b', 3]])).collect() // [['a', [[1], [2]]], ['b', [[], [3]]]]
   */
  cogroup<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): RDD<[K, [V[], W[]]]> {
    const other = nodeOf('cogroup', that)
    const partitioner = this.#partitioner('cogroup', options, other)
    return this.#derive(joins.cogroup(this.node, other, 'cogroup', partitioner), that.observer)
  }

  /**
   * Pairs every value here with every value there of the same key, in the order of the other RDD.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).join(sc.parallelize<[string, number]>([['a', 2], ['b', 3]])).collect() // [['a', [1, 2]]]
   */
  join<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W]]> {
    return this.#join('join', that, options, { left: false, right: false })
  }

  /**
   * Joins, and keeps the keys that are only here: their other value is `undefined`.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).leftOuterJoin(sc.parallelize<[string, number]>([])).collect() // [['a', [1, undefined]]]
   */
  leftOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W | undefined]]> {
    return this.#join('leftOuterJoin', that, options, { left: true, right: false })
  }

  /**
   * Joins, and keeps the keys that are only there: their value here is `undefined`.
   *
   * @example
   * await sc.parallelize<[string, number]>([]).rightOuterJoin(sc.parallelize<[string, number]>([['b', 3]])).collect() // [['b', [undefined, 3]]]
   */
  rightOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W]]> {
    return this.#join('rightOuterJoin', that, options, { left: false, right: true })
  }

  /**
   * Joins, and keeps the keys that are on one side only: the missing value is `undefined`.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).fullOuterJoin(sc.parallelize<[string, number]>([['b', 3]])).collect() // [['b', [undefined, 3]], ['a', [1, undefined]]]
   */
  fullOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W | undefined]]> {
    return this.#join('fullOuterJoin', that, options, { left: true, right: true })
  }

  /**
   * Folds the values of each key into one by `f`, which must be associative. Keys are in order of arrival.
   * @throws `key-not-allowed`, `not-a-pair`, as the cause of a RecordError
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2], ['a', 3]]).reduceByKey((a, b) => a + b).collect() // [['a', 4], ['b', 2]]
   */
  reduceByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): RDD<[K, V]> {
    return this.#derive(shuffle.reduceByKey(this.node, 'reduceByKey', f, this.#partitioner('reduceByKey', options)))
  }

  /**
   * Collects the values of each key, in order of arrival.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).groupByKey().collect() // [['a', [1, 3]]]
   */
  groupByKey<K extends Key, V>(this: PairsFromMapToPair<K, V>, options?: PartitionOptions): RDD<[K, V[]]> {
    return this.#derive(shuffle.groupByKey(this.node, 'groupByKey', this.#partitioner('groupByKey', options)))
  }

  /**
   * Combines the values of each key: `createCombiner` takes the first value of a key in a partition, `mergeValue` adds the
   * next ones, `mergeCombiners` merges the combiners of two partitions.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).combineByKey((v) => [v], (c, v) => [...c, v], (a, b) => [...a, ...b]).collect() // [['a', [1, 3]]]
   */
  combineByKey<K extends Key, V, First, _Known extends CombinerOf<First>, B = [First]>(
    this: PairsFromMapToPair<K, V> & KnownType<V>,
    createCombiner: (value: V) => NotAwaited<First, B> | OrTuple,
    mergeValue: (c: CombinerOf<First>, value: V) => CombinerOf<First> | OrTuple,
    mergeCombiners: (a: CombinerOf<First>, b: CombinerOf<First>) => CombinerOf<First> | OrTuple,
    options?: PartitionOptions,
  ): RDD<[K, CombinerOf<First>]>
  combineByKey<K extends Key, V, C, B = [C]>(
    this: PairsFromMapToPair<K, V>,
    createCombiner: (value: V) => NotAwaited<C, B>,
    mergeValue: (c: C, value: V) => C,
    mergeCombiners: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]>
  combineByKey<K extends Key, V, C>(
    this: PairsFromMapToPair<K, V>,
    createCombiner: (value: V) => C,
    mergeValue: (c: C, value: V) => C,
    mergeCombiners: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]> {
    const functions = { create: createCombiner, merge: mergeValue, mergeCombiners }
    const partitioner = this.#partitioner('combineByKey', options)
    return this.#derive(shuffle.combineByKey(this.node, 'combineByKey', functions, partitioner))
  }

  /**
   * Folds the values of each key, from `zero` in every partition, and then the results of partitions by `f`. Where `zero` is
   * data, each key gets a copy of its own, so that `f` may change its first argument.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).foldByKey(10, (a, b) => a + b).collect() // [['a', 14]]
   */
  foldByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    zero: V,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): RDD<[K, V]> {
    aFunction('foldByKey', 'the function', f)
    const fresh = zeroSupply(zero)
    const functions = { create: (value: V) => f(fresh(), value), merge: f, mergeCombiners: f }
    const partitioner = this.#partitioner('foldByKey', options)
    return this.#derive(shuffle.combineByKey(this.node, 'foldByKey', functions, partitioner))
  }

  /**
   * Folds like `foldByKey`, to a result of another type: `seq` adds a value, `comb` merges the results of partitions.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).aggregateByKey(() => '', (text, n) => text + n, (a, b) => a + b).collect() // [['a', '13']]
   */
  aggregateByKey<K extends Key, V, C extends AnyTuple>(
    this: PairsFromMapToPair<K, V>,
    zero: () => C,
    seq: (c: C, value: V) => C,
    comb: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]>
  aggregateByKey<K extends Key, V, C, B = [C]>(
    this: PairsFromMapToPair<K, V>,
    zero: () => NotAwaited<C, B>,
    seq: (c: C, value: V) => C,
    comb: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]>
  aggregateByKey<K extends Key, V, C>(
    this: PairsFromMapToPair<K, V>,
    zero: () => C,
    seq: (c: C, value: V) => C,
    comb: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]> {
    if (typeof zero !== 'function') throw zeroIsNoFunction('aggregateByKey', zero)
    aFunction('aggregateByKey', 'seq', seq)
    const functions = {
      create: (value: V) => seq(settled('aggregateByKey', zero()), value),
      merge: seq,
      mergeCombiners: comb,
    }
    const partitioner = this.#partitioner('aggregateByKey', options)
    return this.#derive(shuffle.combineByKey(this.node, 'aggregateByKey', functions, partitioner))
  }

  /**
   * Keeps the pairs whose key is not in the other RDD.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2]]).subtractByKey(sc.parallelize<[string, number]>([['a', 9]])).collect() // [['b', 2]]
   */
  subtractByKey<K extends Key, V, W>(this: PairsFromMapToPair<K, V>, that: PairsFromMapToPair<K, W>): RDD<[K, V]> {
    const other = nodeOf('subtractByKey', that)
    return this.#derive(sets.subtractByKey(this.node, other), that.observer)
  }

  /**
   * Moves each pair to the partition of its key.
   *
   * @example
   * sc.parallelize<[string, number]>([['a', 1]]).partitionBy(new HashPartitioner(3)).numPartitions // 3
   */
  partitionBy<K extends Key, V>(this: PairsFromMapToPair<K, V>, partitioner: Partitioner): RDD<[K, V]> {
    const chosen = this.#partitioner('partitionBy', { partitioner })
    return this.#derive(shuffle.partitionBy(this.node, 'partitionBy', chosen))
  }

  // Actions
  /**
   * Returns all records, partition after partition.
   *
   * @example
   * await sc.parallelize([1, 2]).collect() // [1, 2]
   */
  collect(): Promise<T[]> {
    return this.#act((evaluation) => actions.collect(this.node, evaluation)) as Promise<T[]>
  }

  /**
   * Counts the records.
   *
   * @example
   * await sc.parallelize([1, 2]).count() // 2
   */
  count(): Promise<number> {
    return this.#act((evaluation) => actions.count(this.node, evaluation))
  }

  /**
   * Returns whether there are no records. Evaluates no more than the first one.
   *
   * @example
   * await sc.parallelize([1, 2]).isEmpty() // false
   */
  isEmpty(): Promise<boolean> {
    return this.#act((evaluation) => actions.isEmpty(this.node, evaluation))
  }

  /**
   * Returns the first record. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([1, 2]).first() // 1
   */
  first(): Promise<T> {
    return this.#act((evaluation) => actions.first(this.node, evaluation)) as Promise<T>
  }

  /**
   * Returns the first `n` records, or all if there are fewer. Evaluates no more partitions, and no more of the last one,
   * than needed.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).take(2) // [1, 2]
   */
  take(n: number): Promise<T[]> {
    return this.#act((evaluation) => actions.take(this.node, n, evaluation)) as Promise<T[]>
  }

  /**
   * Folds all records into one by `f`, which must be associative. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([1, 2, 3]).reduce((a, b) => a + b) // 6
   */
  reduce(f: (a: T, b: T) => T): Promise<T> {
    return this.#act((evaluation) => actions.reduce(this.node, 'reduce', f, evaluation)) as Promise<T>
  }

  /**
   * Returns the `n` least records by `by`, in order; equals are in order of arrival.
   *
   * @example
   * await sc.parallelize([3, 1, 2]).takeOrdered(2) // [1, 2]
   */
  takeOrdered(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, true, evaluation)) as Promise<T[]>
  }

  /**
   * Returns the `n` greatest records by `by`, greatest first; equals are in order of arrival.
   *
   * @example
   * await sc.parallelize([3, 1, 2]).top(2) // [3, 2]
   */
  top(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, false, evaluation)) as Promise<T[]>
  }

  /**
   * Returns the greatest record by `by`, of equals the first. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize(['a', 'ccc', 'bb']).max((word) => word.length) // 'ccc'
   */
  max(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'max', by, evaluation)) as Promise<T>
  }

  /**
   * Returns the least record by `by`, of equals the first. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([3, 1, 2]).min() // 1
   */
  min(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'min', by, evaluation)) as Promise<T>
  }

  /**
   * Folds the records, `f(f(zero, a), b)` …, from `zero` in every partition, and then the results of partitions from `zero`
   * once more, as in Spark. Each fold gets a copy of its own where `zero` is data, so that `f` may change its first argument.
   *
   * @example
   * await sc.parallelize([1, 2]).fold(0, (a, b) => a + b) // 3
   */
  fold(zero: T, f: (a: T, b: T) => T): Promise<T> {
    const functions = { zero: zeroSupply(zero), seq: f, comb: f }
    return this.#act((evaluation) => actions.aggregate(this.node, 'fold', functions, evaluation)) as Promise<T>
  }

  /**
   * Folds like `fold`, to a result of another type: `seq` adds a record, `comb` merges the results of partitions.
   *
   * @example
   * await sc.parallelize([1, 2]).aggregate(() => '', (text, n) => text + n, (a, b) => a + b) // '12'
   */
  aggregate<C extends AnyTuple>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C>
  aggregate<C, B = [C]>(zero: () => NotAwaited<C, B>, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C>
  aggregate<C>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C> {
    const functions = { zero, seq, comb }
    return this.#act((evaluation) => actions.aggregate(this.node, 'aggregate', functions, evaluation)) as Promise<C>
  }

  /**
   * Returns exactly `n` random records, or all if there are fewer and none may repeat.
   *
   * @example
   * (await sc.parallelize([1, 2, 3]).takeSample(false, 2, 7)).length // 2
   */
  takeSample(withReplacement: boolean, n: number, seed?: number): Promise<T[]> {
    return this.#act((evaluation) => takeSample(this.node, withReplacement, n, seed, evaluation)) as Promise<T[]>
  }

  /**
   * Counts how often each record occurs.
   *
   * @example
   * (await sc.parallelize(['a', 'b', 'a']).countByValue()).get('a') // 2
   */
  countByValue(this: RDD<T & Key>): Promise<Map<T, number>> {
    return this.#act((evaluation) => keyedActions.countByValue(this.node, evaluation)) as Promise<Map<never, number>>
  }

  /**
   * Counts the pairs of each key.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 7], ['a', 8]]).countByKey()).get('a') // 2
   */
  countByKey<K extends Key, V>(this: PairsFromMapToPair<K, V>): Promise<Map<K, number>> {
    return this.#act((evaluation) => keyedActions.countByKey(this.node, evaluation)) as Promise<Map<K, number>>
  }

  /**
   * Returns the last value of each key.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 7], ['a', 8]]).collectAsMap()).get('a') // 8
   */
  collectAsMap<K extends Key, V>(this: PairsFromMapToPair<K, V>): Promise<Map<K, V>> {
    return this.#act((evaluation) => keyedActions.collectAsMap(this.node, evaluation)) as Promise<Map<K, V>>
  }

  /**
   * Returns the values of one key. Reads only its partition where the partitioner is known.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 7], ['b', 8]]).lookup('a') // [7]
   */
  lookup<K extends Key, V>(this: PairsFromMapToPair<K, V>, key: K): Promise<V[]> {
    return this.#act((evaluation) => keyedActions.lookup(this.node, key, evaluation)) as Promise<V[]>
  }

  /**
   * Returns the sum, 0 without records. @throws `not-a-number`, as the cause of a RecordError
   *
   * @example
   * await sc.parallelize([1, 2]).sum() // 3
   */
  sum(this: RDD<number>): Promise<number> {
    return this.#act((evaluation) => statistics.sum(this.node, evaluation))
  }

  /**
   * Returns the mean, NaN without records.
   *
   * @example
   * await sc.parallelize([1, 2]).mean() // 1.5
   */
  async mean(this: RDD<number>): Promise<number> {
    return (await this.stats()).mean
  }

  /**
   * Computes count, sum, mean, variances and extremes in one pass.
   *
   * @example
   * (await sc.parallelize([1, 3]).stats()).variance // 1
   */
  stats(this: RDD<number>): Promise<statistics.Stats> {
    return this.#act((evaluation) => statistics.stats(this.node, evaluation))
  }

  /**
   * Counts the numbers in each bucket. `buckets` is a number of buckets of equal width, or the ascending bounds between them,
   * the last of which may be NaN. Only the last bucket includes its upper bound. @throws `bad-histogram`
   *
   * @example
   * (await sc.parallelize([1, 2, 3]).histogram([1, 2, 3])).counts // [1, 2]
   */
  histogram(this: RDD<number>, buckets: number | readonly number[]): Promise<statistics.Histogram> {
    return this.#act((evaluation) => statistics.histogram(this.node, buckets, evaluation))
  }

  /**
   * Iterates over the records. Each partition is evaluated once the one before it has been read.
   *
   * @example
   * (await sc.parallelize([1, 2]).toAsyncIterable().next()).value // 1
   */
  async *toAsyncIterable(): AsyncGenerator<T, void, undefined> {
    for (let i = 0; i < this.numPartitions; i++) {
      const records = (await this.#act((evaluation) => recordsOfPartition(this.node, i, evaluation))) as readonly T[]
      yield* records
    }
  }

  /**
   * Calls `f` for some records at a time (default 16). The first failure aborts the signals of the others and fails the
   * action.
   *
   * @example
   * await sc.parallelize([1, 2]).foreachAsync(async (n) => void n, { concurrency: 4 }) // undefined
   */
  foreachAsync(
    f: (record: T, signal: AbortSignal) => Promise<void>,
    options?: { concurrency?: number | undefined },
  ): Promise<void> {
    checkOptions('foreachAsync', options, ['concurrency'])
    const concurrency = options?.concurrency ?? 16
    return this.#act((evaluation) => actions.foreachAsync(this.node, f, concurrency, evaluation))
  }

  /**
   * Calls `f` for one partition after the other, and awaits the promises that it returns.
   *
   * @example
   * await sc.parallelize([1, 2]).foreachPartition((all) => void [...all]) // undefined
   */
  foreachPartition(f: (records: Iterable<T>) => void | Promise<void>): Promise<void> {
    return this.#act((evaluation) => actions.foreachPartition(this.node, f, evaluation))
  }

  /**
   * Calls `f` for every record.
   *
   * @example
   * await sc.parallelize([1, 2]).foreach((n) => void n) // undefined
   */
  foreach<R, B = [R]>(f: (record: T) => NotAwaited<R, B>): Promise<void> {
    return this.#act((evaluation) => actions.foreach(this.node, f, evaluation))
  }

  /**
   * Writes one line per record, in the form of `textForm`, to a directory with one file per partition. The directory appears
   * completely or not at all. On Spark the path may be a URI, such as `hdfs://name:8020/out`: its parts are written where their
   * records are.
   * @throws `no-files`, `no-file-system` for a URI in a process that Spark has not started
   */
  saveAsTextFile(path: string): Promise<void> {
    return this.saveAs('text', path)
  }
  /** Writes the records in dstream's own binary form, which `sc.objectFile` reads. @throws `no-files` */
  saveAsObjectFile(path: string): Promise<void> {
    return this.saveAs('objects', path)
  }

  /**
   * Pairs each record with a unique number, found without counting other partitions: i·n + p for record i of partition p.
   *
   * @example
   * await sc.parallelize(['a', 'b', 'c'], { numPartitions: 2 }).zipWithUniqueId().collect() // [['a', 0], ['b', 1], ['c', 3]]
   */
  zipWithUniqueId(): RDD<[T, number]> {
    return this.#derive(zipWithUniqueId(this.node))
  }

  /**
   * Keeps the pairs with a key from `lower` to `upper`, both included, in the natural order.
   *
   * @example
   * await sc.parallelize<[number, string]>([[1, 'a'], [2, 'b'], [3, 'c']]).filterByRange(2, 3).keys().collect() // [2, 3]
   */
  filterByRange<K extends Key, V>(this: PairsFromMapToPair<K, V>, lower: K, upper: K): RDD<[K, V]> {
    return this.#derive(steps.filterByRange(this.node, lower, upper))
  }

  /**
   * Samples like `sample`, with a fraction for each key; keys without one are left out.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2]]).sampleByKey(false, new Map([['a', 1]])).collect() // [['a', 1]]
   */
  sampleByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    withReplacement: boolean,
    fractions: ReadonlyMap<K, number>,
    seed?: number,
  ): RDD<[K, V]> {
    return this.#derive(sampling.sampleByKey(this.node, withReplacement, fractions, seed))
  }

  /**
   * Moves each pair to the partition of its key, and sorts every partition by key.
   *
   * @example
   * await sc.parallelize<[number, string]>([[2, 'b'], [1, 'a']]).repartitionAndSortWithinPartitions(new HashPartitioner(1)).keys().collect() // [1, 2]
   */
  repartitionAndSortWithinPartitions<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    partitioner: Partitioner,
  ): RDD<[K, V]> {
    const chosen = this.#partitioner('repartitionAndSortWithinPartitions', { partitioner })
    return this.#derive(repartitionAndSort(this.node, chosen))
  }

  /**
   * Folds the values of each key into one by `f`, as an action that returns a Map.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).reduceByKeyLocally((a, b) => a + b)).get('a') // 4
   */
  reduceByKeyLocally<K extends Key, V>(this: PairsFromMapToPair<K, V>, f: (a: V, b: V) => V): Promise<Map<K, V>> {
    return this.#act((evaluation) => keyedActions.reduceByKeyLocally(this.node, f, evaluation)) as Promise<Map<K, V>>
  }

  /**
   * Does the same as `reduce`: in one process there is no tree.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).treeReduce((a, b) => a + b) // 6
   */
  treeReduce(f: (a: T, b: T) => T): Promise<T> {
    return this.#act((evaluation) => actions.reduce(this.node, 'treeReduce', f, evaluation)) as Promise<T>
  }

  /**
   * Does the same as `aggregate`.
   *
   * @example
   * await sc.parallelize([1, 2]).treeAggregate(() => 0, (sum, n) => sum + n, (a, b) => a + b) // 3
   */
  treeAggregate<C extends AnyTuple>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C>
  treeAggregate<C, B = [C]>(
    zero: () => NotAwaited<C, B>,
    seq: (c: C, record: T) => C,
    comb: (a: C, b: C) => C,
  ): Promise<C>
  treeAggregate<C>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C> {
    const functions = { zero, seq, comb }
    return this.#act((evaluation) => actions.aggregate(this.node, 'treeAggregate', functions, evaluation)) as Promise<C>
  }

  // Used by the engine
  /** Caches the records for good: each partition becomes an array at its first use. @internal */
  cacheAlways(): this {
    this.node.cacheAlways()
    return this
  }
  /** Evaluates all partitions as arrays and caches them for good. They must not be changed. @internal */
  materialise(): Promise<readonly (readonly T[])[]> {
    this.node.cacheAlways()
    return this.#act((evaluation) => allPartitions(this.node, evaluation)) as Promise<readonly (readonly T[])[]>
  }
  /** Does the same, but large tables of a shuffle may stay where they were made. They must be released. @internal */
  materialiseOrLeave(): Promise<PlacedRecords<T>> {
    this.node.cacheAlways()
    return this.#act((evaluation) => evaluateOrLeave(this.node, evaluation)) as Promise<PlacedRecords<T>>
  }
  /** Calls the function of an output with each partition, in this thread or in workers. @internal */
  callPartitions(spec: CallSpec): Promise<void> {
    return this.#act((evaluation) => callPartitions(this.node, spec, evaluation))
  }
  /** Saves in a form. @param signalOf returns the signal of the attempt of an output @internal */
  saveAs(form: SavedForm, path: string, signalOf: () => AbortSignal | undefined = () => undefined): Promise<void> {
    return this.#act((evaluation) =>
      save(this.node, form, path, evaluation, (folder) => saveParts(this.node, { form, folder, signalOf }, evaluation)),
    )
  }
  /** Evaluates all partitions and caches them for good, as tables where no array was asked for. @internal */
  partitions(): Promise<readonly PartitionData<T>[]> {
    this.node.cacheAlways()
    return this.#act((evaluation) => partitionData(this.node, evaluation)) as Promise<readonly PartitionData<T>[]>
  }
  /**
   * Does the same as `reduceByKey`, for a result that is consumed at once: keys are not copied and may keep longer source
   * strings alive. Copying a key of 13 letters takes as long as looking up three. @internal
   */
  reduceByKeyTransient<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ) {
    const partitioner = this.#partitioner('reduceByKey', options)
    return this.#derive<[K, V]>(shuffle.reduceByKey(this.node, 'reduceByKey', f, partitioner, shuffle.keepKey))
  }
  /** Does the same as `groupByKey`, for a result that is consumed at once. @internal */
  groupByKeyTransient<K extends Key, V>(this: PairsFromMapToPair<K, V>, options?: PartitionOptions) {
    const partitioner = this.#partitioner('groupByKey', options)
    return this.#derive<[K, V[]]>(shuffle.groupByKey(this.node, 'groupByKey', partitioner, shuffle.keepKey))
  }
  /** Returns an RDD of one record, the reduction of all; of none when there are none. @internal */
  reduced(f: (a: T, b: T) => T): RDD<T> {
    return this.#derive(reduced(this.node, f))
  }
  /** Returns an RDD of one record, the number of records. @internal */
  counted(): RDD<number> {
    return this.#derive(counted(this.node))
  }
  /** Replaces the cached records by other objects for the same records, partition by partition. @internal */
  replacePartitions(partitions: readonly PartitionData<T>[]): void {
    this.node.truncateLineage(partitions, this.node.history)
  }
  /** Returns an RDD of the same records that is cached for later batches, with copies of those that can be changed. @internal */
  kept(copy: (record: unknown) => unknown, made: boolean): RDD<T> {
    return this.#derive(kept(this.node, copy, made))
  }
  /**
   * Returns an RDD that gives each reader copies of its own, if the records are kept; else the same one. `isNew` says whether
   * the readers are of the batch that makes the records. @internal
   */
  handedOut(isNew = false): RDD<T> {
    return this.node.copy === undefined ? this : this.#derive(handedOut(this.node, this.node.copy, isNew))
  }
  /**
   * Returns an RDD of the records on which `check` does not throw, cached; the others fail it or are left out, as
   * `onRecordError` says. @internal
   */
  checkedBy(check: (record: unknown) => void): RDD<T> {
    return this.#derive(checked(this.node, check))
  }
  /** Returns the same RDD with an observer, which RDDs made from it inherit. @internal */
  observedBy(observer: ActionObserver): RDD<T> {
    return new RDD(this.context, this.node, observer)
  }
  /** Labels every step of the lineage that has no label yet, for error messages. @internal */
  label(operator: string, time: number): this {
    this.node.setLabel(operator, time)
    return this
  }

  /** Returns the records in and out of each step of the lineage so far. @internal */
  counters(): StepCounter[] {
    return countersOf([this.node])
  }

  #derive<U>(node: LineageNode, other?: ActionObserver): RDD<U> {
    return new RDD(this.context, node, this.observer ?? other)
  }

  #partitioner(where: string, options: PartitionOptions | undefined, ...others: LineageNode[]): Partitioner {
    return shuffle.choosePartitioner(where, options, [this.node, ...others], this.context.defaultParallelism)
  }

  #sort(where: string, by: (record: never) => unknown, options: SortOptions = {}): LineageNode {
    checkOptions(where, options, ['ascending', 'numPartitions'])
    const numPartitions = positiveInteger(
      where,
      'numPartitions',
      options.numPartitions ?? Math.max(1, this.numPartitions),
    )
    return sortBy(this.node, where, by, { ascending: options.ascending ?? true, numPartitions })
  }

  #join<U>(
    kind: string,
    that: RDD<unknown>,
    options: PartitionOptions | undefined,
    keep: { left: boolean; right: boolean },
  ): RDD<U> {
    const other = nodeOf(kind, that)
    const partitioner = this.#partitioner(kind, options, other)
    return this.#derive(joins.join(this.node, other, kind, partitioner, keep), that.observer)
  }

  #act<R>(run: (evaluation: Evaluation) => MaybePromise<R>): Promise<R> {
    const action = begin(() => run(new Evaluation(this.context.runtime)))
    this.observer?.track(action)
    return action
  }
}

function keyOfPair(record: unknown): unknown {
  return pairOf({ operator: 'sortByKey', time: undefined }, record)[0]
}

function nodeOf(where: string, that: unknown): LineageNode {
  if (that instanceof RDD) return that.node
  throw notAnRDD(where, that)
}

function identity(record: unknown): Key {
  return record as Key
}

/** Turns a function of the records into one of index and records. */
function whole(kind: string, f: (records: Iterable<never>) => unknown) {
  aFunction(kind, 'the function', f)
  return (_: number, records: Iterable<never>): unknown => f(records)
}

/** Calls `run` at once; an error that it throws becomes a rejection. */
async function begin<R>(run: () => MaybePromise<R>): Promise<R> {
  return run()
}
