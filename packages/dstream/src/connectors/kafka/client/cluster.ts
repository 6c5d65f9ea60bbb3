import type { DStreamError } from '../../../base/errors/base.js'
import { ANY, type KafkaClient } from './kafka-client.js'
import { brokerErrors, hasBrokerError } from './failures.js'
import type { Answer } from './apis.js'

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A topic as the cluster describes it. One that is deleted and created again has another id. */
export interface TopicInfo {
  readonly id: string
  /** The broker that leads each partition; -1 for one without a leader. */
  readonly leaders: readonly number[]
}

export type Isolation = 'read_committed' | 'read_uncommitted'

export function isolationLevel(isolation: Isolation): number {
  return isolation === 'read_committed' ? 1 : 0
}

/** The offset before which nothing is kept, the offset after the last record that may be read, or that of a time. */
export type OffsetOf = 'earliest' | 'latest' | { readonly timeMs: number }

/** Returns Kafka's name of a partition: `orders-3`. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

const COORDINATES = { group: 0, transaction: 1 } as const

/** Answers questions about topics, offsets and groups. Leaders and coordinators are remembered until a broker is not theirs. */
export class Cluster {
  readonly client: KafkaClient
  readonly #topics = new Map<string, TopicInfo & { readonly atMs: number }>()
  readonly #coordinators = new Map<string, number>()

  constructor(client: KafkaClient) {
    this.client = client
  }

  /**
   * Asks for topics by name, or for all of them except those that Kafka keeps for itself.
   *
   * @returns those that exist. @throws `kafka-away`, `kafka-refused`
   */
  async topics(what: string, names?: readonly string[]): Promise<ReadonlyMap<string, TopicInfo>> {
    const answer = await this.#metadata(what, names)
    this.client.know(answer.brokers)
    const found = new Map<string, TopicInfo>()
    for (const { name, topicId, isInternal, errorCode, partitions } of answer.topics) {
      if (name === null || name === undefined || (isInternal && names === undefined)) continue
      if (errorCode !== 0 && partitions.length === 0) continue
      const leaders: number[] = []
      for (const { partitionIndex, leaderId, errorCode: code } of partitions) {
        leaders[partitionIndex] = code === 0 || code === REPLICA_NOT_AVAILABLE ? leaderId : -1
      }
      found.set(name, { id: topicId, leaders })
    }
    for (const name of names ?? []) this.#topics.delete(name)
    const atMs = performance.now()
    for (const [name, info] of found) this.#topics.set(name, { ...info, atMs })
    return found
  }

  /** Returns the topic as it was described some minutes ago at most, or asks for it; `undefined` when it does not exist. */
  async topic(what: string, name: string): Promise<TopicInfo | undefined> {
    const known = this.#topics.get(name)
    if (known !== undefined && performance.now() - known.atMs < REMEMBERED_MS) return known
    return (await this.topics(what, [name])).get(name)
  }

  /** Makes the next question about a topic ask for it again: its leaders may have changed. */
  forgetTopic(name: string): void {
    this.#topics.delete(name)
  }

  /** Returns one offset of each partition, by the partition's name; those without a leader are left out. */
  async offsets(
    what: string,
    partitions: readonly TopicPartition[],
    of: OffsetOf,
    isolation: Isolation,
  ): Promise<ReadonlyMap<string, number>> {
    const timestamp = of === 'earliest' ? -2n : of === 'latest' ? -1n : BigInt(of.timeMs)
    const offsets = new Map<string, number>()
    const ask = async (leader: number, led: readonly TopicPartition[]): Promise<void> => {
      const topics = [...grouped(led)].map(([name, indexes]) => ({
        name,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
      }))
      const answer = await this.client.call(what, leader, 'ListOffsets', NO_REPLICA, isolationLevel(isolation), topics)
      for (const { name, partitions: found } of answer.topics) {
        for (const { partitionIndex, offset } of found) offsets.set(`${name}-${partitionIndex}`, Number(offset))
      }
    }
    const asked = [...(await this.#byLeader(what, partitions))].map(([leader, led]) => ask(leader, led))
    await allDone(asked).catch((error: unknown) => {
      for (const { topic } of partitions) this.forgetTopic(topic)
      throw error
    })
    return offsets
  }

  /** Calls `ask` with the coordinator of a group or a transactional id. One that has moved is asked for again the next time. */
  async coordinated<R>(
    kind: keyof typeof COORDINATES,
    key: string,
    what: string,
    ask: (node: number) => Promise<R>,
  ): Promise<R> {
    const name = `${kind} ${key}`
    try {
      let node = this.#coordinators.get(name)
      if (node === undefined) {
        const { coordinators } = await this.client.call(what, ANY, 'FindCoordinator', COORDINATES[kind], [key])
        const { nodeId, host, port } = coordinators[0]!
        this.client.meet({ nodeId, host, port })
        this.#coordinators.set(name, (node = nodeId))
      }
      return await ask(node)
    } catch (error) {
      const { code, cause } = error as DStreamError
      if (code === 'kafka-away' && !hasBrokerError(cause, 'CONCURRENT_TRANSACTIONS')) this.#coordinators.delete(name)
      throw error
    }
  }

  async #metadata(what: string, names: readonly string[] | undefined): Promise<Answer<'Metadata'>> {
    try {
      return await this.client.call(what, ANY, 'Metadata', names === undefined ? null : [...names], false, false)
    } catch (error) {
      // The answer about all topics comes as the error of one.
      const { cause } = error as { readonly cause?: { readonly response?: Answer<'Metadata'> } }
      const answers = brokerErrors(cause)
      if (cause?.response?.topics === undefined || !answers.every((name) => ABOUT_ONE_TOPIC.has(name))) throw error
      return cause.response
    }
  }

  async #byLeader(what: string, partitions: readonly TopicPartition[]): Promise<Map<number, TopicPartition[]>> {
    const missing = [...new Set(partitions.map(({ topic }) => topic))].filter((name) => !this.#topics.has(name))
    if (missing.length > 0) await this.topics(what, missing)
    const byLeader = new Map<number, TopicPartition[]>()
    for (const of of partitions) {
      const leader = this.#topics.get(of.topic)?.leaders[of.partition] ?? -1
      if (leader === -1) continue
      const led = byLeader.get(leader)
      if (led === undefined) byLeader.set(leader, [of])
      else led.push(of)
    }
    return byLeader
  }
}

/** The time after which a topic is asked for again, since partitions may have been added. */
const REMEMBERED_MS = 60_000
const REPLICA_NOT_AVAILABLE = 9
/** The asker is a client, and not a broker that copies the partition. */
const NO_REPLICA = -1
const ABOUT_ONE_TOPIC = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'INVALID_TOPIC_EXCEPTION',
])

/** Awaits all of them, so that none fails unheard. @throws the first error */
export async function allDone(promises: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
}

/** Groups partitions by their topic. */
export function grouped(partitions: readonly TopicPartition[]): Map<string, number[]> {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const indexes = byTopic.get(topic)
    if (indexes === undefined) byTopic.set(topic, [partition])
    else indexes.push(partition)
  }
  return byTopic
}
