import { badOption } from '../base/errors/options.js'
import { notAnRDD } from '../base/errors/rdd.js'
import { anIterable, aString, checkOptions, positiveInteger, withoutHoles } from '../base/options.js'
import { collectionAccumulator, doubleAccumulator, longAccumulator, type Accumulator } from './accumulator.js'
import { broadcast, type Broadcast } from './broadcast.js'
import { reslice, slices } from './transformations/partition-steps.js'
import { rangeParts } from './transformations/range.js'
import { RDD, type RDDFactory } from './rdd.js'
import { filesOf } from './actions/save.js'
import type { AnyPair } from './plan/inference.js'
import { runtimeOf, type RDDRuntime } from './plan/runtime.js'
import { source, union } from './transformations/steps.js'

export interface RDDContextOptions {
  /** The number of partitions of an RDD or a keyed result made without one; default 1 on every machine. */
  readonly defaultParallelism?: number | undefined
  /** @internal */
  readonly runtime?: Partial<RDDRuntime> | undefined
}

/**
 * Makes RDDs, broadcast values and accumulators. A StreamingContext has one, `ssc.sc`; a program without streams makes its
 * own.
 *
 * @example
 * await new RDDContext().parallelize([1, 2, 3]).reduce((a, b) => a + b) // 6
 */
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
   * Makes an RDD of the records, in order, in partitions of about equal size: partition p of n has the records from index
   * floor(p·len/n) to before floor((p+1)·len/n). An array is not copied: do not change it before the RDD has been used.
   * @throws `bad-option` when `numPartitions` is not a whole number of at least 1
   */
  parallelize<T extends AnyPair>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T>
  parallelize<T>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T>
  parallelize<T>(records: Iterable<T>, options?: { numPartitions?: number | undefined }): RDD<T> {
    checkOptions('parallelize', options, ['numPartitions'])
    const n = positiveInteger('parallelize', 'numPartitions', options?.numPartitions ?? this.defaultParallelism)
    const all: readonly T[] = Array.isArray(records)
      ? dense(records as readonly T[])
      : [...anIterable('parallelize', 'records', records)]
    const parts = slices(all, n).map((slice) => ({ records: slice }))
    return new RDD(this, source('parallelize', parts))
  }

  /**
   * Makes an RDD of the whole numbers from `start` to before `end`, `step` (default 1) apart. They are made as they are read.
   * @throws `bad-option` for numbers that are not whole, and a step of 0
   */
  range(
    start: number,
    end: number,
    options?: { step?: number | undefined; numPartitions?: number | undefined },
  ): RDD<number> {
    checkOptions('range', options, ['step', 'numPartitions'])
    const n = positiveInteger('range', 'numPartitions', options?.numPartitions ?? this.defaultParallelism)
    return new RDD(this, source('range', rangeParts(start, end, options?.step ?? 1, n)))
  }

  /** Makes an RDD without records and without partitions. */
  emptyRDD<T>(): RDD<T> {
    return new RDD(this, source('emptyRDD', []))
  }

  /**
   * Makes an RDD of the lines of a file, or of the files in a directory that `saveAsTextFile` wrote. As in Spark, the path may
   * be a pattern with `*`, `?`, `[…]` and `{…}`, or several of them separated by commas; a `\` before one of these characters
   * makes it an ordinary one. Files that end in `.gz`, and in `.zst` where Node has Zstandard, are decompressed; a byte order
   * mark is no part of the first line. @throws `no-files`, and `nothing-to-load` when it is evaluated
   */
  textFile(path: string, options?: { numPartitions?: number | undefined }): RDD<string> {
    return this.#files('textFile', 'loadText', path, options)
  }

  /**
   * Makes an RDD of whole files, each a pair of its path and its text: of one file, or of those in a directory. Meant for many
   * small files, since a text is held in memory as a whole. @throws `no-files`
   */
  wholeTextFiles(path: string, options?: { numPartitions?: number | undefined }): RDD<[string, string]> {
    return this.#files('wholeTextFiles', 'loadWholeTexts', path, options)
  }

  /** Does the same as `wholeTextFiles`, with the bytes of each file as they are. @throws `no-files` */
  binaryFiles(path: string, options?: { numPartitions?: number | undefined }): RDD<[string, Uint8Array]> {
    return this.#files('binaryFiles', 'loadWholeBytes', path, options)
  }

  /** Makes an RDD of the records that `saveAsObjectFile` wrote to a directory. @throws `no-files` */
  objectFile<T>(path: string): RDD<T> {
    aString('objectFile', 'path', path)
    const files = filesOf(this.runtime, 'objectFile')
    return new RDD(this, source('objectFile', [{ load: () => files.loadObjects(path) }]))
  }

  /**
   * Joins the partitions of several RDDs, one RDD after the other. When all have one partitioner, partition i holds the
   * records of every partition i, and the partitioner still applies. @throws `not-an-rdd`
   */
  union<T>(rdds: readonly RDD<T>[]): RDD<T> {
    if (!Array.isArray(rdds)) throw badOption('union', 'rdds', 'an array of RDDs, [a, b]', rdds)
    for (const rdd of rdds) if (!(rdd instanceof RDD)) throw notAnRDD('union', rdd)
    return new RDD(this, union(rdds.map((rdd) => rdd.node)), rdds.find((rdd) => rdd.observer !== undefined)?.observer)
  }

  /** Wraps a value for functions on records to read, as in Spark. A closure does the same, since all run in one process. */
  broadcast<T>(value: T): Broadcast<T> {
    return broadcast(value, this.runtime.broadcasts)
  }
  /** Makes an accumulator that adds up whole numbers. */
  longAccumulator(name?: string): Accumulator<number, number> {
    return longAccumulator(name, this.runtime.accumulators)
  }
  /** Makes an accumulator that adds up numbers. */
  doubleAccumulator(name?: string): Accumulator<number, number> {
    return doubleAccumulator(name, this.runtime.accumulators)
  }
  /** Makes an accumulator that collects values in a list. */
  collectionAccumulator<T>(name?: string): Accumulator<T, T[]> {
    return collectionAccumulator(name, this.runtime.accumulators)
  }

  #files<T>(
    where: string,
    load: 'loadText' | 'loadWholeTexts' | 'loadWholeBytes',
    path: string,
    options: { numPartitions?: number | undefined } | undefined,
  ): RDD<T> {
    checkOptions(where, options, ['numPartitions'])
    aString(where, 'path', path)
    const n = positiveInteger(where, 'numPartitions', options?.numPartitions ?? 1)
    const files = filesOf(this.runtime, where)
    const records = source(where, [{ load: () => files[load](path) }])
    return new RDD(this, n === 1 ? records : reslice(records, where, n))
  }
}

/** An array of more places than this is looked at for places without a record. */
const VERY_LONG = 2 ** 24

/** Returns the array. @throws `bad-option` for one with billions of places and few records, which would be read for hours */
function dense<T>(records: readonly T[]): readonly T[] {
  return records.length <= VERY_LONG ? records : withoutHoles('parallelize', records)
}
