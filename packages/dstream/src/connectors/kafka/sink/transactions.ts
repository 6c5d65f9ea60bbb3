import { kafkaOvertaken, ledgerTaken } from '../../../base/errors/kafka.js'
import { allDone, type Cluster } from '../client/cluster.js'
import { hasBrokerError } from '../client/failures.js'
import { committedOffsets } from '../client/group-offsets.js'
import { whileAway } from '../client/while-away.js'
import type { PartitionMessages } from './messages.js'
import { Producer, type ProducerIdentity } from './producer.js'
import type { Compression } from './sink-options.js'

export interface TransactionsOptions {
  readonly cluster: Cluster
  readonly topic: string
  readonly transactionalId: string
  readonly timeoutMs: number
  readonly compression: Compression
}

/** The words of the broker for a producer whose epoch is over: another process has its id, or its transaction took too long. */
const FENCED = ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'TRANSACTION_TIMED_OUT'] as const
/** The words for a producer that it does not know any more, as after a week without a transaction. */
const FORGOTTEN = ['INVALID_PRODUCER_ID_MAPPING', 'UNKNOWN_PRODUCER_ID'] as const
/** The words for a transaction that has gone wrong and has to be begun again. */
const OUT_OF_STEP = [...FENCED, ...FORGOTTEN, 'INVALID_TXN_STATE', 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'TRANSACTION_ABORTABLE'] as const // prettier-ignore

const NO_PRODUCER: ProducerIdentity = { id: -1n, epoch: -1 }
const NO_MEMBER = { generation: -1, memberId: '' } as const
/**
 * The time for which a request waits until the last transaction of this id is over. A broker that has just started needs
 * some seconds for that; the producer in Java waits as long.
 */
const COMPLETION_MS = 60_000

/** The text of a batch time in the ledger. */
function ledgerText(time: number): string {
  return JSON.stringify({ batchTime: time })
}

/**
 * Writes each batch in one transaction with its time. The time is the metadata of an offset that is committed for a consumer
 * group of the sink's own, its ledger, so that the broker makes records and time visible together.
 *
 * After every failure the producer is initialised again, which aborts what is open and completes what was being committed, and
 * the ledger is read: it tells whether the batch is there. An epoch that another process has raised ends this one.
 */
export class Transactions {
  readonly #options: TransactionsOptions
  readonly #group: string
  #producer: Producer | undefined
  /** The identity of the last producer, from which the next one follows. */
  #last = NO_PRODUCER

  constructor(options: TransactionsOptions) {
    this.#options = options
    this.#group = `${options.transactionalId}-ledger`
  }

  /** Takes the place of every earlier producer of this id. Returns the time of the last batch; `undefined` for none. */
  async begin(): Promise<number | undefined> {
    this.#producer = await this.#initialised()
    return this.#newest()
  }

  /**
   * Writes a batch that is newer than all that the broker has, unless it has it already.
   *
   * @throws `kafka-away` when it may succeed later, `sink-overtaken`, `kafka-refused`
   */
  async write(time: number, messages: readonly PartitionMessages[], signal: AbortSignal | undefined): Promise<void> {
    if (this.#producer === undefined) {
      const newest = await this.begin()
      if (newest !== undefined && newest >= time) return
    }
    const producer = this.#producer!
    // Whatever happens before the end is known, this producer is not used again.
    this.#producer = undefined
    try {
      await this.#transact(producer, time, messages, signal)
      this.#producer = producer
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown }
      if (!hasBrokerError(cause, ...OUT_OF_STEP)) throw error
      throw this.#options.cluster.client.away(this.#what(time), 'its transaction is over', error)
    }
  }

  async #transact(
    producer: Producer,
    time: number,
    messages: readonly PartitionMessages[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { topic, transactionalId } = this.#options
    const { id, epoch } = producer.identity
    const what = this.#what(time)
    if (messages.length > 0) {
      const topics = [{ name: topic, partitions: messages.map(({ partition }) => partition) }]
      await this.#ofCoordinator(what, 'AddPartitionsToTxn', [
        { transactionalId, producerId: id, producerEpoch: epoch, verifyOnly: false, topics },
      ])
    }
    await this.#ofCoordinator(what, 'AddOffsetsToTxn', transactionalId, id, epoch, this.#group)
    await allDone([producer.write(messages, 0, signal), this.#writeTime(what, producer, time)])
    signal?.throwIfAborted()
    await this.#ofCoordinator(what, 'EndTxn', transactionalId, id, epoch, true)
  }

  async #writeTime(what: string, { identity: { id, epoch } }: Producer, time: number): Promise<void> {
    const { cluster, topic, transactionalId } = this.#options
    const offset = {
      partitionIndex: 0,
      committedOffset: 0n,
      committedLeaderEpoch: -1,
      committedMetadata: ledgerText(time),
    }
    const topics = [{ name: topic, partitions: [offset] }]
    const { generation, memberId } = NO_MEMBER
    await cluster.coordinated(
      'group',
      this.#group,
      what,
      (node) =>
      cluster.client.call(what, node, 'TxnOffsetCommit', transactionalId, this.#group, id, epoch, generation, memberId, null, topics), // prettier-ignore
    )
  }

  /** Sends a request to the coordinator of the transactions, and again while it ends the last one. */
  async #ofCoordinator(...[what, name, ...args]: CoordinatorCall): Promise<void> {
    const { cluster, transactionalId } = this.#options
    const call = cluster.client.call.bind(cluster.client) as (...all: readonly unknown[]) => Promise<unknown>
    await whileBusy(() =>
      cluster.coordinated('transaction', transactionalId, what, (node) => call(what, node, name, ...args)),
    )
  }

  async #initialised(): Promise<Producer> {
    const { cluster, topic, compression, transactionalId, timeoutMs } = this.#options
    const what = `begin as ${transactionalId}`
    const initialise = ({ id, epoch }: ProducerIdentity): Promise<{ producerId: bigint; producerEpoch: number }> =>
      whileBusy(() =>
        cluster.coordinated('transaction', transactionalId, what, (node) =>
          cluster.client.call(what, node, 'InitProducerId', transactionalId, timeoutMs, id, epoch),
        ),
      )
    const { producerId: id, producerEpoch: epoch } = await initialise(this.#last).catch((error: unknown) => {
      const { cause } = error as { readonly cause?: unknown }
      if (this.#last === NO_PRODUCER) throw error
      if (hasBrokerError(cause, ...FENCED)) throw kafkaOvertaken(transactionalId, error)
      if (hasBrokerError(cause, ...FORGOTTEN)) return initialise(NO_PRODUCER)
      throw error
    })
    this.#last = { id, epoch }
    return new Producer(this.#last, { cluster, topic, compression, transactionalId })
  }

  async #newest(): Promise<number | undefined> {
    const { cluster, topic } = this.#options
    const read = (): ReturnType<typeof committedOffsets> =>
      committedOffsets(cluster, this.#group, [{ topic, partition: 0 }])
    const found = (await whileAway(read, { forMs: COMPLETION_MS })).get(`${topic}-0`)
    if (found === undefined) return undefined
    const time = /^\{"batchTime":(\d{1,16})\}$/.exec(found.metadata)?.[1]
    if (time === undefined) throw ledgerTaken(this.#group, found.metadata)
    return Number(time)
  }

  #what(time: number): string {
    return `write the batch of ${time} ms`
  }
}

type CoordinatorCall =
  | readonly [what: string, name: 'AddPartitionsToTxn', transactions: readonly unknown[]]
  | readonly [what: string, name: 'AddOffsetsToTxn', transactionalId: string, id: bigint, epoch: number, group: string]
  | readonly [what: string, name: 'EndTxn', transactionalId: string, id: bigint, epoch: number, commit: boolean]

/** Repeats a request that the broker puts off, because it still writes the end of the last transaction. */
function whileBusy<R>(attempt: () => Promise<R>): Promise<R> {
  return whileAway(attempt, {
    forMs: COMPLETION_MS,
    firstPauseMs: 5,
    isPassing: (error) => hasBrokerError((error as { readonly cause?: unknown }).cause, ...BUSY),
  })
}

const BUSY = ['CONCURRENT_TRANSACTIONS', 'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR'] as const // prettier-ignore
