import type { RDD, RDDFactory } from 'dstream'
import { topicMissing } from '../../base/errors/kafka.js'
import { badOption } from '../../base/errors/options.js'
import { Cluster } from './client/cluster.js'
import { KafkaClient } from './client/kafka-client.js'
import { loadLibrary } from './client/library.js'
import { whileAway } from './client/while-away.js'
import { decoder, type ConsumerRecord, type RawRecord } from './source/consumer-record.js'
import { Fetcher } from './source/fetch.js'
import { OffsetRange, withRanges } from './source/offset-range.js'
import { readSettings, type KafkaReadOptions, type ReadSettings } from './source/stream-options.js'

/** The ranges that are read at once. */
const CONCURRENCY = 4
/** The time for which a broker that is away is waited for, in milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Makes an RDD of ranges of offsets, as Spark's `KafkaUtils.createRDD`: one partition per range, read when the RDD is
 * evaluated. The records of a range are held in memory as a whole.
 *
 * @param options the brokers, or all options by which records are read
 * @throws `bad-option`, `unknown-option`; when it is evaluated, `topic-missing`, `kafka-away`, `kafka-refused`, and `offsets-lost` unless
 *   `onGap: 'skip'`
 *
 * @example
 * import { createRDD, OffsetRange } from 'dstream/kafka'
 * const rdd = createRDD(ssc.sc, '127.0.0.1:9092', [new OffsetRange('orders', 0, 0, 100)])
 * await rdd.count() // 100
 */
export function createRDD<K = Buffer, V = Buffer>(
  sc: RDDFactory,
  options: string | readonly string[] | KafkaReadOptions<K, V>,
  ranges: readonly OffsetRange[],
): RDD<ConsumerRecord<K, V>> {
  const where = 'createRDD'
  if (typeof sc?.parallelize !== 'function') throw badOption(where, 'sc', 'an RDDContext, or ssc.sc', sc)
  const isAddress = typeof options === 'string' || Array.isArray(options)
  const given = (isAddress ? { brokers: options } : options) as KafkaReadOptions<K, V>
  const settings = readSettings(where, given)
  if (!Array.isArray(ranges)) throw badOption(where, 'ranges', 'an array of OffsetRange', ranges)
  const all = (ranges as readonly OffsetRange[]).map(
    (range) => new OffsetRange(range?.topic, range?.partition, range?.fromOffset, range?.untilOffset),
  )
  const raw = sc
    .parallelize(all, { numPartitions: Math.max(1, all.length) })
    .mapAsync((range, signal) => recordsOf(settings, range, signal), { concurrency: CONCURRENCY })
    .flatMap((records) => records)
  const decode = decoder<K, V>(given.deserializers ?? {})
  const rdd = decode === undefined ? (raw as unknown as RDD<ConsumerRecord<K, V>>) : raw.map(decode)
  return withRanges(rdd, all)
}

async function recordsOf(settings: ReadSettings, range: OffsetRange, signal: AbortSignal): Promise<RawRecord[]> {
  const { topic, partition, fromOffset, untilOffset } = range
  const client = new KafkaClient(await loadLibrary(), settings.client)
  try {
    const cluster = new Cluster(client)
    const fetcher = new Fetcher(cluster, { ...settings, report: () => undefined })
    const found = await whileAway(() => cluster.topic(`read ${String(range)}`, topic), { signal, forMs: PATIENCE_MS })
    if (found === undefined) throw topicMissing([topic], client.where)
    const { id } = found
    const records: RawRecord[] = []
    for (let at = fromOffset; at < untilOffset;) {
      const chunk = await fetcher.read({ topic, partition, id }, at, untilOffset, { signal, forMs: PATIENCE_MS })
      for (const record of chunk.records) if (record.offset < untilOffset) records.push(record)
      at = chunk.next
    }
    return records
  } finally {
    client.close()
  }
}
