import type { MessageRecord, NumericMap } from '@platformatic/kafka'
import { allDone, nameOf, type Cluster } from '../client/cluster.js'
import { hasBrokerError } from '../client/failures.js'
import { whileAway } from '../client/while-away.js'
import type { PartitionMessages } from './messages.js'
import type { Compression } from './sink-options.js'

/** The identity under which the broker counts what a producer sends. */
export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}

export interface ProducerOptions {
  readonly cluster: Cluster
  readonly topic: string
  readonly compression: Compression
  /** `undefined` for writing without a transaction. */
  readonly transactionalId: string | undefined
}

const ALL_REPLICAS = -1
/** The time that the broker waits for the replicas. */
const REPLICATION_MS = 10_000
const SEQUENCES = 2 ** 31

/** Writes the records of a topic. The number of each in its partition tells the broker which of them it has already. */
export class Producer {
  readonly identity: ProducerIdentity
  readonly #options: ProducerOptions
  readonly #sequences = new Map<number, number>()

  constructor(identity: ProducerIdentity, options: ProducerOptions) {
    this.identity = identity
    this.#options = options
  }

  /**
   * Writes the records of several partitions, those of each in order. Resolves when all of them are replicated.
   *
   * @param patience the time for which a request is sent again while the broker is away, in milliseconds; 0 for once
   */
  async write(
    messages: readonly PartitionMessages[],
    patience: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await allDone(
      messages.map(async ({ partition, chunks }) => {
        for (const chunk of chunks) {
          await whileAway(() => this.#send(partition, chunk), { forMs: patience, signal })
          this.#sequences.set(partition, (this.#sequenceOf(partition) + chunk.length) % SEQUENCES)
        }
      }),
    )
  }

  #sequenceOf(partition: number): number {
    return this.#sequences.get(partition) ?? 0
  }

  async #send(partition: number, chunk: MessageRecord[]): Promise<void> {
    const { cluster, topic, compression, transactionalId } = this.#options
    const what = `write to ${nameOf({ topic, partition })}`
    const leader = (await cluster.topic(what, topic))?.leaders[partition] ?? -1
    if (leader === -1) {
      cluster.forgetTopic(topic)
      throw cluster.client.away(what, `partition ${partition} has no leader`)
    }
    const sequences = new cluster.client.library.NumericMap() as NumericMap
    sequences.set(`${topic}:${partition}`, this.#sequenceOf(partition))
    const { id: producerId, epoch: producerEpoch } = this.identity
    const identity = { producerId, producerEpoch, sequences, compression }
    const options = transactionalId === undefined ? identity : { ...identity, transactionalId }
    try {
      await cluster.client.call(what, leader, 'Produce', ALL_REPLICAS, REPLICATION_MS, chunk, options)
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown }
      // The answer to an earlier sending was lost; the records are there.
      if (hasBrokerError(cause, 'DUPLICATE_SEQUENCE_NUMBER')) return
      cluster.forgetTopic(topic)
      throw error
    }
  }
}
