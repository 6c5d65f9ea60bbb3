import { notAnRDD } from '../base/errors/rdd.js'
import { checkOptions, positiveInteger } from '../base/options.js'
import { collectionAccumulator, doubleAccumulator, longAccumulator, type Accumulator } from './accumulator.js'
import { broadcast, type Broadcast } from './broadcast.js'
import { reslice, slices } from './transformations/partition-steps.js'
import { rangeParts } from './transformations/range.js'
import { RDD, type RDDFactory } from './rdd.js'
import { filesOf } from './actions/save.js'
import { runtimeOf, type RDDRuntime } from './plan/runtime.js'
import { source, union } from './transformations/steps.js'

export interface RDDContextOptions {
  /** Partitions where nobody says how many; 1 unless given, whatever the machine. */
  readonly defaultParallelism?: number | undefined
  /** @internal */
  readonly runtime?: Partial<RDDRuntime> | undefined
}

/** Makes RDDs from what the program holds: `ssc.sc`, or one of its own. */
export class RDDContext implements RDDFactory {
  readonly defaultParallelism: number
  /** @internal */
  readonly runtime: RDDRuntime

  constructor(options: RDDContextOptions = {}) {
    checkOptions('RDDContext', options, ['defaultParallelism', 'runtime'])
    this.defaultParallelism = positiveInteger('RDDContext', 'defaultParallelism', options.defaultParallelism ?? 1)
    this.runtime = runtimeOf(options.runtime)
  }

  /**
   * The records in partitions of about equal size: slice p of n holds the elements floor(p·len/n) to
   * floor((p+1)·len/n). An array is not copied: do not change it before the RDD has been used.
   */
  parallelize<T>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T> {
    checkOptions('parallelize', options, ['numPartitions'])
    const n = positiveInteger('parallelize', 'numPartitions', options?.numPartitions ?? this.defaultParallelism)
    const all: readonly T[] = Array.isArray(records) ? records : Array.from(records)
    const parts = slices(all, n).map((slice) => ({ records: slice }))
    return new RDD(this, source('parallelize', parts))
  }

  /** The whole numbers from `start` to before `end`, `step` (1) apart. */
  range(
    start: number,
    end: number,
    options?: { step?: number | undefined; numPartitions?: number | undefined },
  ): RDD<number> {
    checkOptions('range', options, ['step', 'numPartitions'])
    const n = positiveInteger('range', 'numPartitions', options?.numPartitions ?? this.defaultParallelism)
    return new RDD(this, source('range', rangeParts(start, end, options?.step ?? 1, n)))
  }

  /** No records, no partitions. */
  emptyRDD<T>(): RDD<T> {
    return new RDD(this, source('emptyRDD', []))
  }

  /** The lines of a file, or of the files in a directory as `saveAsTextFile` leaves it. */
  textFile(path: string, options?: { numPartitions?: number | undefined }): RDD<string> {
    checkOptions('textFile', options, ['numPartitions'])
    const n = positiveInteger('textFile', 'numPartitions', options?.numPartitions ?? 1)
    const files = filesOf(this.runtime, 'textFile')
    const lines = source('textFile', [{ load: () => files.loadText(path) }])
    return new RDD(this, n === 1 ? lines : reslice(lines, 'textFile', n))
  }

  /** What `saveAsObjectFile` has saved. */
  objectFile<T>(path: string): RDD<T> {
    const files = filesOf(this.runtime, 'objectFile')
    return new RDD(this, source('objectFile', [{ load: () => files.loadObjects(path) }]))
  }

  /** Partition after partition; those of one partitioner are laid side by side. */
  union<T>(rdds: readonly RDD<T>[]): RDD<T> {
    for (const rdd of rdds) if (!(rdd instanceof RDD)) throw notAnRDD('union', rdd)
    return new RDD(this, union(rdds.map((rdd) => rdd.node)), rdds.find((rdd) => rdd.observer !== undefined)?.observer)
  }

  /** A value for functions on records to read, as Spark's; in one process a closure does as well. */
  broadcast<T>(value: T): Broadcast<T> {
    return broadcast(value)
  }
  /** Adds up whole numbers. */
  longAccumulator(name?: string): Accumulator<number, number> {
    return longAccumulator(name)
  }
  /** Adds up numbers. */
  doubleAccumulator(name?: string): Accumulator<number, number> {
    return doubleAccumulator(name)
  }
  /** Collects values in a list. */
  collectionAccumulator<T>(name?: string): Accumulator<T, T[]> {
    return collectionAccumulator(name)
  }
}
