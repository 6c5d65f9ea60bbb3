import { DStreamError, type ReadOptions, type SourceHost, type SourceLag, type SplitSource } from 'dstream'
import { commitWithoutGroup, lostOffsets, offsetsLost, streamNotStarted } from '../../../base/errors/kafka.js'
import { Cluster } from '../client/cluster.js'
import { KafkaClient } from '../client/kafka-client.js'
import { loadLibrary } from '../client/library.js'
import { isAway, whileAway } from '../client/while-away.js'
import type { ConsumerRecord, RawRecord } from './consumer-record.js'
import { Fetcher } from './fetch.js'
import { GroupCommits, type CommitCallback } from './group-commits.js'
import type { KafkaSplit, OffsetRange } from './offset-range.js'
import { Planner, type Position } from './planner.js'
import { ReadAhead } from './read-ahead.js'
import type { StreamSettings } from './stream-options.js'

/** The parts that are made when the context opens the source. */
interface Open {
  readonly client: KafkaClient
  readonly planner: Planner
  readonly ahead: ReadAhead
  readonly commits: GroupCommits | undefined
  readonly report: SourceHost['report']
  readonly isShared: boolean
}

const START_PATIENCE_MS = 3000
/** A leader that has just moved is found at once; a tick does not wait for a broker that is down. */
const PLAN_PATIENCE_MS = 200

/** Reads partitions of Kafka by offsets, without a consumer group: after a crash no group waits for its former member. */
export class KafkaSource<K, V> implements SplitSource<ConsumerRecord<K, V>, Position, KafkaSplit, RawRecord> {
  readonly kind = 'createDirectStream'
  readonly name = 'Kafka'
  /** A range needs its broker only. Each thread has connections of its own. */
  readonly readsAnywhere = true
  readonly decode?: (raw: RawRecord) => ConsumerRecord<K, V>
  readonly #settings: StreamSettings
  readonly #splits = new WeakMap<Position, readonly KafkaSplit[]>()
  #opened: Open | undefined
  /** The names of the splits of the last batch, and of those that this thread has read. */
  #planned: readonly string[] = []
  readonly #readHere = new Set<string>()
  /** The end of each partition at the last look, by name. */
  #latest: ReadonlyMap<string, number> | undefined

  constructor(settings: StreamSettings, decode: ((raw: RawRecord) => ConsumerRecord<K, V>) | undefined) {
    this.#settings = settings
    if (decode !== undefined) this.decode = decode
  }

  async open({ report, isShared }: Pick<SourceHost, 'report' | 'isShared'>): Promise<void> {
    const settings = this.#settings
    const client = new KafkaClient(await loadLibrary(), settings.client)
    const cluster = new Cluster(client)
    const { groupId, prefetchBytes, maxPartitionFetchBytes } = settings
    this.#opened = {
      client,
      planner: new Planner(cluster, settings, report),
      ahead: new ReadAhead(new Fetcher(cluster, { ...settings, report }), prefetchBytes, maxPartitionFetchBytes),
      commits: groupId === undefined ? undefined : new GroupCommits(cluster, groupId),
      report,
      isShared: isShared === true,
    }
    await this.#mustNotRefuse(cluster)
  }

  /** A broker that is away may come; one that refuses will go on to. */
  isPermanent(error: unknown): boolean {
    return error instanceof DStreamError && ['kafka-refused', 'kafka-client-missing'].includes(error.code)
  }

  /** Asks for no topic, to learn of a wrong password at the start: a restart asks a broker for nothing else before its first tick. */
  async #mustNotRefuse(cluster: Cluster): Promise<void> {
    try {
      await cluster.topics('reach the brokers', [])
    } catch (error) {
      if (!isAway(error)) throw error
    }
  }

  async initial(): Promise<Position> {
    const { planner } = await this.#open()
    return whileAway(() => planner.initial(), { forMs: START_PATIENCE_MS })
  }

  async plan(from: Position, limit: number | undefined): Promise<Position> {
    const { planner, ahead, isShared } = await this.#open()
    const plan = await whileAway(() => planner.plan(from, limit), { forMs: PLAN_PATIENCE_MS })
    if (plan === undefined) return from
    this.#latest = plan.latest
    this.#splits.set(plan.until, plan.splits)
    // Where other threads have read some of the last batch, what is read ahead here would be read twice.
    const readsAhead = !isShared || this.#hasReadAll()
    if (readsAhead) for (const split of plan.splits) ahead.aim(split, split.from, plan.latest.get(split.name)!)
    this.#planned = plan.splits.map(({ name }) => name)
    this.#readHere.clear()
    return plan.until
  }

  /** Whether this thread alone has read the last batch. */
  #hasReadAll(): boolean {
    return this.#planned.length > 0 && this.#planned.every((name) => this.#readHere.has(name))
  }

  /** Returns the records up to the end of each partition. */
  lag(position: Position): SourceLag | undefined {
    if (this.#latest === undefined) return undefined
    let records = 0
    for (const [topic, { offsets }] of Object.entries(position)) {
      for (const [partition, offset] of Object.entries(offsets)) {
        records += Math.max(0, (this.#latest.get(`${topic}-${partition}`) ?? offset) - offset)
      }
    }
    return { records }
  }

  splits(from: Position, until: Position): readonly KafkaSplit[] {
    const planned = this.#splits.get(until)
    if (planned !== undefined) return planned
    return Object.entries(until).flatMap(([topic, { id, offsets }]) =>
      Object.entries(offsets).map(([index, offset]) => {
        const partition = Number(index)
        const begin = from[topic]?.id === id ? (from[topic].offsets[partition] ?? offset) : offset
        return { name: `${topic}-${index}`, topic, partition, id, from: begin, until: offset }
      }),
    )
  }

  async read(split: KafkaSplit, { signal }: ReadOptions): Promise<AsyncIterable<RawRecord>> {
    const { ahead, report } = await this.#open()
    this.#readHere.add(split.name)
    if (split.lost !== undefined) {
      const { from, until, why } = split.lost
      if (this.#settings.onGap === 'fail') throw offsetsLost(split.name, from, until, why)
      report(`${lostOffsets(split.name, from, until, why)}. They are left out`)
    }
    return ahead.read(split, split.from, split.until, signal)
  }

  /** Commits the offsets of a batch that is done. */
  committed(until: Position): void {
    if (!this.#settings.autoCommit || this.#opened === undefined) return
    const { commits, report } = this.#opened
    const offsets = Object.entries(until).flatMap(([topic, { offsets: byPartition }]) =>
      Object.entries(byPartition).map(([partition, offset]) => ({ topic, partition: Number(partition), offset })),
    )
    commits!.commit(offsets, (error) => error !== undefined && report('Offsets could not be committed', error))
  }

  /** @throws `no-group`, `stream-not-started` */
  commit(ranges: readonly OffsetRange[], callback: CommitCallback | undefined): void {
    if (this.#settings.groupId === undefined) throw commitWithoutGroup()
    if (this.#opened === undefined) throw streamNotStarted()
    const { commits, report } = this.#opened
    const offsets = ranges.map(({ topic, partition, untilOffset: offset }) => ({ topic, partition, offset }))
    commits!.commit(offsets, (error) => {
      if (callback === undefined && error !== undefined) report('Offsets could not be committed', error)
      try {
        callback?.(error)
      } catch (thrown) {
        report('The callback of commitAsync has thrown', thrown)
      }
    })
  }

  async close(): Promise<void> {
    const { client, ahead, commits } = this.#opened ?? {}
    await commits?.settled()
    ahead?.close()
    client?.close()
  }

  /** A contract asks a source that no context has opened. */
  async #open(): Promise<Open> {
    if (this.#opened === undefined) await this.open({ report: () => undefined })
    return this.#opened!
  }
}
