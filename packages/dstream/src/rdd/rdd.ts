import type { Key } from '../keys/key.js'
import type { Partitioner, PartitionOptions } from '../keys/partitioner.js'
import * as actions from './actions.js'
import { allPartitions } from './evaluate.js'
import { Evaluation } from './evaluation.js'
import type { Maybe } from './maybe.js'
import type { PlanNode } from './plan.js'
import type { RDDContext } from './rdd-context.js'
import * as shuffle from './shuffle.js'
import * as steps from './steps.js'

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

  // by key
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
  foreach(f: (record: T) => void): Promise<void> {
    return this.#act((evaluation) => actions.foreach(this.node, f, evaluation))
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

  #act<R>(run: (evaluation: Evaluation) => Maybe<R>): Promise<R> {
    const action = begin(() => run(new Evaluation(this.context.runtime)))
    this.job?.track(action)
    return action
  }
}

/** Begins at once; what is thrown becomes a rejection. */
async function begin<R>(run: () => Maybe<R>): Promise<R> {
  return run()
}
