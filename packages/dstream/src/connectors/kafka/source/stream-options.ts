import type { Duration } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import {
  aBoolean,
  aFunction,
  aString,
  checkOptions,
  nonNegativeInteger,
  positiveInteger,
  positiveNumber,
} from '../../../base/options.js'
import type { Isolation, OffsetOf, TopicPartition } from '../client/cluster.js'
import {
  clientSettings,
  connectionOptionNames,
  type ClientSettings,
  type KafkaConnectionOptions,
} from '../client/settings.js'
import type { Deserializers } from './consumer-record.js'

/** The offset of a partition to begin with; `earliest` for its oldest record, `latest` for the next one that is written. */
export type StartingOffset = number | 'earliest' | 'latest'

/** The offsets to begin with: of all partitions, or by topic and partition. */
export type StartingOffsets = 'earliest' | 'latest' | Readonly<Record<string, Readonly<Record<number, StartingOffset>>>>

/** The options by which records of Kafka are read, by a stream or an RDD. */
export interface KafkaReadOptions<K, V> extends KafkaConnectionOptions {
  /** The functions that make keys and values of bytes; default: they stay bytes. */
  readonly deserializers?: Deserializers<K, V> | undefined
  /** `read_committed`, the default, leaves out the records of transactions that are aborted or open. */
  readonly isolation?: Isolation | undefined
  /** `fail`, the default, stops the job where offsets are not there any more; `skip` reports them and goes on. */
  readonly onGap?: 'fail' | 'skip' | undefined
  /** The bytes that one answer of a partition may have, before they are decompressed; default 256 KiB. */
  readonly maxPartitionFetchBytes?: number | undefined
}

/** The options of `createDirectStream`: the brokers, the topics in one of three ways, and how they are read. */
export interface DirectStreamOptions<K, V> extends KafkaReadOptions<K, V> {
  /** The topics to read, with all of their partitions. */
  readonly topics?: string | readonly string[] | undefined
  /** The partitions to read. */
  readonly assignments?: readonly TopicPartition[] | undefined
  /** The pattern of the names of the topics to read. New topics that it fits are found within five seconds. */
  readonly pattern?: RegExp | undefined
  /** The group to commit offsets to. Without a checkpoint the stream begins where the group has committed. */
  readonly groupId?: string | undefined
  /** Commits the offsets of each batch to the group once the batch is done; default `false`. */
  readonly autoCommit?: boolean | undefined
  /** The offsets to begin with where neither a checkpoint nor the group has any; default `latest`. */
  readonly startingOffsets?: StartingOffsets | undefined
  /** The most records a second that one partition gives. */
  readonly maxRatePerPartition?: number | undefined
  /** The records a second that a partition gives even where the rate of the stream allows less. */
  readonly minRatePerPartition?: number | undefined
  /** The memory for records that are read before their batch, in bytes; default 32 MiB, and 0 for none. */
  readonly prefetchBytes?: number | undefined
}

const readOptionNames = [
  ...connectionOptionNames,
  'deserializers',
  'isolation',
  'onGap',
  'maxPartitionFetchBytes',
] as const

const streamOptionNames = [
  ...readOptionNames,
  'topics',
  'assignments',
  'pattern',
  'groupId',
  'autoCommit',
  'startingOffsets',
  'maxRatePerPartition',
  'minRatePerPartition',
  'prefetchBytes',
] as const

export interface ReadSettings {
  readonly client: ClientSettings
  readonly isolation: Isolation
  readonly onGap: 'fail' | 'skip'
  readonly maxPartitionFetchBytes: number
}

/** The way in which the topics of a stream are given. */
export type Subscription =
  | { readonly topics: readonly string[] }
  | { readonly assignments: readonly TopicPartition[] }
  | { readonly pattern: RegExp }

export interface StreamSettings extends ReadSettings {
  readonly subscription: Subscription
  readonly groupId: string | undefined
  readonly autoCommit: boolean
  readonly startingOffsets: StartingOffsets
  /** The most and the least records of one partition in a batch. */
  readonly maxPerPartition: number
  readonly minPerPartition: number
  readonly prefetchBytes: number
}

const DEFAULT_FETCH_BYTES = 256 * 1024
const DEFAULT_PREFETCH_BYTES = 32 * 1024 * 1024

/** @throws `bad-option`, `unknown-option` */
export function readSettings<K, V>(
  where: string,
  options: KafkaReadOptions<K, V>,
  known: readonly string[] = readOptionNames,
): ReadSettings {
  checkOptions(where, options ?? null, known)
  const { deserializers = {}, isolation = 'read_committed', onGap = 'fail' } = options
  checkOptions(`${where}: deserializers`, deserializers, ['key', 'value'])
  for (const part of ['key', 'value'] as const) {
    if (deserializers[part] !== undefined) aFunction(where, `deserializers.${part}`, deserializers[part])
  }
  if (isolation !== 'read_committed' && isolation !== 'read_uncommitted') {
    throw badOption(where, 'isolation', "'read_committed' or 'read_uncommitted'", isolation)
  }
  if (onGap !== 'fail' && onGap !== 'skip') throw badOption(where, 'onGap', "'fail' or 'skip'", onGap)
  const bytes = options.maxPartitionFetchBytes ?? DEFAULT_FETCH_BYTES
  return {
    client: clientSettings(where, options),
    isolation,
    onGap,
    maxPartitionFetchBytes: positiveInteger(where, 'maxPartitionFetchBytes', bytes),
  }
}

/** @throws `bad-option`, `unknown-option` */
export function streamSettings<K, V>(
  where: string,
  options: DirectStreamOptions<K, V>,
  batchInterval: Duration,
): StreamSettings {
  const read = readSettings(where, options, streamOptionNames)
  const { groupId, autoCommit = false, maxRatePerPartition, minRatePerPartition, prefetchBytes } = options
  const perBatch = (rate: number): number => Math.max(1, Math.floor((rate * batchInterval.milliseconds) / 1000))
  if (aBoolean(where, 'autoCommit', autoCommit) && groupId === undefined) {
    throw badOption(where, 'groupId', 'given where autoCommit is true', groupId)
  }
  const settings = {
    ...read,
    subscription: subscriptionOf(where, options),
    groupId: groupId === undefined ? undefined : aString(where, 'groupId', groupId),
    autoCommit,
    startingOffsets: startingOffsetsOf(where, options.startingOffsets ?? 'latest'),
    maxPerPartition: maxRatePerPartition === undefined ? Infinity : perBatch(positiveNumber(where, 'maxRatePerPartition', maxRatePerPartition)), // prettier-ignore
    minPerPartition: minRatePerPartition === undefined ? 0 : perBatch(positiveNumber(where, 'minRatePerPartition', minRatePerPartition)), // prettier-ignore
    prefetchBytes: nonNegativeInteger(where, 'prefetchBytes', prefetchBytes ?? DEFAULT_PREFETCH_BYTES),
  }
  if (settings.minPerPartition > settings.maxPerPartition) {
    throw badOption(where, 'minRatePerPartition', 'at most maxRatePerPartition', minRatePerPartition)
  }
  return settings
}

function subscriptionOf<K, V>(where: string, options: DirectStreamOptions<K, V>): Subscription {
  const { topics, assignments, pattern } = options
  const ways = Object.entries({ topics, assignments, pattern }).filter(([, given]) => given !== undefined)
  if (ways.length !== 1) {
    const found = ways.map(([name]) => name).join(' and ') || undefined
    throw badOption(where, 'topics, assignments or pattern', 'given, and only one of them', found)
  }
  if (pattern !== undefined) {
    if (!(pattern instanceof RegExp)) throw badOption(where, 'pattern', 'a regular expression', pattern)
    return { pattern }
  }
  if (topics !== undefined) {
    const list: readonly string[] = typeof topics === 'string' ? [topics] : topics
    if (!Array.isArray(list) || list.length === 0) throw badOption(where, 'topics', "names, ['orders']", topics)
    return { topics: [...new Set(list.map((topic) => aString(where, 'topics', topic)))] }
  }
  if (!Array.isArray(assignments) || assignments.length === 0) {
    throw badOption(where, 'assignments', 'partitions like { topic, partition }', assignments)
  }
  return {
    assignments: (assignments as readonly TopicPartition[]).map((given) => ({
      topic: aString(where, 'assignments: topic', given?.topic),
      partition: nonNegativeInteger(where, 'assignments: partition', given?.partition),
    })),
  }
}

const WANTED_OFFSETS = "'earliest', 'latest', or offsets like { orders: { 0: 42 } }"

function startingOffsetsOf(where: string, given: StartingOffsets): StartingOffsets {
  if (given === 'earliest' || given === 'latest') return given
  if (typeof given !== 'object' || given === null) throw badOption(where, 'startingOffsets', WANTED_OFFSETS, given)
  for (const [topic, partitions] of Object.entries(given)) {
    if (typeof partitions !== 'object' || partitions === null) {
      throw badOption(where, `startingOffsets.${topic}`, 'offsets by partition, { 0: 42 }', partitions)
    }
    for (const [partition, offset] of Object.entries(partitions)) {
      const name = `startingOffsets.${topic}.${partition}`
      nonNegativeInteger(where, `the partition of ${name}`, Number(partition))
      if (offset !== 'earliest' && offset !== 'latest') nonNegativeInteger(where, name, offset)
    }
  }
  return given
}

/** Returns the offset that the user gives for a partition; `undefined` where none is given for it. */
export function givenOffset(given: StartingOffsets, { topic, partition }: TopicPartition): StartingOffset | undefined {
  return typeof given === 'string' ? undefined : given[topic]?.[partition]
}

/** Returns where a partition begins for which neither the user nor the group has an offset. */
export function otherOffset(given: StartingOffsets): Extract<OffsetOf, string> {
  return given === 'earliest' ? 'earliest' : 'latest'
}
