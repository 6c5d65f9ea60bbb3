import { notAnRDD } from '../base/errors/rdd.js'
import type { Key } from '../base/keys/key.js'
import { checkPartitionOptions, type Partitioner, type PartitionOptions } from '../base/keys/partitioner.js'
import { aFunction, checkOptions, positiveInteger } from '../base/options.js'
import * as actions from './actions/actions.js'
import { pairOf } from './plan/pairs.js'
import { countersOf } from './plan/counters.js'
import { allPartitions, partitionData, partitionOf } from './execution/evaluate.js'
import { Evaluation } from './plan/evaluation.js'
import type { MaybePromise } from '../base/maybe-promise.js'
import type { PartitionData, LineageNode, StepCounter } from './plan/lineage.js'
import type { Accumulator } from './accumulator.js'
import type { Broadcast } from './broadcast.js'
import type { RDDRuntime } from './plan/runtime.js'
import * as joins from './transformations/join.js'
import { mapAsync, type MapAsyncOptions } from './transformations/map-async.js'
import * as statistics from './actions/stats.js'
import * as partitions from './transformations/partition-steps.js'
import * as sampling from './transformations/sample.js'
import { takeSample } from './actions/take-sample.js'
import { saveObjects, saveText } from './actions/save.js'
import * as sets from './transformations/sets.js'
import * as shuffle from './transformations/shuffle.js'
import { repartitionAndSort, sortBy } from './transformations/sort.js'
import * as steps from './transformations/steps.js'
import * as keyedActions from './actions/keyed-actions.js'
import { zeroSupply } from './plan/zero.js'
import { zip, zipWithUniqueId } from './transformations/zip.js'

/** How an RDD is sorted. */
export interface SortOptions {
  /** Smallest first; default true. */
  ascending?: boolean | undefined
  /** How many partitions the result has; default as many as before. */
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
  parallelize<T>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T>
  range(
    start: number,
    end: number,
    options?: { step?: number | undefined; numPartitions?: number | undefined },
  ): RDD<number>
  emptyRDD<T>(): RDD<T>
  textFile(path: string, options?: { numPartitions?: number | undefined }): RDD<string>
  objectFile<T>(path: string): RDD<T>
  union<T>(rdds: readonly RDD<T>[]): RDD<T>
  broadcast<T>(value: T): Broadcast<T>
  longAccumulator(name?: string): Accumulator<number, number>
  doubleAccumulator(name?: string): Accumulator<number, number>
  collectionAccumulator<T>(name?: string): Accumulator<T, T[]>
}

const brand = Symbol.for('dstream.rdd')

/**
 * The records of one batch: lazy, immutable, in partitions. Transformations give another RDD at once and evaluate
 * nothing; actions evaluate and give a Promise.
 */
export class RDD<out T> {
  /** Where it was made. */
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

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  /** A number that no other RDD of its context has. */
  get id(): number {
    return this.node.id
  }
  /** In how many partitions the records lie. */
  get numPartitions(): number {
    return this.node.numPartitions
  }
  /** The same as `numPartitions`, by Spark's name. */
  getNumPartitions(): number {
    return this.node.numPartitions
  }
  /** What decided where each key lies; nothing when the order of arrival did. */
  get partitioner(): Partitioner | undefined {
    return this.node.partitioner
  }

  // record by record
  /**
   * One record for each.
   *
   * @example
   * await sc.parallelize([1, 2]).map((n) => n * 2).collect() // [2, 4]
   */
  map<U>(f: (record: T) => U): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'map', 'map', f))
  }

  /**
   * Any number of records for each, as an array or another iterable. A string is not taken for a list of characters: split it.
   *
   * @example
   * await sc.parallelize(['a b', 'c']).flatMap((line) => line.split(' ')).collect() // ['a', 'b', 'c']
   */
  flatMap<U>(f: (record: T) => Iterable<U> & object): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'flatMap', 'flatMap', f))
  }

  /**
   * The records for which `keep` gives something true.
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
   * As `map`, for functions that give `[key, value]`: TypeScript then knows that they are pairs.
   *
   * @example
   * await sc.parallelize(['a']).mapToPair((word) => [word, 1]).collect() // [['a', 1]]
   */
  mapToPair<K extends Key, V>(f: (record: T) => readonly [K, V]): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'mapToPair', 'map', f))
  }

  /**
   * As `flatMap`, for functions that give pairs.
   *
   * @example
   * await sc.parallelize(['ab']).flatMapToPair((w) => [...w].map((c): [string, number] => [c, 1])).collect() // [['a', 1], ['b', 1]]
   */
  flatMapToPair<K extends Key, V>(f: (record: T) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'flatMapToPair', 'flatMap', f))
  }

  /**
   * Calls `f` for what it does; the records go on unchanged.
   *
   * @example
   * await sc.parallelize([1]).tap((n) => n + 1).collect() // [1]
   */
  tap(f: (record: T) => void): RDD<T> {
    return this.#derive(steps.narrow(this.node, 'tap', 'tap', f))
  }

  /**
   * Another value under the same key. The partitioner still holds.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).mapValues((n) => n + 1).collect() // [['a', 2]]
   */
  mapValues<K extends Key, V, U>(this: RDD<readonly [K, V]>, f: (value: V) => U): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'mapValues', 'mapValues', f))
  }

  /**
   * Any number of values under the same key. The partitioner still holds.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 2]]).flatMapValues((n) => [n, -n]).collect() // [['a', 2], ['a', -2]]
   */
  flatMapValues<K extends Key, V, U>(this: RDD<readonly [K, V]>, f: (value: V) => Iterable<U> & object): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'flatMapValues', 'flatMapValues', f))
  }

  /**
   * Each record with its key before it.
   *
   * @example
   * await sc.parallelize(['abc']).keyBy((word) => word.length).collect() // [[3, 'abc']]
   */
  keyBy<K extends Key>(f: (record: T) => K): RDD<[K, T]> {
    aFunction('keyBy', 'the function', f)
    return this.#derive(steps.narrow(this.node, 'keyBy', 'map', (record: T) => [f(record), record]))
  }

  /**
   * These partitions, then those of the other; of one partitioner they are laid side by side.
   *
   * @example
   * await sc.parallelize([1]).union(sc.parallelize(['a'])).collect() // [1, 'a']
   */
  union<U>(that: RDD<U>): RDD<T | U> {
    return this.#derive(steps.union([this.node, nodeOf('union', that)]), that.observer)
  }

  /**
   * A whole partition at once. The function is not interrupted: a long one holds the event loop meanwhile.
   *
   * @example
   * await sc.parallelize([1, 2]).mapPartitions((all) => [[...all].length]).collect() // [2]
   */
  mapPartitions<U>(f: (records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitions', whole('mapPartitions', f)))
  }

  /**
   * As `mapPartitions`, for functions that give pairs.
   *
   * @example
   * await sc.parallelize([1, 2]).mapPartitionsToPair((all): [string, number][] => [['n', [...all].length]]).collect() // [['n', 2]]
   */
  mapPartitionsToPair<K extends Key, V>(f: (records: Iterable<T>) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsToPair', whole('mapPartitionsToPair', f)))
  }

  /**
   * As `mapPartitions`, with the number of the partition, from 0.
   *
   * @example
   * await sc.parallelize(['a', 'b'], { numPartitions: 2 }).mapPartitionsWithIndex((i) => [i]).collect() // [0, 1]
   */
  mapPartitionsWithIndex<U>(f: (index: number, records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsWithIndex', f))
  }

  /**
   * One record in, one out, for functions that wait for I/O. Up to `concurrency` (16) wait at once; order is kept unless
   * `ordered: false`. The first failure, and a call that takes longer than `timeout`, abort the signals of the others.
   *
   * @example
   * await sc.parallelize([1, 2]).mapAsync(async (n) => n * 2, { concurrency: 4 }).collect() // [2, 4]
   */
  mapAsync<U>(f: (record: T, signal: AbortSignal) => Promise<U>, options?: MapAsyncOptions): RDD<U> {
    checkOptions('mapAsync', options, ['concurrency', 'ordered', 'timeout'])
    return this.#derive(mapAsync(this.node, 'mapAsync', f, options))
  }

  /**
   * Each partition as one array.
   *
   * @example
   * await sc.parallelize([1, 2, 3], { numPartitions: 2 }).glom().collect() // [[1], [2, 3]]
   */
  glom(): RDD<T[]> {
    return this.#derive(partitions.glom(this.node))
  }

  /**
   * Exactly so many partitions, whose sizes differ by one at most.
   *
   * @example
   * sc.parallelize([1, 2, 3]).repartition(2).numPartitions // 2
   */
  repartition(numPartitions: number): RDD<T> {
    return this.#derive(partitions.repartition(this.node, 'repartition', numPartitions))
  }

  /**
   * Neighbouring partitions laid together; more partitions than before only with `shuffle`.
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
   * Each record with its place in the whole, from 0.
   *
   * @example
   * await sc.parallelize(['a', 'b']).zipWithIndex().collect() // [['a', 0], ['b', 1]]
   */
  zipWithIndex(): RDD<[T, number]> {
    return this.#derive(partitions.zipWithIndex(this.node))
  }

  /**
   * One of each record, by the equality of keys: the first that came. In as many partitions as there are, unless the
   * options say another number.
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
   * One of each record that is in both.
   *
   * @example
   * await sc.parallelize([1, 2, 2]).intersection(sc.parallelize([2, 3])).collect() // [2]
   */
  intersection(this: RDD<T & Key>, that: RDD<T>): RDD<T> {
    const other = nodeOf('intersection', that)
    return this.#derive(sets.intersection(this.node, other, this.context.defaultParallelism), that.observer)
  }

  /**
   * The records that are not in the other, as often as they are here.
   *
   * @example
   * await sc.parallelize([1, 1, 2]).subtract(sc.parallelize([2])).collect() // [1, 1]
   */
  subtract(this: RDD<T & Key>, that: RDD<T>): RDD<T> {
    const other = nodeOf('subtract', that)
    return this.#derive(sets.subtract(this.node, other), that.observer)
  }

  /**
   * Every record of this with every record of the other.
   *
   * @example
   * await sc.parallelize([1, 2]).cartesian(sc.parallelize(['a'])).collect() // [[1, 'a'], [2, 'a']]
   */
  cartesian<U>(that: RDD<U>): RDD<[T, U]> {
    return this.#derive(partitions.cartesian(this.node, nodeOf('cartesian', that)), that.observer)
  }

  /**
   * Record i of this with record i of the other.
   * @throws `unequal-partitions`; when evaluated `unequal-parts`, where partitions differ in length
   *
   * @example
   * await sc.parallelize([1, 2]).zip(sc.parallelize(['a', 'b'])).collect() // [[1, 'a'], [2, 'b']]
   */
  zip<U>(that: RDD<U>): RDD<[T, U]> {
    return this.#derive(zip(this.node, nodeOf('zip', that)), that.observer)
  }

  /**
   * The records of each group, in order of arrival.
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
   * Each record kept with probability `fraction`; with replacement, kept `fraction` times on average. The same seed takes
   * the same records; without one the batch time is the seed.
   *
   * @example
   * await sc.parallelize([1, 2]).sample(false, 1).collect() // [1, 2]
   */
  sample(withReplacement: boolean, fraction: number, seed?: number): RDD<T> {
    return this.#derive(sampling.sample(this.node, withReplacement, fraction, seed))
  }

  /**
   * Every record in exactly one of the parts, whose sizes are about as the weights.
   *
   * @example
   * sc.parallelize([1, 2, 3]).randomSplit([2, 1], 7).length // 2
   */
  randomSplit(weights: readonly number[], seed?: number): RDD<T>[] {
    return sampling.randomSplit(this.node, weights, seed).map((node) => this.#derive<T>(node))
  }

  /**
   * Sorted by the natural order of `by`, stable; partition after partition. Only what is asked for is sorted: `take(15)`
   * looks for the first fifteen.
   *
   * @example
   * await sc.parallelize(['bb', 'a']).sortBy((word) => word.length).collect() // ['a', 'bb']
   */
  sortBy(by: (record: T) => Key, options?: SortOptions): RDD<T> {
    return this.#derive(this.#sort('sortBy', by, options))
  }

  /**
   * Evaluated once and kept from now on, as long as somebody holds this RDD.
   *
   * @example
   * await sc.parallelize([1]).map((n) => n + 1).persist().collect() // [2]
   */
  persist(): this {
    this.node.cache()
    return this
  }

  /**
   * The same as `persist`.
   *
   * @example
   * await sc.parallelize([1]).map((n) => n + 1).cache().collect() // [2]
   */
  cache(): this {
    return this.persist()
  }

  /**
   * Lets go of what `persist` has kept.
   *
   * @example
   * await sc.parallelize([1]).persist().unpersist().collect() // [1]
   */
  unpersist(): this {
    this.node.uncache()
    return this
  }

  // by key
  /**
   * The key of each pair.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).keys().collect() // ['a']
   */
  keys<K extends Key, V>(this: RDD<readonly [K, V]>): RDD<K> {
    return this.#derive(steps.narrow(this.node, 'keys', 'keys'))
  }

  /**
   * The value of each pair.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).values().collect() // [1]
   */
  values<K extends Key, V>(this: RDD<readonly [K, V]>): RDD<V> {
    return this.#derive(steps.narrow(this.node, 'values', 'values'))
  }

  /**
   * Pairs in the natural order of their keys, stable.
   *
   * @example
   * await sc.parallelize<[string, number]>([['b', 1], ['a', 2]]).sortByKey().collect() // [['a', 2], ['b', 1]]
   */
  sortByKey<K extends Key, V>(this: RDD<readonly [K, V]>, options?: SortOptions): RDD<[K, V]> {
    return this.#derive(this.#sort('sortByKey', keyOfPair, options))
  }

  /**
   * For every key of either side its values on both.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).cogroup(sc.parallelize<[string, number]>([['a', 2], ['b', 3]])).collect() // [['a', [[1], [2]]], ['b', [[], [3]]]]
   */
  cogroup<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V[], W[]]]> {
    const other = nodeOf('cogroup', that)
    const partitioner = this.#partitioner('cogroup', options, other)
    return this.#derive(joins.cogroup(this.node, other, 'cogroup', partitioner), that.observer)
  }

  /**
   * Every pair of values of the keys that are on both sides, in the order of the other side.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).join(sc.parallelize<[string, number]>([['a', 2], ['b', 3]])).collect() // [['a', [1, 2]]]
   */
  join<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W]]> {
    return this.#join('join', that, options, { left: false, right: false })
  }

  /**
   * As `join`, with the keys that are only here: their other value is `undefined`.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).leftOuterJoin(sc.parallelize<[string, number]>([])).collect() // [['a', [1, undefined]]]
   */
  leftOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W | undefined]]> {
    return this.#join('leftOuterJoin', that, options, { left: true, right: false })
  }

  /**
   * As `join`, with the keys that are only there: their value here is `undefined`.
   *
   * @example
   * await sc.parallelize<[string, number]>([]).rightOuterJoin(sc.parallelize<[string, number]>([['b', 3]])).collect() // [['b', [undefined, 3]]]
   */
  rightOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W]]> {
    return this.#join('rightOuterJoin', that, options, { left: false, right: true })
  }

  /**
   * As `join`, with the keys of either side alone.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1]]).fullOuterJoin(sc.parallelize<[string, number]>([['b', 3]])).collect() // [['b', [undefined, 3]], ['a', [1, undefined]]]
   */
  fullOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W | undefined]]> {
    return this.#join('fullOuterJoin', that, options, { left: true, right: true })
  }

  /**
   * The values of each key folded into one by `f`, which is associative; keys in order of arrival. Pairs with a key that
   * is not allowed, and records that are no pairs, are an error that names them.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2], ['a', 3]]).reduceByKey((a, b) => a + b).collect() // [['a', 4], ['b', 2]]
   */
  reduceByKey<K extends Key, V>(
    this: RDD<readonly [K, V]>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): RDD<[K, V]> {
    return this.#derive(shuffle.reduceByKey(this.node, 'reduceByKey', f, this.#partitioner('reduceByKey', options)))
  }

  /**
   * All values of each key, in order of arrival.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).groupByKey().collect() // [['a', [1, 3]]]
   */
  groupByKey<K extends Key, V>(this: RDD<readonly [K, V]>, options?: PartitionOptions): RDD<[K, V[]]> {
    return this.#derive(shuffle.groupByKey(this.node, 'groupByKey', this.#partitioner('groupByKey', options)))
  }

  /**
   * The general form: `createCombiner` for the first value of a key in a partition, `mergeValue` for the next ones,
   * `mergeCombiners` between partitions.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).combineByKey((v) => [v], (c, v) => [...c, v], (a, b) => [...a, ...b]).collect() // [['a', [1, 3]]]
   */
  combineByKey<K extends Key, V, C>(
    this: RDD<readonly [K, V]>,
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
   * Folds the values of a key into `zero`, once per key and partition; then the results of partitions by `f`. Where `zero` is
   * data each key has a copy of its own, so that `f` may change its first argument.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).foldByKey(10, (a, b) => a + b).collect() // [['a', 14]]
   */
  foldByKey<K extends Key, V>(
    this: RDD<readonly [K, V]>,
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
   * As `foldByKey`, with a result of another type: `seq` within a partition, `comb` between partitions.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).aggregateByKey(() => '', (text, n) => text + n, (a, b) => a + b).collect() // [['a', '13']]
   */
  aggregateByKey<K extends Key, V, C>(
    this: RDD<readonly [K, V]>,
    zero: () => C,
    seq: (c: C, value: V) => C,
    comb: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): RDD<[K, C]> {
    aFunction('aggregateByKey', 'zero', zero)
    aFunction('aggregateByKey', 'seq', seq)
    const functions = { create: (value: V) => seq(zero(), value), merge: seq, mergeCombiners: comb }
    const partitioner = this.#partitioner('aggregateByKey', options)
    return this.#derive(shuffle.combineByKey(this.node, 'aggregateByKey', functions, partitioner))
  }

  /**
   * The pairs whose key is no key of the other.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2]]).subtractByKey(sc.parallelize<[string, number]>([['a', 9]])).collect() // [['b', 2]]
   */
  subtractByKey<K extends Key, V, W>(this: RDD<readonly [K, V]>, that: RDD<readonly [K, W]>): RDD<[K, V]> {
    const other = nodeOf('subtractByKey', that)
    return this.#derive(sets.subtractByKey(this.node, other), that.observer)
  }

  /**
   * The same pairs, each in the partition of its key.
   *
   * @example
   * sc.parallelize<[string, number]>([['a', 1]]).partitionBy(new HashPartitioner(3)).numPartitions // 3
   */
  partitionBy<K extends Key, V>(this: RDD<readonly [K, V]>, partitioner: Partitioner): RDD<[K, V]> {
    const chosen = this.#partitioner('partitionBy', { partitioner })
    return this.#derive(shuffle.partitionBy(this.node, 'partitionBy', chosen))
  }

  // actions
  /**
   * All records, partition after partition.
   *
   * @example
   * await sc.parallelize([1, 2]).collect() // [1, 2]
   */
  collect(): Promise<T[]> {
    return this.#act((evaluation) => actions.collect(this.node, evaluation)) as Promise<T[]>
  }

  /**
   * How many records there are.
   *
   * @example
   * await sc.parallelize([1, 2]).count() // 2
   */
  count(): Promise<number> {
    return this.#act((evaluation) => actions.count(this.node, evaluation))
  }

  /**
   * Whether there are none; looks no further than the first.
   *
   * @example
   * await sc.parallelize([1, 2]).isEmpty() // false
   */
  isEmpty(): Promise<boolean> {
    return this.#act((evaluation) => actions.isEmpty(this.node, evaluation))
  }

  /**
   * The first record. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([1, 2]).first() // 1
   */
  first(): Promise<T> {
    return this.#act((evaluation) => actions.first(this.node, evaluation)) as Promise<T>
  }

  /**
   * The first `n` records, or all if there are fewer. Evaluates no more partitions, and no more of the last one, than that needs.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).take(2) // [1, 2]
   */
  take(n: number): Promise<T[]> {
    return this.#act((evaluation) => actions.take(this.node, n, evaluation)) as Promise<T[]>
  }

  /**
   * Folds all records into one; `f` is associative. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([1, 2, 3]).reduce((a, b) => a + b) // 6
   */
  reduce(f: (a: T, b: T) => T): Promise<T> {
    return this.#act((evaluation) => actions.reduce(this.node, f, evaluation)) as Promise<T>
  }

  /**
   * The `n` least by `by`, in order; ties in order of arrival.
   *
   * @example
   * await sc.parallelize([3, 1, 2]).takeOrdered(2) // [1, 2]
   */
  takeOrdered(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, true, evaluation)) as Promise<T[]>
  }

  /**
   * The `n` greatest by `by`, greatest first; ties in order of arrival.
   *
   * @example
   * await sc.parallelize([3, 1, 2]).top(2) // [3, 2]
   */
  top(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, false, evaluation)) as Promise<T[]>
  }

  /**
   * The greatest record by `by`; of equals the first. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize(['a', 'ccc', 'bb']).max((word) => word.length) // 'ccc'
   */
  max(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'max', by, evaluation)) as Promise<T>
  }

  /**
   * The least record by `by`; of equals the first. @throws `empty-collection`
   *
   * @example
   * await sc.parallelize([3, 1, 2]).min() // 1
   */
  min(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'min', by, evaluation)) as Promise<T>
  }

  /**
   * `f(f(zero, a), b)` …, beginning with `zero` in every partition and once more between them, as in Spark. Each beginning
   * has a copy of its own where `zero` is data, so that `f` may change its first argument.
   *
   * @example
   * await sc.parallelize([1, 2]).fold(0, (a, b) => a + b) // 3
   */
  fold(zero: T, f: (a: T, b: T) => T): Promise<T> {
    const functions = { zero: zeroSupply(zero), seq: f, comb: f }
    return this.#act((evaluation) => actions.aggregate(this.node, 'fold', functions, evaluation)) as Promise<T>
  }

  /**
   * As `fold`, with a result of another type: `seq` within a partition, `comb` between partitions.
   *
   * @example
   * await sc.parallelize([1, 2]).aggregate(() => '', (text, n) => text + n, (a, b) => a + b) // '12'
   */
  aggregate<C>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C> {
    const functions = { zero, seq, comb }
    return this.#act((evaluation) => actions.aggregate(this.node, 'aggregate', functions, evaluation)) as Promise<C>
  }

  /**
   * Exactly `n` records by chance, or all if there are fewer and none may come twice.
   *
   * @example
   * (await sc.parallelize([1, 2, 3]).takeSample(false, 2, 7)).length // 2
   */
  takeSample(withReplacement: boolean, n: number, seed?: number): Promise<T[]> {
    return this.#act((evaluation) => takeSample(this.node, withReplacement, n, seed, evaluation)) as Promise<T[]>
  }

  /**
   * How often each record is there.
   *
   * @example
   * (await sc.parallelize(['a', 'b', 'a']).countByValue()).get('a') // 2
   */
  countByValue(this: RDD<T & Key>): Promise<Map<T, number>> {
    return this.#act((evaluation) => keyedActions.countByValue(this.node, evaluation)) as Promise<Map<never, number>>
  }

  /**
   * How many pairs each key has.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 7], ['a', 8]]).countByKey()).get('a') // 2
   */
  countByKey<K extends Key, V>(this: RDD<readonly [K, V]>): Promise<Map<K, number>> {
    return this.#act((evaluation) => keyedActions.countByKey(this.node, evaluation)) as Promise<Map<K, number>>
  }

  /**
   * The last value of each key.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 7], ['a', 8]]).collectAsMap()).get('a') // 8
   */
  collectAsMap<K extends Key, V>(this: RDD<readonly [K, V]>): Promise<Map<K, V>> {
    return this.#act((evaluation) => keyedActions.collectAsMap(this.node, evaluation)) as Promise<Map<K, V>>
  }

  /**
   * The values of one key; reads only its partition where the partitioner is known.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 7], ['b', 8]]).lookup('a') // [7]
   */
  lookup<K extends Key, V>(this: RDD<readonly [K, V]>, key: K): Promise<V[]> {
    return this.#act((evaluation) => keyedActions.lookup(this.node, key, evaluation)) as Promise<V[]>
  }

  /**
   * The sum; 0 of none. @throws `not-a-number`, as the cause of a RecordError
   *
   * @example
   * await sc.parallelize([1, 2]).sum() // 3
   */
  sum(this: RDD<number>): Promise<number> {
    return this.#act((evaluation) => statistics.sum(this.node, evaluation))
  }

  /**
   * The mean; NaN of none.
   *
   * @example
   * await sc.parallelize([1, 2]).mean() // 1.5
   */
  async mean(this: RDD<number>): Promise<number> {
    return (await this.stats()).mean
  }

  /**
   * Count, sum, mean, variances and extremes in one walk.
   *
   * @example
   * (await sc.parallelize([1, 3]).stats()).variance // 1
   */
  stats(this: RDD<number>): Promise<statistics.Stats> {
    return this.#act((evaluation) => statistics.stats(this.node, evaluation))
  }

  /**
   * How many numbers fall into each bucket: a number of equal ones, or bounds that rise, NaN above all. The last one holds
   * its upper bound too. @throws `bad-histogram`
   *
   * @example
   * (await sc.parallelize([1, 2, 3]).histogram([1, 2, 3])).counts // [1, 2]
   */
  histogram(this: RDD<number>, buckets: number | readonly number[]): Promise<statistics.Histogram> {
    return this.#act((evaluation) => statistics.histogram(this.node, buckets, evaluation))
  }

  /**
   * The records one by one, a partition evaluated when the one before has been read.
   *
   * @example
   * (await sc.parallelize([1, 2]).toAsyncIterable().next()).value // 1
   */
  async *toAsyncIterable(): AsyncGenerator<T, void, undefined> {
    for (let i = 0; i < this.numPartitions; i++) {
      const records = (await this.#act((evaluation) => partitionOf(this.node, i, evaluation))) as readonly T[]
      yield* records
    }
  }

  /**
   * Some records at a time (16); the first failure aborts the signals of the others and is what the action fails with.
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
   * One partition after the other; what `f` returns is awaited.
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
  foreach(f: (record: T) => void): Promise<void> {
    return this.#act((evaluation) => actions.foreach(this.node, f, evaluation))
  }

  /** One line a record, in a directory with a file per partition, which appears whole or not at all. */
  saveAsTextFile(path: string): Promise<void> {
    return this.#act((evaluation) => saveText(this.node, path, evaluation))
  }
  /** The same in dstream's own binary form, which `sc.objectFile` reads back equal. */
  saveAsObjectFile(path: string): Promise<void> {
    return this.#act((evaluation) => saveObjects(this.node, path, evaluation))
  }

  // rarely used

  /**
   * Each record with a number of its own, found without counting other partitions: i·n + p for record i of partition p.
   *
   * @example
   * await sc.parallelize(['a', 'b', 'c'], { numPartitions: 2 }).zipWithUniqueId().collect() // [['a', 0], ['b', 1], ['c', 3]]
   */
  zipWithUniqueId(): RDD<[T, number]> {
    return this.#derive(zipWithUniqueId(this.node))
  }

  /**
   * Pairs with a key from `lower` to `upper`, both included, in the natural order.
   *
   * @example
   * await sc.parallelize<[number, string]>([[1, 'a'], [2, 'b'], [3, 'c']]).filterByRange(2, 3).keys().collect() // [2, 3]
   */
  filterByRange<K extends Key, V>(this: RDD<readonly [K, V]>, lower: K, upper: K): RDD<[K, V]> {
    return this.#derive(steps.filterByRange(this.node, lower, upper))
  }

  /**
   * As `sample`, with a fraction for each key; keys without one are left out.
   *
   * @example
   * await sc.parallelize<[string, number]>([['a', 1], ['b', 2]]).sampleByKey(false, new Map([['a', 1]])).collect() // [['a', 1]]
   */
  sampleByKey<K extends Key, V>(
    this: RDD<readonly [K, V]>,
    withReplacement: boolean,
    fractions: ReadonlyMap<K, number>,
    seed?: number,
  ): RDD<[K, V]> {
    return this.#derive(sampling.sampleByKey(this.node, withReplacement, fractions, seed))
  }

  /**
   * Each pair in the partition of its key, and within it in the order of keys.
   *
   * @example
   * await sc.parallelize<[number, string]>([[2, 'b'], [1, 'a']]).repartitionAndSortWithinPartitions(new HashPartitioner(1)).keys().collect() // [1, 2]
   */
  repartitionAndSortWithinPartitions<K extends Key, V>(
    this: RDD<readonly [K, V]>,
    partitioner: Partitioner,
  ): RDD<[K, V]> {
    const chosen = this.#partitioner('repartitionAndSortWithinPartitions', { partitioner })
    return this.#derive(repartitionAndSort(this.node, chosen))
  }

  /**
   * `reduceByKey` as an action.
   *
   * @example
   * (await sc.parallelize<[string, number]>([['a', 1], ['a', 3]]).reduceByKeyLocally((a, b) => a + b)).get('a') // 4
   */
  reduceByKeyLocally<K extends Key, V>(this: RDD<readonly [K, V]>, f: (a: V, b: V) => V): Promise<Map<K, V>> {
    return this.#act((evaluation) => keyedActions.reduceByKeyLocally(this.node, f, evaluation)) as Promise<Map<K, V>>
  }

  /**
   * The same as `reduce`: in one process there is no tree.
   *
   * @example
   * await sc.parallelize([1, 2, 3]).treeReduce((a, b) => a + b) // 6
   */
  treeReduce(f: (a: T, b: T) => T): Promise<T> {
    return this.reduce(f)
  }

  /**
   * The same as `aggregate`.
   *
   * @example
   * await sc.parallelize([1, 2]).treeAggregate(() => 0, (sum, n) => sum + n, (a, b) => a + b) // 3
   */
  treeAggregate<C>(zero: () => C, seq: (c: C, record: T) => C, comb: (a: C, b: C) => C): Promise<C> {
    return this.aggregate(zero, seq, comb)
  }

  // for the engine
  /** Evaluated once and kept from now on: each partition becomes an array at its first use. @internal */
  cacheAlways(): this {
    this.node.cacheAlways()
    return this
  }
  /** All partitions as arrays, evaluated once and kept. Not to be changed. @internal */
  materialise(): Promise<readonly (readonly T[])[]> {
    this.node.cacheAlways()
    return this.#act((evaluation) => allPartitions(this.node, evaluation)) as Promise<readonly (readonly T[])[]>
  }
  /** The same, where nobody has asked for arrays as tables whose entries the records are. @internal */
  partitions(): Promise<readonly PartitionData<T>[]> {
    this.node.cacheAlways()
    return this.#act((evaluation) => partitionData(this.node, evaluation)) as Promise<readonly PartitionData<T>[]>
  }
  /**
   * `reduceByKey` for a result that is used up at once: its keys stay as they came, and may be cuts that keep longer texts
   * alive. A key of 13 letters is copied in the time in which three are looked up. @internal
   */
  reduceByKeyTransient<K extends Key, V>(this: RDD<readonly [K, V]>, f: (a: V, b: V) => V, options?: PartitionOptions) {
    const partitioner = this.#partitioner('reduceByKey', options)
    return this.#derive<[K, V]>(shuffle.reduceByKey(this.node, 'reduceByKey', f, partitioner, shuffle.keepKey))
  }
  /** `groupByKey` for a result that is used up at once. @internal */
  groupByKeyTransient<K extends Key, V>(this: RDD<readonly [K, V]>, options?: PartitionOptions) {
    const partitioner = this.#partitioner('groupByKey', options)
    return this.#derive<[K, V[]]>(shuffle.groupByKey(this.node, 'groupByKey', partitioner, shuffle.keepKey))
  }
  /** Other objects for the same records, partition by partition: they take the place of those that are held. @internal */
  replacePartitions(held: readonly PartitionData<T>[]): void {
    this.node.truncateLineage(held, this.node.history)
  }
  /** A handle on the same evaluation whose actions, and those of RDDs made from it, are reported to the job. @internal */
  observedBy(observer: ActionObserver): RDD<T> {
    return new RDD(this.context, this.node, observer)
  }
  /** Names every step of the lineage that has no name yet, for error messages. @internal */
  label(operator: string, time: number): this {
    this.node.setLabel(operator, time)
    return this
  }

  /** What each step of the lineage has taken and given so far. @internal */
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

/** A function of the records alone as one of index and records. */
function whole(kind: string, f: (records: Iterable<never>) => unknown) {
  aFunction(kind, 'the function', f)
  return (_: number, records: Iterable<never>): unknown => f(records)
}

/** Begins at once; what is thrown becomes a rejection. */
async function begin<R>(run: () => MaybePromise<R>): Promise<R> {
  return run()
}
