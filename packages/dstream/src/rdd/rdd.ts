import { keyOf, type Key } from '../keys/key.js'
import type { Partitioner, PartitionOptions } from '../keys/partitioner.js'
import { aFunction, checkOptions, positiveInteger } from '../options.js'
import * as actions from './actions.js'
import { allPartitions } from './evaluate.js'
import { Evaluation } from './evaluation.js'
import type { Maybe } from './maybe.js'
import type { PlanNode } from './plan.js'
import type { RDDContext } from './rdd-context.js'
import * as joins from './join.js'
import { mapAsync, type MapAsyncOptions } from './map-async.js'
import * as partitions from './partition-steps.js'
import { saveObjects, saveText } from './saving.js'
import * as shuffle from './shuffle.js'
import { sortBy } from './sort.js'
import * as steps from './steps.js'

export interface SortOptions {
  /** Default true. */
  ascending?: boolean | undefined
  /** Default: as many as before. */
  numPartitions?: number | undefined
}

/** Is told of every action that is begun on its RDDs. @internal */
export interface Job {
  track(action: Promise<unknown>): void
}

const brand = Symbol.for('dstream.rdd')

/**
 * The records of one batch: lazy, immutable, in partitions. Transformations give another RDD at once and evaluate
 * nothing; actions evaluate and give a Promise.
 */
export class RDD<out T> {
  readonly context: RDDContext
  /** @internal */
  readonly node: PlanNode
  /** @internal */
  readonly job: Job | undefined

  /** @internal Use {@link RDDContext.parallelize}. */
  constructor(context: RDDContext, node: PlanNode, job?: Job) {
    this.context = context
    this.node = node
    this.job = job
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  get id(): number {
    return this.node.id
  }
  get numPartitions(): number {
    return this.node.numPartitions
  }
  getNumPartitions(): number {
    return this.node.numPartitions
  }
  get partitioner(): Partitioner | undefined {
    return this.node.partitioner
  }

  // record by record
  map<U>(f: (record: T) => U): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'map', 'map', f))
  }
  flatMap<U>(f: (record: T) => Iterable<U> & object): RDD<U> {
    return this.#derive(steps.narrow(this.node, 'flatMap', 'flatMap', f))
  }
  filter<U extends T>(keep: (record: T) => record is U): RDD<U>
  filter(keep: (record: T) => boolean): RDD<T>
  filter(keep: (record: T) => boolean): RDD<T> {
    return this.#derive(steps.narrow(this.node, 'filter', 'filter', keep))
  }
  mapToPair<K extends Key, V>(f: (record: T) => readonly [K, V]): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'mapToPair', 'map', f))
  }
  flatMapToPair<K extends Key, V>(f: (record: T) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(steps.narrow(this.node, 'flatMapToPair', 'flatMap', f))
  }
  /** Calls `f` for what it does; the records go on unchanged. */
  tap(f: (record: T) => void): RDD<T> {
    return this.#derive(steps.narrow(this.node, 'tap', 'tap', f))
  }
  mapValues<K extends Key, V, U>(this: RDD<readonly [K, V]>, f: (value: V) => U): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'mapValues', 'mapValues', f))
  }
  flatMapValues<K extends Key, V, U>(this: RDD<readonly [K, V]>, f: (value: V) => Iterable<U>): RDD<[K, U]> {
    return this.#derive(steps.narrow(this.node, 'flatMapValues', 'flatMapValues', f))
  }
  union<U>(that: RDD<U>): RDD<T | U> {
    return this.#derive(steps.union([this.node, that.node]), that.job)
  }

  /** One partition at once; a long one holds the event loop meanwhile. */
  mapPartitions<U>(f: (records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitions', whole('mapPartitions', f)))
  }
  mapPartitionsToPair<K extends Key, V>(f: (records: Iterable<T>) => Iterable<readonly [K, V]>): RDD<[K, V]> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsToPair', whole('mapPartitionsToPair', f)))
  }
  mapPartitionsWithIndex<U>(f: (index: number, records: Iterable<T>) => Iterable<U>): RDD<U> {
    return this.#derive(partitions.wholePartition(this.node, 'mapPartitionsWithIndex', f))
  }
  /** One record in, one out, for functions that wait for I/O. */
  mapAsync<U>(f: (record: T, signal: AbortSignal) => Promise<U>, options?: MapAsyncOptions): RDD<U> {
    checkOptions('mapAsync', options, ['concurrency', 'ordered', 'timeout'])
    return this.#derive(mapAsync(this.node, 'mapAsync', f, options))
  }
  /** Each partition as one array. */
  glom(): RDD<T[]> {
    return this.#derive(partitions.glom(this.node))
  }
  /** Exactly so many partitions, evenly filled. */
  repartition(numPartitions: number): RDD<T> {
    return this.#derive(partitions.repartition(this.node, 'repartition', numPartitions))
  }
  /** Neighbouring partitions laid together; more partitions only with `shuffle`. */
  coalesce(numPartitions: number, options?: { shuffle?: boolean | undefined }): RDD<T> {
    checkOptions('coalesce', options, ['shuffle'])
    if (options?.shuffle === true) return this.#derive(partitions.repartition(this.node, 'coalesce', numPartitions))
    return this.#derive(partitions.coalesce(this.node, numPartitions))
  }
  /** Each record with its place in the whole, from 0. */
  zipWithIndex(): RDD<[T, number]> {
    return this.#derive(partitions.zipWithIndex(this.node))
  }
  /** Sorted by the natural order of `by`, stable; partition after partition. */
  sortBy(by: (record: T) => Key, options?: SortOptions): RDD<T> {
    return this.#derive(this.#sort('sortBy', by, options))
  }
  /** Accepted, as in Spark: evaluated once and kept from now on. */
  persist(): this {
    return this.share()
  }
  cache(): this {
    return this.share()
  }
  unpersist(): this {
    this.node.unshare()
    return this
  }

  // by key
  keys<K extends Key, V>(this: RDD<readonly [K, V]>): RDD<K> {
    return this.#derive(steps.narrow(this.node, 'keys', 'keys'))
  }
  values<K extends Key, V>(this: RDD<readonly [K, V]>): RDD<V> {
    return this.#derive(steps.narrow(this.node, 'values', 'values'))
  }
  sortByKey<K extends Key, V>(this: RDD<readonly [K, V]>, options?: SortOptions): RDD<[K, V]> {
    return this.#derive(this.#sort('sortByKey', (pair: readonly unknown[]) => pair[0], options))
  }
  cogroup<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V[], W[]]]> {
    const partitioner = this.#partitioner('cogroup', options, that.node)
    return this.#derive(joins.cogroup(this.node, that.node, 'cogroup', partitioner), that.job)
  }
  join<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W]]> {
    return this.#join('join', that, options, { left: false, right: false })
  }
  leftOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V, W | undefined]]> {
    return this.#join('leftOuterJoin', that, options, { left: true, right: false })
  }
  rightOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W]]> {
    return this.#join('rightOuterJoin', that, options, { left: false, right: true })
  }
  fullOuterJoin<K extends Key, V, W>(
    this: RDD<readonly [K, V]>,
    that: RDD<readonly [K, W]>,
    options?: PartitionOptions,
  ): RDD<[K, [V | undefined, W | undefined]]> {
    return this.#join('fullOuterJoin', that, options, { left: true, right: true })
  }
  reduceByKey<K extends Key, V>(
    this: RDD<readonly [K, V]>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): RDD<[K, V]> {
    return this.#derive(shuffle.reduceByKey(this.node, 'reduceByKey', f, this.#partitioner('reduceByKey', options)))
  }
  groupByKey<K extends Key, V>(this: RDD<readonly [K, V]>, options?: PartitionOptions): RDD<[K, V[]]> {
    return this.#derive(shuffle.groupByKey(this.node, 'groupByKey', this.#partitioner('groupByKey', options)))
  }
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
  partitionBy<K extends Key, V>(this: RDD<readonly [K, V]>, partitioner: Partitioner): RDD<[K, V]> {
    const chosen = this.#partitioner('partitionBy', { partitioner })
    return this.#derive(shuffle.partitionBy(this.node, 'partitionBy', chosen))
  }

  // actions
  collect(): Promise<T[]> {
    return this.#act((evaluation) => actions.collect(this.node, evaluation)) as Promise<T[]>
  }
  count(): Promise<number> {
    return this.#act((evaluation) => actions.count(this.node, evaluation))
  }
  isEmpty(): Promise<boolean> {
    return this.#act((evaluation) => actions.isEmpty(this.node, evaluation))
  }
  first(): Promise<T> {
    return this.#act((evaluation) => actions.first(this.node, evaluation)) as Promise<T>
  }
  take(n: number): Promise<T[]> {
    return this.#act((evaluation) => actions.take(this.node, n, evaluation)) as Promise<T[]>
  }
  reduce(f: (a: T, b: T) => T): Promise<T> {
    return this.#act((evaluation) => actions.reduce(this.node, f, evaluation)) as Promise<T>
  }
  /** The `n` least by `by`, in order; ties in order of arrival. */
  takeOrdered(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, true, evaluation)) as Promise<T[]>
  }
  /** The `n` greatest by `by`, greatest first; ties in order of arrival. */
  top(n: number, by: (record: T) => Key = identity): Promise<T[]> {
    return this.#act((evaluation) => actions.takeOrdered(this.node, n, by, false, evaluation)) as Promise<T[]>
  }
  max(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'max', by, evaluation)) as Promise<T>
  }
  min(by: (record: T) => Key = identity): Promise<T> {
    return this.#act((evaluation) => actions.extreme(this.node, 'min', by, evaluation)) as Promise<T>
  }
  /** The last value of each key. */
  async collectAsMap<K extends Key, V>(this: RDD<readonly [K, V]>): Promise<Map<K, V>> {
    return new Map(await this.mapToPair(([key, value]): [K, V] => [keyOf(key) as K, value]).collect())
  }
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

  // for the engine
  /** Evaluated once and kept from now on: each partition becomes an array at its first use. @internal */
  share(): this {
    this.node.share()
    return this
  }
  /** All partitions as arrays, evaluated once and kept. Not to be changed. @internal */
  materialise(): Promise<readonly (readonly T[])[]> {
    this.node.share()
    return this.#act((evaluation) => allPartitions(this.node, evaluation)) as Promise<readonly (readonly T[])[]>
  }
  /** A handle on the same evaluation whose actions, and those of RDDs made from it, are reported to the job. @internal */
  within(job: Job): RDD<T> {
    return new RDD(this.context, this.node, job)
  }
  /** Names every step of the lineage that has no name yet, for error messages. @internal */
  label(operator: string, time: number): this {
    this.node.name(operator, time)
    return this
  }

  #derive<U>(node: PlanNode, other?: Job): RDD<U> {
    return new RDD(this.context, node, this.job ?? other)
  }

  #partitioner(where: string, options: PartitionOptions | undefined, ...others: PlanNode[]): Partitioner {
    return shuffle.choosePartitioner(where, options, [this.node, ...others], this.context.defaultParallelism)
  }

  #sort(where: string, by: (record: never) => unknown, options: SortOptions = {}): PlanNode {
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
    const partitioner = this.#partitioner(kind, options, that.node)
    return this.#derive(joins.join(this.node, that.node, kind, partitioner, keep), that.job)
  }

  #act<R>(run: (evaluation: Evaluation) => Maybe<R>): Promise<R> {
    const action = begin(() => run(new Evaluation(this.context.runtime)))
    this.job?.track(action)
    return action
  }
}

const identity = (record: unknown): Key => record as Key

/** A function of the records alone as one of index and records. */
const whole = (kind: string, f: (records: Iterable<never>) => unknown) => {
  aFunction(kind, 'the function', f)
  return (_: number, records: Iterable<never>): unknown => f(records)
}

/** Begins at once; what is thrown becomes a rejection. */
async function begin<R>(run: () => Maybe<R>): Promise<R> {
  return run()
}
