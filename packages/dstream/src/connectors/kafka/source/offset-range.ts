import { splitsOf, type RDD, type SourceSplit } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import { aString, nonNegativeInteger } from '../../../base/options.js'
import { nameOf } from '../client/cluster.js'
import type { LostOffsets } from '../../../base/errors/kafka.js'

/** The records of a partition from one offset to before another one. */
export class OffsetRange {
  readonly topic: string
  readonly partition: number
  readonly fromOffset: number
  readonly untilOffset: number

  /** @throws `bad-option` for a range that ends before it begins, and for what is no offset */
  constructor(topic: string, partition: number, fromOffset: number, untilOffset: number) {
    const where = 'OffsetRange'
    this.topic = aString(where, 'topic', topic)
    this.partition = nonNegativeInteger(where, 'partition', partition)
    this.fromOffset = nonNegativeInteger(where, 'fromOffset', fromOffset)
    this.untilOffset = nonNegativeInteger(where, 'untilOffset', untilOffset)
    if (untilOffset < fromOffset) throw badOption(where, 'untilOffset', `at least ${fromOffset}`, untilOffset)
  }

  /** The number of offsets. The number of records is smaller where the topic is compacted or written by transactions. */
  count(): number {
    return this.untilOffset - this.fromOffset
  }

  toString(): string {
    return `${nameOf(this)} [${this.fromOffset} -> ${this.untilOffset}]`
  }
}

/** The range of a partition in a batch, as it is logged. */
export interface KafkaSplit extends SourceSplit {
  readonly topic: string
  readonly partition: number
  /** The id of the topic. */
  readonly id: string
  readonly from: number
  readonly until: number
  /** The offsets before `from` that were planned for and are not there; absent where none are missing. */
  readonly lost?: { readonly from: number; readonly until: number; readonly why: LostOffsets } | undefined
}

const rangesOfRDD = new WeakMap<RDD<unknown>, readonly OffsetRange[]>()

/** Notes the ranges that an RDD is read from. */
export function withRanges<T>(rdd: RDD<T>, ranges: readonly OffsetRange[]): RDD<T> {
  rangesOfRDD.set(rdd, ranges)
  return rdd
}

/**
 * Returns the offset ranges of a batch, those of Spark's `HasOffsetRanges`: `offsetRanges(rdd)[i]` belongs to partition i.
 * Only the RDD of the stream itself has them, and that of `createRDD`: call it before any transformation. A batch without
 * records has none.
 *
 * @example
 * import { createDirectStream, offsetRanges } from 'dstream/kafka'
 * const stream = createDirectStream(ssc, { brokers: '127.0.0.1:9092', topics: 'orders', groupId: 'shop' })
 * stream.foreachRDD(async (rdd) => {
 *   const ranges = offsetRanges(rdd)
 *   console.log(ranges.join(), await rdd.count())
 *   stream.commitAsync(ranges)
 * })
 */
export function offsetRanges(rdd: RDD<unknown>): readonly OffsetRange[] {
  const known = rangesOfRDD.get(rdd)
  if (known !== undefined) return known
  const splits = (splitsOf(rdd) ?? []) as readonly Partial<KafkaSplit>[]
  return splits.flatMap(({ topic, partition, from, until }) =>
    topic === undefined ? [] : [new OffsetRange(topic, partition!, from!, until!)],
  )
}
