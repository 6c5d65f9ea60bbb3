import type { fetchV17, KafkaRecord, RecordsBatch } from '@platformatic/kafka'
import { lostOffsets, offsetsLost, type LostOffsets } from '../../../base/errors/kafka.js'
import { nameOf, isolationLevel, type Cluster, type Isolation, type TopicPartition } from '../client/cluster.js'
import { hasBrokerError } from '../client/failures.js'
import { whileAway, type WhileAway } from '../client/while-away.js'
import type { Header, RawRecord } from './consumer-record.js'

/** The partition that a range is read from. */
export interface Origin extends TopicPartition {
  /** The id of the topic whose offsets they are. */
  readonly id: string
}

/** Consecutive records. The offsets from `from` to before `next` are those of the records, or of nothing that can be read. */
export interface Chunk {
  readonly from: number
  readonly next: number
  readonly records: readonly RawRecord[]
  /** The memory that the records take, about. */
  readonly bytes: number
}

export interface FetchOptions {
  readonly isolation: Isolation
  readonly maxPartitionFetchBytes: number
  readonly onGap: 'fail' | 'skip'
  /** Reports a failure after which reading goes on. */
  readonly report: (message: string, error?: unknown) => void
}

/** The longest that a broker waits for a record that it should have. */
const MAX_WAIT_MS = 500
/** A fetch that is no part of a session: the broker remembers nothing of it. */
const NO_SESSION = [0, -1] as const
const NO_HEADERS: readonly Header[] = []
/** The memory of a record beside its key, value and headers. */
const RECORD_BYTES = 200

/** Reads a partition from any offset, one answer at a time. */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetchOptions

  constructor(cluster: Cluster, options: FetchOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /**
   * Returns the records from `at` on, at least one offset of them, as one answer of the leader. Waits while the broker is
   * away, and reports that once.
   *
   * @param until an offset up to which the partition has records, or had them when the batch was planned
   * @throws `offsets-lost` with `onGap: 'fail'`; the reason of the signal once it is aborted
   */
  async read(origin: Origin, at: number, until: number, patience: Pick<WhileAway, 'signal' | 'forMs'>): Promise<Chunk> {
    let failures = 0
    const failed = (error: unknown): void => {
      this.#cluster.forgetTopic(origin.topic)
      // A leader that changes or starts is back within some attempts, and not worth a word.
      if (++failures === REPORTED_FAILURE) this.#options.report(`Reading ${nameOf(origin)} is tried again`, error)
    }
    return whileAway(() => this.readOnce(origin, at, until), { ...patience, failed })
  }

  /** Does the same once, for reading ahead. @throws `kafka-away`, `offsets-lost` */
  async readOnce(origin: Origin, at: number, until: number): Promise<Chunk> {
    const what = `read ${nameOf(origin)} from offset ${at}`
    const found = await this.#cluster.topic(what, origin.topic)
    if (found === undefined) return this.#lost(origin, at, until, until, { reason: 'no topic' })
    if (found.id !== origin.id) return this.#lost(origin, at, until, until, { reason: 'recreated' })
    const leader = found.leaders[origin.partition] ?? -1
    if (leader === -1) throw this.#cluster.client.away(what, `partition ${origin.partition} has no leader`)
    try {
      return await this.#fetch(what, leader, origin, at, until)
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown }
      if (hasBrokerError(cause, 'OFFSET_OUT_OF_RANGE')) return this.#outOfRange(what, origin, at, until)
      // The broker does not know the topic any more, or not yet: the next attempt asks for the topic again.
      if (hasBrokerError(cause, 'UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION', 'INCONSISTENT_TOPIC_ID')) {
        throw this.#cluster.client.away(what, 'the topic is not there now', error)
      }
      throw error
    }
  }

  async #fetch(what: string, leader: number, origin: Origin, at: number, until: number): Promise<Chunk> {
    const { isolation, maxPartitionFetchBytes } = this.#options
    const partition = {
      partition: origin.partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(at),
      lastFetchedEpoch: -1,
      partitionMaxBytes: maxPartitionFetchBytes,
    }
    const topics = [{ topicId: origin.id, partitions: [partition] }]
    const { responses } = await this.#cluster.client.call(
      what,
      leader,
      'Fetch',
      MAX_WAIT_MS,
      1,
      maxPartitionFetchBytes,
      isolationLevel(isolation),
      ...NO_SESSION,
      topics,
      [],
      '',
    )
    const answer = responses[0]?.partitions[0]
    const batches = answer?.records ?? []
    if (batches.length > 0) return chunkOf(origin, at, answer!, batches)
    // Compaction and aborted transactions may leave nothing up to the end of a range.
    const end = Number((isolation === 'read_committed' ? answer?.lastStableOffset : answer?.highWatermark) ?? -1)
    if (end >= until) return { from: at, next: until, records: [], bytes: 0 }
    // A leader that has just been elected may not know yet how far it may be read.
    const latest = await this.#latest(what, origin)
    if (latest !== undefined && latest < at) return this.#outOfRange(what, origin, at, until)
    throw this.#cluster.client.away(what, `its end is offset ${end}, and ${until} is awaited`)
  }

  async #outOfRange(what: string, origin: Origin, at: number, until: number): Promise<Chunk> {
    const earliest = (await this.#cluster.offsets(what, [origin], 'earliest', 'read_uncommitted')).get(nameOf(origin))
    if (earliest === undefined) throw this.#cluster.client.away(what, 'the partition has no leader')
    if (earliest > at) {
      return this.#lost(origin, at, Math.min(earliest, until), until, { reason: 'deleted', earliest })
    }
    const latest = await this.#latest(what, origin)
    if (latest === undefined || latest >= at) throw this.#cluster.client.away(what, 'its offsets have changed')
    return this.#lost(origin, at, until, until, { reason: 'truncated', latest })
  }

  async #latest(what: string, origin: Origin): Promise<number | undefined> {
    return (await this.#cluster.offsets(what, [origin], 'latest', 'read_uncommitted')).get(nameOf(origin))
  }

  /** Passes offsets that cannot be read. @throws `offsets-lost` with `onGap: 'fail'` */
  #lost(origin: Origin, at: number, next: number, until: number, why: LostOffsets): Chunk {
    const name = nameOf(origin)
    if (this.#options.onGap === 'fail') throw offsetsLost(name, at, next, why)
    this.#options.report(`${lostOffsets(name, at, next, why)}. They are left out`)
    return { from: at, next: Math.min(next, until), records: [], bytes: 0 }
  }
}

const REPORTED_FAILURE = 4

const IS_TRANSACTIONAL = 1 << 4
const IS_CONTROL = 1 << 5
const HAS_APPEND_TIME = 1 << 3

/** Takes the records out of an answer: without the markers of transactions, and without those of aborted ones. */
function chunkOf(
  origin: TopicPartition,
  at: number,
  { abortedTransactions }: fetchV17.FetchResponsePartition,
  batches: readonly RecordsBatch[],
): Chunk {
  // Sent in the order in which they begin; the last is taken first.
  const begins = [...(abortedTransactions ?? [])].sort((a, b) => (a.firstOffset < b.firstOffset ? 1 : -1))
  const aborted = new Set<bigint>()
  const records: RawRecord[] = []
  let bytes = 0
  let next = at
  for (const batch of batches) {
    const first = Number(batch.firstOffset)
    const last = first + batch.lastOffsetDelta
    next = last + 1
    while (begins.length > 0 && begins.at(-1)!.firstOffset <= last) aborted.add(begins.pop()!.producerId)
    const isTransactional = (batch.attributes & IS_TRANSACTIONAL) !== 0
    if ((batch.attributes & IS_CONTROL) !== 0) {
      if (isAbortMarker(batch.records[0])) aborted.delete(batch.producerId)
      continue
    }
    if (isTransactional && aborted.has(batch.producerId)) continue
    bytes += take(records, origin, at, batch, first)
  }
  return { from: at, next, records, bytes }
}

/** Adds the records of a batch from an offset on. Returns the memory that they take. */
function take(records: RawRecord[], origin: TopicPartition, at: number, batch: RecordsBatch, first: number): number {
  const { topic, partition } = origin
  const hasAppendTime = (batch.attributes & HAS_APPEND_TIME) !== 0
  const begin = Number(batch.firstTimestamp)
  const appended = Number(batch.maxTimestamp)
  let bytes = 0
  for (const record of batch.records) {
    const offset = first + record.offsetDelta
    if (offset < at) continue
    const { key, value } = record
    bytes += RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
    const timestamp = hasAppendTime ? appended : begin + Number(record.timestampDelta)
    records.push({ topic, partition, offset, timestamp, key, value, headers: headersOf(record) })
  }
  return bytes
}

function headersOf({ headers }: KafkaRecord): readonly Header[] {
  if (headers.length === 0) return NO_HEADERS
  return headers.map(([key, value]) => ({ key: key?.toString('utf8') ?? '', value }))
}

/** The key of a marker is its version and its type, two bytes each; type 0 ends a transaction that is aborted. */
function isAbortMarker(record: KafkaRecord | undefined): boolean {
  const key = record?.key
  return key !== undefined && key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}
