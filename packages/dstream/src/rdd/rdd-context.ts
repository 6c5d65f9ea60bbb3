import { checkOptions, positiveInteger } from '../options.js'
import { RDD } from './rdd.js'
import { filesOf } from './saving.js'
import { runtimeOf, type RDDRuntime } from './runtime.js'
import { source, union } from './steps.js'

export interface RDDContextOptions {
  /** Partitions where nobody says how many; 1 unless given, whatever the machine. */
  readonly defaultParallelism?: number | undefined
  /** @internal */
  readonly runtime?: Partial<RDDRuntime> | undefined
}

/** Makes RDDs from what the program holds: `ssc.sc`, or one of its own. */
export class RDDContext {
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
    const at = (p: number) => Math.floor((p * all.length) / n)
    const parts = n === 1 ? [all] : Array.from({ length: n }, (_, p) => all.slice(at(p), at(p + 1)))
    return new RDD(
      this,
      source(
        'parallelize',
        parts.map((slice) => ({ records: slice })),
      ),
    )
  }

  /** No records, no partitions. */
  emptyRDD<T>(): RDD<T> {
    return new RDD(this, source('emptyRDD', []))
  }

  /** The lines of a file, or of the files in a directory as `saveAsTextFile` leaves it. */
  textFile(path: string): RDD<string> {
    const files = filesOf(this.runtime, 'textFile')
    return new RDD(this, source('textFile', [{ load: () => files.loadText(path) }]))
  }

  /** What `saveAsObjectFile` has saved. */
  objectFile<T>(path: string): RDD<T> {
    const files = filesOf(this.runtime, 'objectFile')
    return new RDD(this, source('objectFile', [{ load: () => files.loadObjects(path) }]))
  }

  union<T>(rdds: readonly RDD<T>[]): RDD<T> {
    return new RDD(this, union(rdds.map((rdd) => rdd.node)), rdds.find((rdd) => rdd.job !== undefined)?.job)
  }
}
