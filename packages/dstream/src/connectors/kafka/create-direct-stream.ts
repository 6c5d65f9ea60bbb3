import type { DStream, StreamingContext } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { decoder, type ConsumerRecord } from './source/consumer-record.js'
import type { CommitCallback } from './source/group-commits.js'
import { KafkaSource } from './source/kafka-source.js'
import type { OffsetRange } from './source/offset-range.js'
import { streamSettings, type DirectStreamOptions } from './source/stream-options.js'

/** A stream that can commit offsets to its consumer group. */
export interface CanCommitOffsets {
  /**
   * Commits the ends of ranges to the group of the stream, in the background and in order. Called in an output, after what it
   * does, so that the group has only what is done. The checkpoint's own offsets win over those of the group.
   *
   * @param callback receives the error, or nothing once the offsets are committed; without it a failure is reported
   * @throws `no-group` when the stream has no group, `stream-not-started` before the context is started
   */
  commitAsync(ranges: readonly OffsetRange[], callback?: CommitCallback): void
}

export type DirectKafkaStream<K, V> = DStream<ConsumerRecord<K, V>> & CanCommitOffsets

/**
 * Makes the stream of the records of Kafka topics, as Spark's `KafkaUtils.createDirectStream`. Each batch is a range of
 * offsets of each partition, planned at its tick and logged before it is read; a batch that is run again reads the same
 * range. Each partition of a topic is a partition of the RDD. Partitions that are added while the job runs are read from
 * their beginning.
 *
 * A broker that is away is waited for and reported. Offsets that are not there any more, because retention has deleted them
 * or the topic was created again, stop the job, or are reported and left out with `onGap: 'skip'`. Needs `@platformatic/kafka`.
 *
 * @throws `bad-option`, `unknown-option`; `kafka-client-missing` is reported when the context starts
 *
 * @example
 * import { createDirectStream, stringDeserializer } from 'dstream/kafka'
 * const orders = createDirectStream(ssc, {
 *   brokers: '127.0.0.1:9092',
 *   topics: 'orders',
 *   startingOffsets: 'earliest',
 *   deserializers: { key: stringDeserializer, value: stringDeserializer },
 * })
 * orders.map(({ key, value }) => `${key}: ${value}`).print()
 */
export function createDirectStream<K = Buffer, V = Buffer>(
  ssc: StreamingContext,
  options: DirectStreamOptions<K, V>,
): DirectKafkaStream<K, V> {
  const where = 'createDirectStream'
  if (typeof ssc?.fromSource !== 'function') throw badOption(where, 'ssc', 'a StreamingContext', ssc)
  const settings = streamSettings(where, options, ssc.batchInterval)
  const source = new KafkaSource(settings, decoder<K, V>(options.deserializers ?? {}))
  return Object.assign(ssc.fromSource(source), {
    commitAsync: (ranges: readonly OffsetRange[], callback?: CommitCallback) => source.commit(ranges, callback),
  })
}
