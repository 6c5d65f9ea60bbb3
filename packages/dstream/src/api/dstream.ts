import type { Writable } from 'node:stream'
import type { Logger } from '../base/ports.js'
import type { UserCode } from '../base/user-code.js'
import { changingTooLate, differentContexts, notAStream, notInitialized } from '../base/errors/graph.js'
import { badOption, optionsBesideSpec } from '../base/errors/options.js'
import type { StreamingEvents, StreamingListener } from '../observe/events.js'
import type { BatchProgress } from '../observe/progress.js'
import type { Attempt, OutputSpec } from '../streams/graph/output.js'
import type { Operator } from '../streams/graph/operator.js'
import type { Plan } from '../streams/graph/plan.js'
import type { Key } from '../base/keys/key.js'
import { partitionerOf, type PartitionOptions } from '../base/keys/partitioner.js'
import { branch } from '../streams/operators/branch.js'
import { cogroup } from '../streams/operators/cogroup.js'
import { combineByKey } from '../streams/operators/combine-by-key.js'
import { count } from '../streams/operators/count.js'
import { countByValue } from '../streams/operators/count-by-value.js'
import { filter } from '../streams/operators/filter.js'
import { flatMap } from '../streams/operators/flat-map.js'
import { dedupByKey } from '../streams/operators/dedup-by-key.js'
import { distinct } from '../streams/operators/distinct.js'
import { flatMapToPair } from '../streams/operators/flat-map-to-pair.js'
import { flatMapValues } from '../streams/operators/flat-map-values.js'
import { glom } from '../streams/operators/glom.js'
import { groupByKey } from '../streams/operators/group-by-key.js'
import { groupByKeyAndWindow } from '../streams/operators/group-by-key-and-window.js'
import { fullOuterJoin } from '../streams/operators/full-outer-join.js'
import { join } from '../streams/operators/join.js'
import { leftOuterJoin } from '../streams/operators/left-outer-join.js'
import { rightOuterJoin } from '../streams/operators/right-outer-join.js'
import { map } from '../streams/operators/map.js'
import { mapAsync } from '../streams/operators/map-async.js'
import { mapPartitions } from '../streams/operators/map-partitions.js'
import { mapPartitionsToPair } from '../streams/operators/map-partitions-to-pair.js'
import { mapPartitionsWithIndex } from '../streams/operators/map-partitions-with-index.js'
import {
  mapWithState,
  type MapWithStateFunction,
  type MapWithStateOperator,
  type MapWithStateOptions,
} from '../streams/operators/map-with-state.js'
import { mapToPair } from '../streams/operators/map-to-pair.js'
import { mapValues } from '../streams/operators/map-values.js'
import { reduce } from '../streams/operators/reduce.js'
import { reduceByKey } from '../streams/operators/reduce-by-key.js'
import { countByValueAndWindow } from '../streams/operators/count-by-value-and-window.js'
import { countByWindow } from '../streams/operators/count-by-window.js'
import { reduceByKeyAndWindow } from '../streams/operators/reduce-by-key-and-window.js'
import { reduceByKeyAndWindowIncrementally } from '../streams/operators/reduce-by-key-and-window-incrementally.js'
import { reduceByWindowIncrementally } from '../streams/operators/reduce-by-window-incrementally.js'
import { reduceByWindow } from '../streams/operators/reduce-by-window.js'
import { repartition } from '../streams/operators/repartition.js'
import { runningReduceByKey } from '../streams/operators/running-reduce-by-key.js'
import type { State } from '../streams/operators/internal/state.js'
import { StateSpec } from '../streams/operators/internal/state-spec.js'
import { tap } from '../streams/operators/tap.js'
import { top } from '../streams/operators/top.js'
import { transform } from '../streams/operators/transform.js'
import { union } from '../streams/operators/union.js'
import { updateStateByKey } from '../streams/operators/update-state-by-key.js'
import type { StateOptions } from '../streams/operators/internal/state-options.js'
import type { OperatorWithTable } from '../streams/operators/internal/stateful-operator.js'
import { updateStateByPartition } from '../streams/operators/update-state-by-partition.js'
import { checkWindow } from '../streams/operators/internal/check-window.js'
import { window } from '../streams/operators/window.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../base/options.js'
import { batches, type Batch } from '../output/outputs/batches.js'
import { foreachPartition } from '../output/outputs/foreach-partition.js'
import { foreachRDD } from '../output/outputs/foreach-rdd.js'
import { print } from '../output/outputs/print.js'
import { saveAsObjectFiles, saveAsTextFiles } from '../output/outputs/save.js'
import { show, SHOW_OPTIONS, showSpec, type ShowOptions } from '../output/outputs/show.js'
import { callSite } from '../streams/graph/call-site.js'
import type { PanelRow, PanelSpec } from '../observe/board.js'
import { deliveryOf, OUTPUT_OPTIONS, type OutputOptions } from '../output/delivery/delivery-policy.js'
import { checkSink, toSink, type Sink, type TwoPhaseSink } from '../output/outputs/sink.js'
import type { OutputOperation } from './output-operation.js'
import type { CombinerOf, KnownType, OrTuple } from '../rdd/plan/inference.js'
import { checkMapAsync, type MapAsyncOptions } from '../rdd/transformations/map-async.js'
import { isDeadLetterTarget, type DeadLetterTarget } from '../base/dead-letter-target.js'
import type { PartitionContext } from '../rdd/plan/partition-context.js'
import type { RDD } from '../rdd/rdd.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import type { KeyedState } from '../streams/state/keyed-state.js'
import type { StateView } from '../streams/state/view.js'
import type { NotAwaited } from '../base/promises.js'
import { checkPositiveDuration, Duration, durationOf } from '../base/time/duration.js'
import { timeOf, type Time } from '../base/time/time.js'

/** The key of a pair type. */
export type KeyOf<T> = T extends readonly [infer K extends Key, unknown] ? K : PairsAmong<T, Key>
/** The value of a pair type. */
export type ValueOf<T> = T extends readonly [unknown, infer V] ? V : PairsAmong<T, unknown>

/**
 * Is `Part` when T can be a pair, as `unknown` can, else `never`. So a `StateDStream` of pairs is a stream of `unknown` too:
 * its keys and values are among those of `unknown`. T is tested as a parameter type, because only the left side of an
 * `extends` may vary with `out T`.
 */
type PairsAmong<T, Part> = ((record: T) => void) extends (pair: [never, never]) => void ? Part : never

/** A stream of pairs `[key, value]`. Compilers show its name where the records of a stream are none. */
type PairsFromMapToPair<K extends Key, V> = DStream<readonly [K, V]>

/** The context of a stream: everything of its `StreamingContext` except the methods that make streams from sources. */
export interface StreamContext extends AsyncDisposable {
  /** Makes RDDs, broadcasts and accumulators, as Spark's `sparkContext`. */
  readonly sc: RDDContext
  /** The same as `sc`, by Spark's name. */
  readonly sparkContext: RDDContext
  readonly appName: string
  readonly batchInterval: Duration
  /** The latest batch in figures; `undefined` before the first has completed. */
  readonly lastProgress: BatchProgress | undefined
  /** The last hundred batches, oldest first. */
  readonly recentProgress: readonly BatchProgress[]

  union<T>(streams: readonly DStream<T>[]): DStream<T>
  transform<const S extends readonly DStream<any>[], U>(
    streams: S,
    f: (
      rdds: { readonly [I in keyof S]: S[I] extends DStream<infer T> ? RDD<T> : never },
      time: Time,
    ) => RDD<U> | Promise<RDD<U>>,
  ): DStream<U>

  checkpoint(directory: string | null): void
  remember(duration: Duration): void
  start(): Promise<void>
  stop(options?: { gracefully?: boolean | undefined; timeout?: Duration | undefined }): Promise<void>
  awaitTermination(): Promise<void>
  awaitTerminationOrTimeout(timeout: Duration): Promise<boolean>
  getState(): 'INITIALIZED' | 'ACTIVE' | 'STOPPED'

  addStreamingListener(listener: StreamingListener): void
  removeStreamingListener(listener: StreamingListener): void
  on<E extends keyof StreamingEvents>(event: E, f: (e: StreamingEvents[E]) => void): this
  off<E extends keyof StreamingEvents>(event: E, f: (e: StreamingEvents[E]) => void): this
  explain(): string
  plan(): Plan
}

/** A stream of all states, whose table can also be read from outside the batches: a `StateDStream`. */
export interface StateStream<out K extends Key, out S> extends DStream<[K, S]> {
  snapshot(): StateView<K, S>
  get(key: Key): S | undefined
}

/** A stream of the records that a `mapWithState` function emits, with the states behind it: a `MapWithStateDStream`. */
export interface MapWithStateStream<out K extends Key, V, out S, out E> extends DStream<E> {
  /** The type of the values; there is no such property at run time. */
  readonly valueType: V
  stateSnapshots(): DStream<[K, S]>
  snapshot(): StateView<K, S>
  get(key: Key): S | undefined
}

/** The services of a context that its streams use; the context gives them to every stream it makes. */
export interface StreamHost {
  readonly context: StreamContext
  readonly sc: RDDContext
  readonly out: Writable
  readonly logger: Logger
  /** Adds an operator to the graph. @throws `adding-too-late` after the context has been started or stopped */
  add<T>(operator: Operator<T>, kind?: string): Operator<T>
  addOutput(spec: OutputSpec): OutputOperation
  /** Lets records that are left out be sent there. */
  useDeadLetters(target: DeadLetterTarget): void
  /** Adds a panel to the board; returns the function that shows the rows of a batch there. */
  panel(spec: PanelSpec): (batchTime: number, rows: readonly PanelRow[], columns: readonly string[]) => void
  /** Runs the functions of outputs, and knows the loops over batches. */
  readonly userCode: UserCode
  /** Returns the error that has ended the context, if one has. */
  failure(): { readonly error: unknown } | undefined
  setId(operator: Operator, id: string): void
  setName(operator: Operator, name: string): void
  setCheckpoint(operator: Operator, interval: Duration): void
  slice<T>(operator: Operator<T>, fromMs: number, toMs: number): Promise<RDD<T>[]>
  /** Returns the table as of the last committed batch. */
  committed<S>(table: KeyedState<S>): StateView<Key, S>
  /** Makes the stream of an operator that is in the graph; here because its class is made from this file's. */
  stateStream<K extends Key, S>(operator: OperatorWithTable<S, [K, S]>): StateStream<K, S>
  mapWithStateStream<K extends Key, V, S, E>(operator: MapWithStateOperator<K, S, E>): MapWithStateStream<K, V, S, E>
}

const partitionKeys = ['numPartitions', 'partitioner'] as const
const stateKeys = [...partitionKeys, 'initialState', 'version', 'migrate'] as const
const brand = Symbol.for('dstream.DStream')

/**
 * A stream of batches: one RDD at each batch time. Streams are defined before `start()`; a transformation returns a new
 * stream and leaves its own unchanged. Methods that end a stream (`print`, `foreachRDD`, `batches`) are outputs: a context
 * without one does not start.
 *
 * Operators on pairs need a stream of `[key, value]`; `mapToPair` makes one.
 *
 * @example
 * const words = lines.flatMap((line) => line.split(' '))
 * words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b).print()
 */
export class DStream<out T> {
  readonly #host: StreamHost
  readonly #operator: Operator<T>

  /** @internal Called by a StreamingContext and by other streams. */
  constructor(host: StreamHost, operator: Operator<T>) {
    this.#host = host
    this.#operator = operator
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests the brand, not the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== DStream) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }

  /** The context that made this stream. */
  get context(): StreamContext {
    return this.#host.context
  }

  /** The time between two batches of this stream. */
  get slideDuration(): Duration {
    return new Duration(this.#operator.slideMs)
  }

  /** @internal */
  get operator(): Operator<T> {
    return this.#operator
  }

  /** @internal */
  get host(): StreamHost {
    return this.#host
  }

  // ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sets the id of this operator in checkpoints and plans. The default id is derived from the operator's position in the
   * program; give an id to operators whose state must survive changes of the program.
   *
   * @throws `uid-taken` when another operator has that id; the message names both call sites
   * @example
   * lines.map((line) => line.length).uid('lengths').name('length of each line')
   */
  uid(id: string): this {
    this.#host.setId(this.#operator, aString('uid', 'id', id))
    return this
  }

  /** Sets the label of this operator in `plan()` and `explain()`. */
  name(label: string): this {
    this.#host.setName(this.#operator, aString('name', 'label', label))
    return this
  }

  // ── record by record ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Maps each record to one record.
   *
   * @example
   * await runBatches([[1, 2], [3]], (s) => s.map((x) => x * 10)) // [[10, 20], [30]]
   */
  map<U, B = [U]>(f: (record: T) => NotAwaited<U, B>): DStream<U> {
    return this.#derive(map(this.#operator, aFunction('map', 'f', f)))
  }

  /**
   * Maps each record to any number of records. A string is not a list of characters here: split it.
   *
   * @example
   * await runBatches([['a b', 'c']], (s) => s.flatMap((line) => line.split(' '))) // [['a', 'b', 'c']]
   */
  flatMap<U>(f: (record: T) => Iterable<U> & object): DStream<U> {
    return this.#derive(flatMap(this.#operator, aFunction('flatMap', 'f', f)))
  }

  /**
   * Keeps the records for which `keep` returns true.
   *
   * @example
   * await runBatches([[1, 2], [3]], (s) => s.filter((x) => x > 1)) // [[2], [3]]
   */
  filter<U extends T>(keep: (record: T) => record is U): DStream<U>
  filter(keep: (record: T) => boolean): DStream<T>
  filter(keep: (record: T) => boolean): DStream<T> {
    return this.#derive(filter(this.#operator, aFunction('filter', 'keep', keep)))
  }

  /**
   * Maps each record to one pair of key and value.
   *
   * @example
   * await runBatches([['a', 'b']], (s) => s.mapToPair((word) => [word, 1])) // [[['a', 1], ['b', 1]]]
   */
  mapToPair<K extends Key, V>(f: (record: T) => readonly [K, V]): DStream<[K, V]> {
    return this.#derive(mapToPair(this.#operator, aFunction('mapToPair', 'f', f)))
  }

  /**
   * Maps each record to any number of pairs.
   *
   * @example
   * await runBatches([['ab']], (s) => s.flatMapToPair((word) => [[word, 1], [word.charAt(0), 1]])) // [[['ab', 1], ['a', 1]]]
   */
  flatMapToPair<K extends Key, V>(f: (record: T) => Iterable<readonly [K, V]>): DStream<[K, V]> {
    return this.#derive(flatMapToPair(this.#operator, aFunction('flatMapToPair', 'f', f)))
  }

  /**
   * Maps all records of a partition at once. A long partition blocks the event loop meanwhile.
   *
   * @example
   * await runBatches([[1, 2, 3]], (s) => s.mapPartitions((records) => [Math.max(...records)])) // [[3]]
   */
  mapPartitions<U>(f: (records: Iterable<T>) => Iterable<U>): DStream<U> {
    return this.#derive(mapPartitions(this.#operator, aFunction('mapPartitions', 'f', f)))
  }

  /**
   * Maps all records of a partition at once to pairs.
   *
   * @example
   * await runBatches([[1, 2, 3]], (s) => s.mapPartitionsToPair((records) => [['max', Math.max(...records)]])) // [[['max', 3]]]
   */
  mapPartitionsToPair<K extends Key, V>(f: (records: Iterable<T>) => Iterable<readonly [K, V]>): DStream<[K, V]> {
    return this.#derive(mapPartitionsToPair(this.#operator, aFunction('mapPartitionsToPair', 'f', f)))
  }

  /**
   * Maps all records of a partition at once, with the index of the partition, from 0.
   *
   * @example
   * await runBatches([['a', 'b']], (s) => s.mapPartitionsWithIndex((i, records) => [...records].map((r) => r + i)), { numPartitions: 2 }) // [['a0', 'b1']]
   */
  mapPartitionsWithIndex<U>(f: (index: number, records: Iterable<T>) => Iterable<U>): DStream<U> {
    return this.#derive(mapPartitionsWithIndex(this.#operator, aFunction('mapPartitionsWithIndex', 'f', f)))
  }

  /**
   * Maps each record to one record with an asynchronous function. The order is kept unless `ordered: false`. A call that
   * fails is made again as `retry` says, and then `onError` decides about its record.
   *
   * @example
   * await runBatches([[1, 2]], (s) => s.mapAsync(async (x) => x + 1, { concurrency: 8, timeout: Seconds(2) })) // [[2, 3]]
   */
  mapAsync<U>(f: (record: T, signal: AbortSignal) => Promise<U>, options?: MapAsyncOptions): DStream<U> {
    checkMapAsync('mapAsync', options)
    if (isDeadLetterTarget(options?.onError)) this.#host.useDeadLetters(options.onError)
    return this.#derive(mapAsync(this.#operator, aFunction('mapAsync', 'f', f), options))
  }

  /**
   * Calls `f` for each record that an output pulls, and passes the record on unchanged.
   *
   * @example
   * await runBatches([[1, 2]], (s) => s.tap((x) => seen.push(x)).count()) // [[2]]
   */
  tap<R, B = [R]>(f: (record: T) => NotAwaited<R, B>): DStream<T> {
    return this.#derive(tap(this.#operator, aFunction('tap', 'f', f)))
  }

  /**
   * Collects each partition into one array.
   *
   * @example
   * await runBatches([[1, 2, 3, 4]], (s) => s.glom(), { numPartitions: 2 }) // [[[1, 2], [3, 4]]]
   */
  glom(): DStream<T[]> {
    return this.#derive(glom(this.#operator))
  }

  /**
   * Spreads the records over exactly `numPartitions` partitions.
   *
   * @example
   * await runBatches([[1, 2, 3, 4]], (s) => s.repartition(2).glom().count()) // [[2]]
   */
  repartition(numPartitions: number): DStream<T> {
    return this.#derive(repartition(this.#operator, positiveInteger('repartition', 'numPartitions', numPartitions)))
  }

  // ── batch by batch ───────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Reduces each batch to one record, an empty batch to none.
   *
   * @example
   * await runBatches([[1, 2], []], (s) => s.reduce((a, b) => a + b)) // [[3], []]
   */
  reduce(f: (a: T, b: T) => T): DStream<T> {
    return this.#derive(reduce(this.#operator, aFunction('reduce', 'f', f)))
  }

  /**
   * Counts the records of each batch, 0 for an empty one.
   *
   * @example
   * await runBatches([[1, 2], []], (s) => s.count()) // [[2], [0]]
   */
  count(): DStream<number> {
    return this.#derive(count(this.#operator))
  }

  /**
   * Counts how often each value occurs in a batch.
   *
   * @example
   * await runBatches([['a', 'b', 'a'], []], (s) => s.countByValue()) // [[['a', 2], ['b', 1]], []]
   */
  countByValue(this: DStream<T & Key>, options?: PartitionOptions): DStream<[T, number]> {
    checkPartitioning('countByValue', options)
    return this.#derive(countByValue(this.#operator, options)) as DStream<[T, number]>
  }

  /**
   * Passes each record of a batch once. Spark has this for RDDs only: `transform((rdd) => rdd.distinct())`.
   *
   * @example
   * await runBatches([['b', 'a', 'b'], ['b']], (s) => s.distinct()) // [['b', 'a'], ['b']]
   */
  distinct(this: DStream<T & Key>, options?: PartitionOptions): DStream<T> {
    checkPartitioning('distinct', options)
    return this.#derive(distinct(this.#operator, options)) as DStream<T>
  }

  /**
   * Unites this stream and another of the same slide.
   *
   * @example
   * await runBatches([[1, 2]], (s) => s.union(s.map((x) => -x))) // [[1, 2, -1, -2]]
   */
  union<U>(that: DStream<U>): DStream<T | U> {
    return this.#derive(union<T | U>([this.#operator, this.#other('union', that)]))
  }

  /**
   * Maps whole batches to whole batches, by any code over RDDs; `f` is called once for every batch.
   *
   * @example
   * await runBatches([[3, 1], [2]], (s) => s.transform((rdd, time) => rdd.sortBy((x) => x))) // [[1, 3], [2]]
   */
  transform<U>(f: (rdd: RDD<T>, time: Time) => RDD<U> | Promise<RDD<U>>): DStream<U> {
    aFunction('transform', 'f', f)
    return this.#derive(
      transform('transform', [this.#operator], ([rdd], time) => f(rdd as RDD<T>, time), { f, rdds: 1 }),
    )
  }

  /**
   * Maps whole batches to whole batches of pairs.
   *
   * @example
   * await runBatches([['b', 'a']], (s) => s.transformToPair((rdd) => rdd.sortBy((x) => x).zipWithIndex())) // [[['a', 0], ['b', 1]]]
   */
  transformToPair<K extends Key, V>(
    f: (rdd: RDD<T>, time: Time) => RDD<readonly [K, V]> | Promise<RDD<readonly [K, V]>>,
  ): DStream<[K, V]> {
    aFunction('transformToPair', 'f', f)
    const pairs = transform('transformToPair', [this.#operator], ([rdd], time) => f(rdd as RDD<T>, time), {
      f,
      rdds: 1,
    })
    return this.#derive(pairs as Operator<[K, V]>)
  }

  /**
   * Maps whole batches of this stream and another to a whole batch.
   *
   * @example
   * await runBatches([['a', 'b']], (s) => s.transformWith(s.count(), (words, n) => words.cartesian(n))) // [[['a', 2], ['b', 2]]]
   */
  transformWith<U, W>(that: DStream<U>, f: (a: RDD<T>, b: RDD<U>, time: Time) => RDD<W> | Promise<RDD<W>>): DStream<W> {
    aFunction('transformWith', 'f', f)
    const both = [this.#operator, this.#other('transformWith', that)]
    return this.#derive(
      transform('transformWith', both, ([a, b], time) => f(a as RDD<T>, b as RDD<U>, time), { f, rdds: 2 }),
    )
  }

  /**
   * Splits the stream into one per predicate: a record goes to the first whose predicate holds, and nowhere when none does.
   *
   * @example
   * await runBatches([[1, 2, 3]], (s) => s.branch((x) => x > 2, (x) => x > 1)[1]) // [[2]]
   */
  branch<const P extends readonly ((record: T) => boolean)[]>(
    ...predicates: P
  ): { readonly [I in keyof P]: DStream<T> } {
    for (const [i, predicate] of predicates.entries()) aFunction('branch', `predicate ${i}`, predicate)
    const branches = branch(this.#operator, predicates).map((operator) => this.#derive(operator, 'branch'))
    return branches as unknown as { readonly [I in keyof P]: DStream<T> }
  }

  /**
   * Passes the `n` greatest records of each batch by `by`, greatest first; ties in order of arrival.
   *
   * @example
   * await runBatches([['a', 'ccc', 'bb']], (s) => s.top(2, (word) => word.length)) // [['ccc', 'bb']]
   */
  top(n: number, by?: (record: T) => number | string | bigint): DStream<T> {
    if (by !== undefined) aFunction('top', 'by', by)
    return this.#derive(top(this.#operator, positiveInteger('top', 'n', n), by))
  }

  // ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Unites the batches of the last `windowDuration`, every `slideDuration` (by default every batch).
   *
   * @throws `not-a-multiple` when a duration is no multiple of this stream's slide
   * @example
   * await runBatches([['a'], ['b'], ['c']], (s) => s.window(Seconds(2))) // [['a'], ['a', 'b'], ['b', 'c']]
   */
  window(windowDuration: Duration, slideDuration: Duration = this.slideDuration): DStream<T> {
    const [windowMs, slideMs] = this.#windowMs('window', [windowDuration, slideDuration])
    return this.#derive(window(this.#operator, windowMs, slideMs, this.#host.sc))
  }

  /**
   * Reduces each window to one record, an empty window to none.
   *
   * @example
   * await runBatches([[1], [2], [3]], (s) => s.reduceByWindow(Math.max, Seconds(2))) // [[1], [2], [3]]
   */
  reduceByWindow(f: (a: T, b: T) => T, windowDuration: Duration, slideDuration?: Duration): DStream<T>
  /** Computes the same from the previous window: `f` adds the records that enter, `inverse` takes off those that leave. */
  reduceByWindow(
    f: (a: T, b: T) => T,
    inverse: (a: T, b: T) => T,
    windowDuration: Duration,
    slideDuration?: Duration,
  ): DStream<T>
  reduceByWindow(f: (a: T, b: T) => T, ...rest: readonly unknown[]): DStream<T> {
    aFunction('reduceByWindow', 'f', f)
    const inverse = typeof rest[0] === 'function' ? (rest[0] as (a: T, b: T) => T) : undefined
    const [windowMs, slideMs] = this.#windowMs('reduceByWindow', inverse === undefined ? rest : rest.slice(1))
    const { sc } = this.#host
    return this.#derive(
      inverse === undefined
        ? reduceByWindow(this.#operator, f, windowMs, slideMs, sc)
        : reduceByWindowIncrementally(this.#operator, f, inverse, windowMs, slideMs, sc),
      'reduceByWindow',
    )
  }

  /**
   * Counts the records of a window: nothing before the first record ever, 0 after the last has left.
   *
   * @example
   * await runBatches([['a'], ['b', 'c'], []], (s) => s.countByWindow(Seconds(2))) // [[1], [3], [2]]
   */
  countByWindow(windowDuration: Duration, slideDuration?: Duration): DStream<number> {
    const [windowMs, slideMs] = this.#windowMs('countByWindow', [windowDuration, slideDuration])
    return this.#derive(countByWindow(this.#operator, windowMs, slideMs, this.#host.sc), 'countByWindow')
  }

  /**
   * Counts how often each value occurs in a window; a value that has left it is absent.
   *
   * @example
   * await runBatches([['a'], ['a'], []], (s) => s.countByValueAndWindow(Seconds(2))) // [[['a', 1]], [['a', 2]], [['a', 1]]]
   */
  countByValueAndWindow(
    this: DStream<T & Key>,
    windowDuration: Duration,
    slideDuration?: Duration,
    options?: PartitionOptions,
  ): DStream<[T, number]> {
    checkPartitioning('countByValueAndWindow', options)
    const [windowMs, slideMs] = this.#windowMs('countByValueAndWindow', [windowDuration, slideDuration])
    const counts = countByValueAndWindow(this.#operator, windowMs, slideMs, this.#host.sc, options)
    return this.#derive(counts, 'countByValueAndWindow') as DStream<[T, number]>
  }

  // ── pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Maps the values; keys and their partitions stay.
   *
   * @example
   * await runBatches([[['a', 1]]], (s) => s.mapValues((n) => n * 10)) // [[['a', 10]]]
   */
  mapValues<K extends Key, V, U, B = [U]>(
    this: PairsFromMapToPair<K, V>,
    f: (value: V) => NotAwaited<U, B>,
  ): DStream<[K, U]> {
    return this.#derive(mapValues(this.#operator, aFunction('mapValues', 'f', f)))
  }

  /**
   * Groups the values of each key of a batch into one array, in order of arrival.
   *
   * @example
   * await runBatches([[['a', 1], ['a', 2], ['b', 5]]], (s) => s.groupByKey()) // [[['a', [1, 2]], ['b', [5]]]]
   */
  groupByKey<K extends Key, V>(this: PairsFromMapToPair<K, V>, options?: PartitionOptions): DStream<[K, V[]]> {
    checkPartitioning('groupByKey', options)
    return this.#derive(groupByKey(this.#operator, options))
  }

  /**
   * Reduces the values of each key of a batch to one value.
   *
   * @example
   * await runBatches([[['a', 1], ['a', 2], ['b', 5]]], (s) => s.reduceByKey((a, b) => a + b)) // [[['a', 3], ['b', 5]]]
   */
  reduceByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): DStream<[K, V]> {
    checkPartitioning('reduceByKey', options)
    return this.#derive(reduceByKey(this.#operator, aFunction('reduceByKey', 'f', f), options))
  }

  /**
   * Aggregates by key: `createCombiner` makes a combined value from the first value of a key, `mergeValue` adds a further value,
   * and `mergeCombiners` merges the combined values of two partitions.
   *
   * @example
   * await runBatches([[['a', 1], ['a', 2], ['b', 5]]], (s) => s.combineByKey((n) => [n], (c, n) => [...c, n], (c, d) => [...c, ...d])) // [[['a', [1, 2]], ['b', [5]]]]
   */
  combineByKey<K extends Key, V, First, _Known extends CombinerOf<First>, B = [First]>(
    this: PairsFromMapToPair<K, V> & KnownType<V>,
    createCombiner: (value: V) => NotAwaited<First, B> | OrTuple,
    mergeValue: (c: CombinerOf<First>, value: V) => CombinerOf<First> | OrTuple,
    mergeCombiners: (a: CombinerOf<First>, b: CombinerOf<First>) => CombinerOf<First> | OrTuple,
    options?: PartitionOptions,
  ): DStream<[K, CombinerOf<First>]>
  combineByKey<K extends Key, V, C, B = [C]>(
    this: PairsFromMapToPair<K, V>,
    createCombiner: (value: V) => NotAwaited<C, B>,
    mergeValue: (c: C, value: V) => C,
    mergeCombiners: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): DStream<[K, C]>
  combineByKey<K extends Key, V, C>(
    this: PairsFromMapToPair<K, V>,
    createCombiner: (value: V) => C,
    mergeValue: (c: C, value: V) => C,
    mergeCombiners: (a: C, b: C) => C,
    options?: PartitionOptions,
  ): DStream<[K, C]> {
    checkPartitioning('combineByKey', options)
    const combiner = {
      create: aFunction('combineByKey', 'createCombiner', createCombiner),
      merge: aFunction('combineByKey', 'mergeValue', mergeValue),
      mergeCombiners: aFunction('combineByKey', 'mergeCombiners', mergeCombiners),
    }
    return this.#derive(combineByKey(this.#operator, combiner, options))
  }

  /**
   * Maps each value to any number of values under the same key.
   *
   * @example
   * await runBatches([[['a', 'x y']]], (s) => s.flatMapValues((text) => text.split(' '))) // [[['a', 'x'], ['a', 'y']]]
   */
  flatMapValues<K extends Key, V, U>(
    this: PairsFromMapToPair<K, V>,
    f: (value: V) => Iterable<U> & object,
  ): DStream<[K, U]> {
    return this.#derive(flatMapValues(this.#operator, aFunction('flatMapValues', 'f', f)))
  }

  /**
   * Groups the values of each key over a window into one array, oldest first.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]]], (s) => s.groupByKeyAndWindow(Seconds(2))) // [[['a', [1]]], [['a', [1, 2]]]]
   */
  groupByKeyAndWindow<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    windowDuration: Duration,
    slideDuration?: Duration,
    options?: PartitionOptions,
  ): DStream<[K, V[]]> {
    checkPartitioning('groupByKeyAndWindow', options)
    const [windowMs, slideMs] = this.#windowMs('groupByKeyAndWindow', [windowDuration, slideDuration])
    const groups = groupByKeyAndWindow(this.#operator, windowMs, slideMs, this.#host.sc, options)
    return this.#derive(groups, 'groupByKeyAndWindow')
  }

  /**
   * Reduces the values of each key over a window to one value; a key without data in the window is absent.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]]], (s) => s.reduceByKeyAndWindow((a, b) => a + b, Seconds(2))) // [[['a', 1]], [['a', 3]]]
   */
  reduceByKeyAndWindow<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    windowDuration: Duration,
    slideDuration?: Duration,
    options?: PartitionOptions,
  ): DStream<[K, V]>
  /**
   * Computes the same from the previous window: `f` adds the values that enter, `inverse` takes off those that leave, where
   * `inverse(f(x, y), x) = y`. A key whose data has left stays with the rest of its value, 0 of a count, unless `filterFunc`
   * drops it.
   *
   * Floating-point sums drift, because taking off is not exactly the opposite of adding: use whole numbers or bigint.
   */
  reduceByKeyAndWindow<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    inverse: (a: V, b: V) => V,
    windowDuration: Duration,
    slideDuration?: Duration,
    options?: PartitionOptions & { filterFunc?: ((pair: readonly [K, V]) => boolean) | undefined },
  ): DStream<[K, V]>
  reduceByKeyAndWindow<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    ...rest: readonly unknown[]
  ): DStream<[K, V]> {
    const where = 'reduceByKeyAndWindow'
    aFunction(where, 'f', f)
    const inverse = typeof rest[0] === 'function' ? (rest[0] as (a: V, b: V) => V) : undefined
    const args = inverse === undefined ? rest : rest.slice(1)
    const [windowMs, slideMs] = this.#windowMs(where, args)
    const options = args[2] as (PartitionOptions & { filterFunc?: (pair: readonly [K, V]) => boolean }) | undefined
    checkPartitioning(where, options, inverse === undefined ? [] : ['filterFunc'])
    if (options?.filterFunc !== undefined) aFunction(where, 'filterFunc', options.filterFunc)
    const { sc } = this.#host
    return this.#derive(
      inverse === undefined
        ? reduceByKeyAndWindow(this.#operator, f, windowMs, slideMs, sc, options)
        : reduceByKeyAndWindowIncrementally(this.#operator, f, inverse, windowMs, slideMs, { sc, ...options }),
      where,
    )
  }

  /**
   * Groups this stream and another by key, within each batch: the values of the one and of the other.
   *
   * @example
   * await runBatches([[['a', 1]]], (s) => s.cogroup(s.mapValues(String))) // [[['a', [[1], ['1']]]]]
   */
  cogroup<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): DStream<[K, [V[], W[]]]> {
    checkPartitioning('cogroup', options)
    return this.#derive(cogroup(this.#operator, this.#other('cogroup', that), options))
  }

  /**
   * Joins this stream and another: every pair of values of one key within a batch, in the order of the other stream.
   *
   * @example
   * await runBatches([[['a', 1]]], (s) => s.join(s.mapValues(String))) // [[['a', [1, '1']]]]
   */
  join<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): DStream<[K, [V, W]]> {
    checkPartitioning('join', options)
    return this.#derive(join(this.#operator, this.#other('join', that), options))
  }

  /**
   * Joins and keeps the values of this stream without a partner; a missing side is `undefined`.
   *
   * @example
   * await runBatches([[['a', 1], ['b', 2]]], (s) => s.leftOuterJoin(s.filter(([key]) => key === 'a'))) // [[['a', [1, 1]], ['b', [2, undefined]]]]
   */
  leftOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): DStream<[K, [V, W | undefined]]> {
    checkPartitioning('leftOuterJoin', options)
    return this.#derive(leftOuterJoin(this.#operator, this.#other('leftOuterJoin', that), options))
  }

  /**
   * Joins and keeps the values of the other stream without a partner; a missing side is `undefined`.
   *
   * @example
   * await runBatches([[['a', 1], ['b', 2]]], (s) => s.filter(([key]) => key === 'a').rightOuterJoin(s)) // [[['a', [1, 1]], ['b', [undefined, 2]]]]
   */
  rightOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): DStream<[K, [V | undefined, W]]> {
    checkPartitioning('rightOuterJoin', options)
    return this.#derive(rightOuterJoin(this.#operator, this.#other('rightOuterJoin', that), options))
  }

  /**
   * Joins and keeps the values of both streams without a partner; a missing side is `undefined`.
   *
   * @example
   * await runBatches([[['a', 1]]], (s) => s.fullOuterJoin(s.mapToPair(([, n]) => ['b', n]))) // [[['b', [undefined, 1]], ['a', [1, undefined]]]]
   */
  fullOuterJoin<K extends Key, V, W>(
    this: PairsFromMapToPair<K, V>,
    that: PairsFromMapToPair<K, W>,
    options?: PartitionOptions,
  ): DStream<[K, [V | undefined, W | undefined]]> {
    checkPartitioning('fullOuterJoin', options)
    return this.#derive(fullOuterJoin(this.#operator, this.#other('fullOuterJoin', that), options))
  }

  // ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Keeps one state per key. `update` is called in every batch for every key that has a state or new values, with an empty
   * array if none came; `undefined` drops the key. The stream holds all states in every batch.
   *
   * TypeScript infers the type of the state from its first use: write `updateStateByKey<number>(…)`, or give the state's parameter a
   * type, `(values, total: number = 0) => …`.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]], []], (s) =>
   *   s.updateStateByKey<number>((values, total = 0) => values.reduce((a, b) => a + b, total)),
   * ) // [[['a', 1]], [['a', 3]], [['a', 3]]]
   */
  updateStateByKey<S, B = [S]>(
    this: PairsFromMapToPair<Key, unknown>,
    update: (
      values: ValueOf<T>[],
      state: Readonly<S> | undefined,
      key: KeyOf<T>,
      time: Time,
    ) => NotAwaited<S | Readonly<S>, B> | undefined,
    options?: StateOptions<KeyOf<T>, S>,
  ): StateStream<KeyOf<T>, S> {
    checkOptions('updateStateByKey', options, stateKeys)
    aFunction('updateStateByKey', 'update', update)
    const parent = this.#operator as Operator<readonly [KeyOf<T>, ValueOf<T>]>
    const stateful = updateStateByKey(parent, update, { sc: this.#host.sc, ...options })
    this.#host.add(stateful)
    return this.#host.stateStream(stateful)
  }

  /**
   * Reduces the values of each key over all batches so far: totals, maxima, latest values. The cost of a batch follows the
   * keys that have values in it.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]]], (s) => s.runningReduceByKey((a, b) => a + b)) // [[['a', 1]], [['a', 3]]]
   */
  runningReduceByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    f: (a: V, b: V) => V,
    options?: PartitionOptions,
  ): StateStream<K, V> {
    checkPartitioning('runningReduceByKey', options)
    aFunction('runningReduceByKey', 'f', f)
    const stateful = runningReduceByKey(this.#operator, f, { sc: this.#host.sc, ...options })
    this.#host.add(stateful)
    return this.#host.stateStream(stateful)
  }

  /**
   * Updates the states of a whole partition at once: `update` gets all keys of the partition with their new values and states,
   * and returns the states to keep. It may change, add and drop keys.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]]], (s) => s.updateStateByPartition<string, number>((entries) =>
   *   [...entries].map(([key, values, n = 0]) => [key, n + values.length]))) // [[['a', 1]], [['a', 2]]]
   */
  updateStateByPartition<K2 extends Key, S>(
    this: PairsFromMapToPair<Key, unknown>,
    update: (entries: Iterable<[KeyOf<T>, ValueOf<T>[], S | undefined]>) => Iterable<readonly [K2, S]>,
    options?: StateOptions<K2, S> & { rememberPartitioner?: boolean | undefined },
  ): StateStream<K2, S> {
    checkOptions('updateStateByPartition', options, [...stateKeys, 'rememberPartitioner'])
    aFunction('updateStateByPartition', 'update', update)
    const parent = this.#operator as Operator<readonly [KeyOf<T>, ValueOf<T>]>
    const stateful = updateStateByPartition(parent, update, { sc: this.#host.sc, ...options })
    this.#host.add(stateful)
    return this.#host.stateStream(stateful)
  }

  /**
   * Calls a function for each record with the state of its key. Takes a `StateSpec`, or the function itself with its options;
   * then the types of key and value are inferred. The result is emitted unless it is `undefined`; a Promise fails the batch,
   * because the state can be used only during the call.
   *
   * @throws `options-beside-spec` when options are given beside a `StateSpec`, which holds them itself
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2]]], (s) => s.mapWithState((key, n, state: State<number>) => {
   *   state.update((state.getOption() ?? 0) + (n ?? 0))
   *   return [key, state.get()]
   * })) // [[['a', 1]], [['a', 3]]]
   */
  mapWithState<K extends Key, V, S, E>(
    this: PairsFromMapToPair<K, V>,
    spec: StateSpec<K, V, S, E>,
  ): MapWithStateStream<K, V, S, E>
  mapWithState<S, E, B = [E]>(
    this: PairsFromMapToPair<Key, unknown>,
    f: (key: KeyOf<T>, value: ValueOf<T> | undefined, state: State<S>, time: Time) => NotAwaited<E, B> | undefined,
    options?: StateOptions<KeyOf<T>, S> & { timeout?: Duration | undefined },
  ): MapWithStateStream<KeyOf<T>, ValueOf<T>, S, E>
  mapWithState(specOrFunction: unknown, given?: unknown): MapWithStateStream<never, never, never, never> {
    const spec = specOrFunction instanceof StateSpec ? specOrFunction : undefined
    if (spec !== undefined && given !== undefined) throw optionsBesideSpec(given)
    checkOptions('mapWithState', given, [...stateKeys, 'timeout'])
    const f = spec?.f ?? aFunction('mapWithState', 'f', specOrFunction)
    const parent = this.#operator as unknown as Operator<readonly [Key, unknown]>
    const stateful = mapWithState(parent, f as MapWithStateFunction<Key, unknown, unknown, unknown>, {
      sc: this.#host.sc,
      ...((spec?.options ?? given) as MapWithStateOptions<Key, unknown> | undefined),
    })
    this.#host.add(stateful)
    return this.#host.mapWithStateStream(stateful) as unknown as MapWithStateStream<never, never, never, never>
  }

  /**
   * Passes the first pair of each key, over all batches; with a `ttl`, a pair passes again when the last one that passed is older.
   *
   * @example
   * await runBatches([[['a', 1]], [['a', 2], ['b', 3]]], (s) => s.dedupByKey({ ttl: Seconds(60) })) // [[['a', 1]], [['b', 3]]]
   */
  dedupByKey<K extends Key, V>(
    this: PairsFromMapToPair<K, V>,
    options?: { ttl?: Duration | undefined },
  ): DStream<[K, V]> {
    checkOptions('dedupByKey', options, ['ttl'])
    return this.#derive(dedupByKey(this.#operator, { sc: this.#host.sc, ...options }))
  }

  // ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Does nothing, and exists as in Spark: a batch that several readers share is evaluated once and cached in any case. */
  persist(): this {
    if (this.context.getState() !== 'INITIALIZED') throw changingTooLate('storage level')
    return this
  }

  /** Does the same as `persist`. */
  cache(): this {
    return this.persist()
  }

  /**
   * Sets the interval between snapshots of this operator's state: a multiple of the slide, which is checked at start. Every
   * batch commits its changes in any case.
   *
   * @throws `changing-too-late` after start
   *
   * @example
   * pairs.runningReduceByKey((a, b) => a + b).checkpoint(Seconds(10)).print()
   */
  checkpoint(interval: Duration): this {
    if (this.context.getState() !== 'INITIALIZED') throw changingTooLate('checkpoint interval')
    this.#host.setCheckpoint(this.#operator, durationOf('checkpoint', interval))
    return this
  }

  /**
   * Returns the RDDs with time in [from, to], both ends included and rounded down to the slide. A batch that has not run yet
   * gives none. Numbers are milliseconds.
   *
   * @throws `not-initialized` before start; `not-a-time` for a value that is neither a Time nor whole milliseconds;
   * `slice-forgotten` for a time that is no longer remembered
   * @example
   * ssc.remember(Seconds(10))
   * lines.print()
   * await t.run()
   * const rdds = await lines.slice(new Time(1000), new Time(2000))
   * await Promise.all(rdds.map((rdd) => rdd.count())) // [1, 0]
   */
  async slice(from: Time | number, to: Time | number): Promise<RDD<T>[]> {
    if (this.context.getState() === 'INITIALIZED') throw notInitialized('This DStream')
    return this.#host.slice(this.#operator, timeOf('slice', from).milliseconds, timeOf('slice', to).milliseconds)
  }

  // ── outputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `f` for each batch, empty ones too, and awaits its result. A call that fails is made again after a pause; `attempt`
   * tells its number and has the signal to heed. Later batches wait meanwhile, so `f` sees the batches in order.
   *
   * @example
   * lines.foreachRDD(async (rdd, time) => seen.push([time.milliseconds, await rdd.collect()]))
   * await t.run()
   * seen // [[1000, ['a b']], [2000, []]]
   */
  foreachRDD(f: (rdd: RDD<T>, time: Time, attempt: Attempt) => unknown, options: OutputOptions = {}): OutputOperation {
    aFunction('foreachRDD', 'f', f)
    return this.#output('foreachRDD', foreachRDD(this.#operator, f), options)
  }

  /**
   * Calls `f` for each partition of each batch, empty ones too, and awaits its result: in order, or with the option `threads` in
   * several threads at once, where the partition is. A call that fails is made again after a pause, those of other partitions
   * that have ended well are not. Every partition is given at least once; `context` has the same `time` and `partition` each
   * time, so that a write by both is idempotent.
   *
   * @example
   * lines.repartition(2).foreachPartition(async (records, { time, partition }) => {
   *   seen.push([`${time.milliseconds}/${partition}`, [...records]])
   * })
   * await t.run(1)
   * seen // [['1000/0', ['a b']], ['1000/1', []]]
   */
  foreachPartition(
    f: (records: Iterable<T>, context: PartitionContext) => unknown,
    options: OutputOptions = {},
  ): OutputOperation {
    aFunction('foreachPartition', 'f', f)
    return this.#output('foreachPartition', foreachPartition(this.#operator, f), options)
  }

  /**
   * Prints the first `num` records of each batch, in Spark's layout, to `out` (by default standard output). Each record has
   * the form that Spark gives it, which `textForm` returns too: `(a,1)`, `(a,ArrayBuffer(1, 2))`. When the reader of `out` has
   * gone, as in `node job.js | head`, a warning says so and the job goes on.
   *
   * @example
   * lines.print(5)
   * await t.run()
   * t.printed.includes('a b') // true
   */
  print(num = 10, options: OutputOptions & { out?: Writable | undefined } = {}): OutputOperation {
    checkOptions('print', options, ['out', ...OUTPUT_OPTIONS])
    const { out, ...delivery } = options
    const warn = (line: string): void => this.#host.logger.warn({}, line)
    const limit = positiveInteger('print', 'num', num)
    // A log keeps the lines of several batches.
    const toPanel = this.#host.panel({ name: `print at ${callSite().short}`, form: 'log', limit: 10 * limit })
    const shown = (time: number, lines: readonly string[]): void =>
      toPanel(
        time,
        lines.map((line) => ({ cells: [line] })),
        [],
      )
    return this.#output(
      'print',
      print(this.#operator, limit, () => out ?? this.#host.out, warn, shown),
      delivery,
    )
  }

  /**
   * Shows the first records of each batch on the board, a live page of the job (option `ui` of the context): as a table, as
   * bars, as a line over the last 300 batches, as a number, as pictures or as a log. Records are shown as text only.
   *
   * @throws `bad-option`, `unknown-option`
   *
   * @example
   * words.countByValue().show('Words', { as: 'bars', limit: 10 })
   * lines.count().show('Lines a batch', { as: 'line', unit: 'lines' })
   */
  show(name: string, options: ShowOptions<T> & OutputOptions = {}): OutputOperation {
    checkOptions('show', options, [...SHOW_OPTIONS, ...OUTPUT_OPTIONS])
    const { as, key, value, limit, unit, href, ...delivery } = options
    const spec = showSpec<T>(name, { as, key, value, limit, unit, href })
    const toPanel = this.#host.panel({ name, form: spec.as, limit: spec.limit, unit: spec.unit })
    return this.#output('show', show(this.#operator, spec, toPanel), delivery)
  }

  /**
   * Writes one directory per batch, `prefix-TIME.suffix`, with a file per partition and a line per record, in the form of
   * `print`. A directory appears complete or not at all, and is the same when a batch runs again. On Spark the prefix may be a URI, such as
   * `hdfs://name:8020/out/lines`: executors then write the parts, where their records are.
   *
   * @example
   * lines.saveAsTextFiles('out/lines', 'txt') // the directories out/lines-1000.txt, out/lines-2000.txt, …
   */
  saveAsTextFiles(prefix: string, suffix = '', options: OutputOptions = {}): OutputOperation {
    const spec = saveAsTextFiles(this.#operator, ...names('saveAsTextFiles', prefix, suffix), this.#host.sc)
    return this.#output('saveAsTextFiles', spec, options)
  }

  /**
   * Writes directories as `saveAsTextFiles` does, in dstream's own binary form, which `sc.objectFile` reads back equal.
   *
   * @example
   * lines.saveAsObjectFiles('out/lines', 'bin') // the directories out/lines-1000.bin, out/lines-2000.bin, …
   */
  saveAsObjectFiles(prefix: string, suffix = '', options: OutputOptions = {}): OutputOperation {
    const spec = saveAsObjectFiles(this.#operator, ...names('saveAsObjectFiles', prefix, suffix), this.#host.sc)
    return this.#output('saveAsObjectFiles', spec, options)
  }

  /**
   * Writes each batch exactly once to a store that remembers the batches it has. A sink in two phases with `openWriter` has its partitions
   * prepared by workers.
   *
   * @example
   * let last: Time | undefined
   * lines.to({
   *   write: async ({ time, rdd }) => void seen.push(await rdd.collect(), (last = time)),
   *   lastCommitted: () => last,
   * })
   * await t.run()
   * seen // [['a b'], new Time(1000), [], new Time(2000)]
   */
  to(sink: Sink<T> | TwoPhaseSink<T>, options: OutputOptions = {}): OutputOperation {
    checkOptions('to', options, OUTPUT_OPTIONS)
    return this.#output('to', toSink(this.#operator, checkSink('to', sink), options.order), options)
  }

  /**
   * Returns the batches for `for await`. A slow loop slows the batches down. Every loop gets all batches from its beginning
   * on, and ends when the context has stopped; it throws the error that has stopped the context. A `stop` that is awaited
   * within the loop resolves at once; the loop gets the last batches and ends.
   *
   * @example
   * for await (const { time, records } of lines.batches()) console.log(time.milliseconds, records)
   */
  batches(): AsyncIterable<Batch<T>> {
    const { output, iterable } = batches(this.#operator, this.#host.userCode, () => this.#host.failure())
    this.#host.addOutput(output)
    return iterable
  }

  #output(where: string, spec: OutputSpec, options: OutputOptions): OutputOperation {
    checkOptions(where, options, OUTPUT_OPTIONS)
    return this.#host.addOutput({ ...spec, delivery: { ...spec.delivery, ...deliveryOf(where, options) } })
  }

  #other<U>(where: string, that: DStream<U>): Operator<U> {
    if (!(that instanceof DStream)) throw notAStream(where, that)
    // A stream of another copy of this library has no such private field: its public parts are compared.
    if (that.context !== this.context) throw differentContexts(where)
    return that.operator
  }

  /** Returns window and slide of a windowed operator, in milliseconds; the slide is by default this stream's. */
  #windowMs(where: string, [windowDuration, slideDuration = this.slideDuration]: readonly unknown[]): [number, number] {
    const [windowMs, slideMs] = [windowDuration, slideDuration].map((given) => positiveMs(where, given)) as [
      number,
      number,
    ]
    checkWindow(where, this.#operator, windowMs, slideMs)
    return [windowMs, slideMs]
  }

  #derive<U>(operator: Operator<U>, kind?: string): DStream<U> {
    return new DStream(this.#host, this.#host.add(operator, kind))
  }
}

/**
 * Checks a partitioning on the line of the program that gives it. The batches would refuse it too, but would name the inner
 * operators that this one consists of.
 */
function checkPartitioning(where: string, options: unknown, further: readonly string[] = []): void {
  checkOptions(where, options, [...partitionKeys, ...further])
  partitionerOf(options as PartitionOptions | undefined, 1, where)
}

function names(where: string, prefix: string, suffix: string): [string, string] {
  if (typeof prefix !== 'string') throw badOption(where, 'prefix', 'a string', prefix)
  if (typeof suffix !== 'string') throw badOption(where, 'suffix', 'a string', suffix)
  return [prefix, suffix]
}

function positiveMs(where: string, duration: unknown): number {
  return checkPositiveDuration(where, duration).milliseconds
}
