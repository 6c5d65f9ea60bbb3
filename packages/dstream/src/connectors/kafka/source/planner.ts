import { lostOffsets, topicMissing, type LostOffsets } from '../../../base/errors/kafka.js'
import { nameOf, type Cluster, type TopicInfo, type TopicPartition } from '../client/cluster.js'
import { committedOffsets } from '../client/group-offsets.js'
import { allot } from './allot.js'
import type { KafkaSplit } from './offset-range.js'
import { givenOffset, otherOffset, type StreamSettings } from './stream-options.js'

/** The id of a topic, and the offset after the last planned record of each of its partitions. */
export interface TopicPosition {
  readonly id: string
  readonly offsets: Readonly<Record<number, number>>
}

/** Topic → the part of it that all batches so far have planned. */
export type Position = Readonly<Record<string, TopicPosition>>

/** A partition that is read, with the place to go on from. */
interface Reach extends TopicPartition {
  readonly id: string
  readonly from: number
  /** The offsets of an earlier incarnation of the topic that cannot be read any more. */
  readonly lost?: KafkaSplit['lost']
}

export interface Plan {
  readonly until: Position
  readonly splits: readonly KafkaSplit[]
  /** The end of each partition, by name. */
  readonly latest: ReadonlyMap<string, number>
}

const LISTING_MS = 5000
const WHAT = 'read offsets'

/** Plans the batches of a stream: the offsets of each partition from which and up to which a batch reads. */
export class Planner {
  readonly #cluster: Cluster
  readonly #settings: StreamSettings
  readonly #report: (message: string, error?: unknown) => void
  /** The topics that fit the pattern, and when they were listed. */
  #listed: { readonly names: readonly string[]; readonly atMs: number } | undefined
  /** The names of topics and partitions that have been reported as missing or too short. */
  readonly #reported = new Set<string>()

  constructor(cluster: Cluster, settings: StreamSettings, report: (message: string, error?: unknown) => void) {
    this.#cluster = cluster
    this.#settings = settings
    this.#report = report
  }

  /**
   * Returns the position to begin with: the offsets that the user gives, else those of the group, else the oldest or the
   * newest ones. @throws `topic-missing`, `kafka-away`, `kafka-refused`
   */
  async initial(): Promise<Position> {
    const topics = await this.#topics()
    const { subscription, startingOffsets, groupId } = this.#settings
    const missing = [...this.#namesOf(subscription)].filter((name) => !topics.has(name))
    if (missing.length > 0) throw topicMissing(missing, this.#cluster.client.where)
    const partitions = this.#partitions(topics)
    const committed = groupId === undefined ? new Map() : await committedOffsets(this.#cluster, groupId, partitions)
    const earliest = await this.#offsets(partitions, 'earliest')
    const latest = await this.#offsets(partitions, 'latest')
    return positionOf(
      partitions.flatMap((of) => {
        const name = nameOf(of)
        const wanted: unknown = givenOffset(startingOffsets, of) ?? committed.get(name)?.offset ?? otherOffset(startingOffsets) // prettier-ignore
        const from = wanted === 'earliest' ? earliest.get(name) : wanted === 'latest' ? latest.get(name) : (wanted as number) // prettier-ignore
        // A partition without a leader begins when it has one, with its oldest record.
        return from === undefined ? [] : [{ ...of, id: topics.get(of.topic)!.id, offset: from }]
      }),
    )
  }

  /** Plans the batch after `from`. @throws `kafka-away`, `kafka-refused` */
  async plan(from: Position, limit: number | undefined): Promise<Plan | undefined> {
    const topics = await this.#topics()
    this.#reportMissing(topics)
    const partitions = this.#partitions(topics)
    const [earliest, latest] = await Promise.all([
      this.#offsets(partitions, 'earliest'),
      this.#offsets(partitions, 'latest'),
    ])
    const reaches = partitions.flatMap((of) => {
      const first = earliest.get(nameOf(of))
      const last = latest.get(nameOf(of))
      // One without a leader has nothing for this batch.
      if (first === undefined || last === undefined) return []
      return [this.#reach(of, topics.get(of.topic)!.id, from[of.topic], { first, last })]
    })
    const { maxPerPartition: max, minPerPartition: min } = this.#settings
    const lags = reaches.map((reach) => Math.max(0, latest.get(nameOf(reach))! - reach.from))
    const given = allot(lags.map((lag) => ({ lag, max, min })), limit) // prettier-ignore
    const splits = reaches.map((reach, i) => splitOf(reach, reach.from + given[i]!, latest.get(nameOf(reach))!))
    const isNew = splits.some(
      ({ topic, partition, until, lost, id }) =>
        lost !== undefined || from[topic]?.id !== id || from[topic].offsets[partition] !== until,
    )
    if (!isNew) return undefined
    return { until: merged(from, splits), splits, latest }
  }

  /** Returns where a partition goes on, which is not where it was when its offsets are gone. */
  #reach(
    of: TopicPartition,
    id: string,
    known: TopicPosition | undefined,
    { first, last }: { readonly first: number; readonly last: number },
  ): Reach {
    const at = known?.offsets[of.partition]
    if (at === undefined) return { ...of, id, from: first }
    const lost = (why: LostOffsets, until: number): Reach => ({
      ...of,
      id,
      from: first,
      lost: { from: at, until, why },
    })
    if (known!.id !== id) return lost({ reason: 'recreated' }, at)
    if (at < first) return lost({ reason: 'deleted', earliest: first }, first)
    if (at > last) this.#reportTruncated(of, at, last)
    return { ...of, id, from: at }
  }

  /**
   * Reports a partition that ends before its position, once. A new leader may be behind for a moment, so the position stays:
   * the batch has nothing of the partition until it has grown beyond it.
   */
  #reportTruncated(of: TopicPartition, at: number, latest: number): void {
    const name = nameOf(of)
    if (this.#reported.has(name)) return
    this.#reported.add(name)
    this.#report(
      `${lostOffsets(name, at, at, { reason: 'truncated', latest })}. It is read on when it reaches it again`,
    )
  }

  async #topics(): Promise<ReadonlyMap<string, TopicInfo>> {
    const { subscription } = this.#settings
    if (!('pattern' in subscription)) return this.#cluster.topics(WHAT, [...this.#namesOf(subscription)])
    const { pattern } = subscription
    if (this.#listed !== undefined && performance.now() - this.#listed.atMs < LISTING_MS) {
      return this.#listed.names.length === 0 ? new Map() : this.#cluster.topics(WHAT, this.#listed.names)
    }
    const all = await this.#cluster.topics(WHAT)
    const fitting = [...all].filter(([name]) => name.search(pattern) !== -1)
    this.#listed = { names: fitting.map(([name]) => name), atMs: performance.now() }
    return new Map(fitting)
  }

  #namesOf(subscription: StreamSettings['subscription']): Set<string> {
    if ('pattern' in subscription) return new Set()
    return new Set('topics' in subscription ? subscription.topics : subscription.assignments.map(({ topic }) => topic))
  }

  #partitions(topics: ReadonlyMap<string, TopicInfo>): TopicPartition[] {
    const { subscription } = this.#settings
    const all = [...topics]
      .flatMap(([topic, { leaders }]) => leaders.map((_, partition) => ({ topic, partition })))
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
    if (!('assignments' in subscription)) return all
    const assigned = new Set(subscription.assignments.map(nameOf))
    return all.filter((of) => assigned.has(nameOf(of)))
  }

  #offsets(partitions: readonly TopicPartition[], of: 'earliest' | 'latest'): Promise<ReadonlyMap<string, number>> {
    return this.#cluster.offsets(WHAT, partitions, of, this.#settings.isolation)
  }

  /** Reports a topic that is not there, once until it is there again. */
  #reportMissing(topics: ReadonlyMap<string, TopicInfo>): void {
    for (const name of this.#namesOf(this.#settings.subscription)) {
      if (topics.has(name)) this.#reported.delete(name)
      else if (!this.#reported.has(name)) {
        this.#reported.add(name)
        this.#report(`${topicMissing([name], this.#cluster.client.where).message}; it is read once it is there`)
      }
    }
  }
}

function splitOf(reach: Reach, until: number, latest: number): KafkaSplit {
  const { topic, partition, id, from, lost } = reach
  const split = { name: nameOf(reach), topic, partition, id, from, until, atEnd: until >= latest }
  return lost === undefined ? split : { ...split, lost }
}

function positionOf(offsets: readonly (TopicPartition & { readonly id: string; readonly offset: number })[]): Position {
  const position: Record<string, { id: string; offsets: Record<number, number> }> = {}
  for (const { topic, partition, id, offset } of offsets) {
    position[topic] ??= { id, offsets: {} }
    position[topic].offsets[partition] = offset
  }
  return position
}

/** Returns a position after splits. Topics without one keep theirs: a topic that is away may come back. */
function merged(from: Position, splits: readonly KafkaSplit[]): Position {
  const until = positionOf(splits.map(({ until: offset, ...of }) => ({ ...of, offset })))
  const all: Record<string, TopicPosition> = { ...from }
  for (const [topic, { id, offsets }] of Object.entries(until)) {
    // A partition without a leader keeps its offset, unless the topic has been created again.
    const before = from[topic]?.id === id ? from[topic].offsets : {}
    all[topic] = { id, offsets: { ...before, ...offsets } }
  }
  return all
}
