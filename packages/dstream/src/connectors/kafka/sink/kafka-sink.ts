import { Time, type DirectSink, type SinkBatch, type SinkHost } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import { sinkInUse, sinkNotOpen } from '../../../base/errors/sinks.js'
import { topicMissing } from '../../../base/errors/kafka.js'
import { ANY, KafkaClient } from '../client/kafka-client.js'
import { Cluster } from '../client/cluster.js'
import { hasBrokerError } from '../client/failures.js'
import { loadLibrary } from '../client/library.js'
import { isAway, whileAway } from '../client/while-away.js'
import { messagesOf, type PartitionMessages } from './messages.js'
import { Producer } from './producer.js'
import { sinkSettings, type KafkaSinkOptions, type SinkSettings } from './sink-options.js'
import { Transactions } from './transactions.js'

/** The time for which an attempt waits for a broker that is away, in milliseconds; then the batch waits for its next one. */
const PATIENCE_MS = 10_000

/** One way to write: with transactions or without. */
interface Writer {
  begin(): Promise<number | undefined>
  write(time: number, messages: readonly PartitionMessages[], signal: AbortSignal | undefined): Promise<void>
}

/**
 * Returns a sink that writes each batch to a topic of Kafka, exactly once: the records and the time of the batch are one
 * transaction, and a time that Kafka has already is not written again, over any crash of the job or the broker. Consumers
 * that read with `isolation.level=read_committed` see each batch once and as a whole. While Kafka is away, batches wait.
 *
 * With `exactlyOnce: false` the records are written without a transaction: those of a batch that is run again after a crash
 * are there twice. A request whose answer was lost is not: the broker knows it again.
 *
 * The time is kept as the metadata of an offset of the group `<transactionalId>-ledger`. Kafka forgets the offsets of a group
 * that has been idle for `offsets.retention.minutes` (a week by default), so a job that was down for longer may write its
 * last batch again. Needs the package `@platformatic/kafka`.
 *
 * @throws `bad-option`, `unknown-option`; when the context starts and opens the sink, `topic-missing`, `kafka-away`,
 *   `kafka-refused`, `kafka-client-missing`. A batch fails with `sink-overtaken` when another process has taken the sink's place
 *
 * @example
 * import { kafkaSink } from 'dstream/kafka'
 * const totals = kafkaSink<[string, number]>({
 *   brokers: '127.0.0.1:9092',
 *   topic: 'totals',
 *   key: ([word]) => word,
 *   value: ([, n]) => String(n),
 * })
 * words.countByValue().to(totals)
 */
export function kafkaSink<T>(options: KafkaSinkOptions<T>): DirectSink<T> {
  return new KafkaSink(sinkSettings('kafkaSink', options))
}

class KafkaSink<T> implements DirectSink<T> {
  readonly #settings: SinkSettings<T>
  #client: KafkaClient | undefined
  #cluster: Cluster | undefined
  #writer: Writer | undefined
  #newest: number | undefined

  constructor(settings: SinkSettings<T>) {
    this.#settings = settings
  }

  async open(host?: SinkHost): Promise<void> {
    if (this.#client !== undefined) throw sinkInUse(this.#name)
    const client = new KafkaClient(await loadLibrary(), this.#settings.client)
    this.#client = client
    try {
      const cluster = new Cluster(client)
      const writer = this.#writerOf(cluster, host)
      await whileAway(() => this.#partitions(cluster), { forMs: PATIENCE_MS })
      this.#newest = await whileAway(() => writer.begin(), { forMs: PATIENCE_MS })
      this.#cluster = cluster
      this.#writer = writer
    } catch (error) {
      this.close()
      throw error
    }
  }

  lastCommitted(): Time | undefined {
    if (this.#writer === undefined) throw sinkNotOpen(this.#name)
    return this.#newest === undefined ? undefined : new Time(this.#newest)
  }

  isTransient(error: unknown): boolean {
    return isAway(error)
  }

  async write({ time, rdd, ...batch }: Pick<SinkBatch<T>, 'time' | 'rdd'> & Partial<SinkBatch<T>>): Promise<void> {
    const writer = this.#writer
    const cluster = this.#cluster
    if (writer === undefined || cluster === undefined) throw sinkNotOpen(this.#name)
    const at = time.milliseconds
    if (this.#newest !== undefined && at <= this.#newest) return
    const records = await rdd.collect()
    const { signal } = batch
    const once = async (): Promise<void> => {
      const partitions = await this.#partitions(cluster)
      await writer.write(at, messagesOf(this.#settings.topic, partitions, records, this.#settings.form, at), signal)
    }
    await whileAway(once, { forMs: PATIENCE_MS, signal })
    if (this.#settings.exactlyOnce) this.#newest = at
  }

  close(): void {
    this.#client?.close()
    this.#client = undefined
    this.#cluster = undefined
    this.#writer = undefined
  }

  get #name(): string {
    return `the Kafka sink of "${this.#settings.topic}"`
  }

  /** @throws `topic-missing` */
  async #partitions(cluster: Cluster): Promise<number> {
    const { topic } = this.#settings
    const found = await cluster.topic(`write to ${topic}`, topic)
    if (found === undefined) throw topicMissing([topic], cluster.client.where)
    return found.leaders.length
  }

  #writerOf(cluster: Cluster, host: SinkHost | undefined): Writer {
    const { topic, compression, exactlyOnce, transactionTimeoutMs: timeoutMs } = this.#settings
    if (!exactlyOnce) return new IdempotentWriter(cluster, { topic, compression })
    const transactionalId = this.#settings.transactionalId ?? (host && `dstream-${host.job}-${host.output}`)
    if (transactionalId === undefined) {
      throw badOption('kafkaSink', 'transactionalId', 'given where no context opens the sink', undefined)
    }
    return new Transactions({ cluster, topic, compression, transactionalId, timeoutMs })
  }
}

/** Writes without a transaction. A producer that the broker does not know any more is followed by a new one. */
class IdempotentWriter implements Writer {
  readonly #cluster: Cluster
  readonly #options: Pick<SinkSettings<never>, 'topic' | 'compression'>
  #producer: Producer | undefined

  constructor(cluster: Cluster, options: Pick<SinkSettings<never>, 'topic' | 'compression'>) {
    this.#cluster = cluster
    this.#options = options
  }

  async begin(): Promise<undefined> {
    const { client } = this.#cluster
    const answer = await client.call('begin to write', ANY, 'InitProducerId', null, 0, -1n, -1)
    const identity = { id: answer.producerId, epoch: answer.producerEpoch }
    this.#producer = new Producer(identity, { ...this.#options, cluster: this.#cluster, transactionalId: undefined })
  }

  async write(_: number, messages: readonly PartitionMessages[], signal: AbortSignal | undefined): Promise<void> {
    if (this.#producer === undefined) await this.begin()
    try {
      await this.#producer!.write(messages, PATIENCE_MS, signal)
    } catch (error) {
      this.#producer = undefined
      const { cause } = error as { readonly cause?: unknown }
      if (!hasBrokerError(cause, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID')) throw error
      throw this.#cluster.client.away('write', 'the broker has lost count of this producer', error)
    }
  }
}
