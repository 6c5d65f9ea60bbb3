import { describe } from '../text/describe.js'
import { escapeControl } from '../text/escape.js'
import { DStreamError } from './base.js'

export function kafkaClientMissing(cause: unknown): DStreamError {
  return new DStreamError(
    'kafka-client-missing',
    'dstream/kafka needs the package @platformatic/kafka, which is not installed beside dstream; ' +
      'run: npm install @platformatic/kafka',
    { cause },
  )
}

/** @param reason the words for what went wrong, from the client or the broker */
export function kafkaAway(what: string, where: string, reason: string, cause: unknown): DStreamError {
  return new DStreamError(
    'kafka-away',
    `Cannot ${what}: Kafka at ${escapeControl(where)} is away (${escapeControl(reason)}). Is it running, and is its address right?`,
    { cause },
  )
}

export function kafkaRefused(what: string, where: string, reason: string, cause: unknown): DStreamError {
  return new DStreamError(
    'kafka-refused',
    `Cannot ${what}: Kafka at ${escapeControl(where)} refuses: ${escapeControl(reason)}`,
    { cause },
  )
}

export function kafkaTooOld(api: string, where: string, found: string, wanted: string): DStreamError {
  return new DStreamError(
    'kafka-refused',
    `Kafka at ${escapeControl(where)} knows ${api} in ${found}, and ${wanted} is needed. Use a broker of Kafka 3.1 or later`,
  )
}

export function topicMissing(topics: readonly string[], where: string): DStreamError {
  const names = topics.map(describe).join(', ')
  return new DStreamError(
    'topic-missing',
    `Kafka at ${escapeControl(where)} has no topic ${names}. Create it, or give the name of one that exists`,
  )
}

/** The reasons for which offsets that were planned or committed are not there. */
export type LostOffsets =
  | { readonly reason: 'deleted'; readonly earliest: number }
  | { readonly reason: 'truncated'; readonly latest: number }
  | { readonly reason: 'recreated' }
  | { readonly reason: 'no topic' }

function wordsOf(lost: LostOffsets): string {
  switch (lost.reason) {
    case 'deleted':
      return `its oldest record has offset ${lost.earliest}, since retention has deleted the others`
    case 'truncated':
      return `it ends at offset ${lost.latest}`
    case 'recreated':
      return 'the topic has been deleted and created again'
    case 'no topic':
      return 'the topic has been deleted'
  }
}

/** Says which records cannot be read any more, and why: the beginning of a report and of an error. */
export function lostOffsets(name: string, from: number, until: number, lost: LostOffsets): string {
  const range = until > from + 1 ? `The offsets ${from} to ${until - 1} of ${name}` : `The offset ${from} of ${name}`
  return `${range} cannot be read: ${wordsOf(lost)}`
}

export function offsetsLost(name: string, from: number, until: number, lost: LostOffsets): DStreamError {
  return new DStreamError(
    'offsets-lost',
    `${lostOffsets(name, from, until, lost)}. onGap: 'skip' leaves them out and goes on with the next record`,
  )
}

export function commitWithoutGroup(): DStreamError {
  return new DStreamError(
    'no-group',
    'commitAsync commits to a consumer group, and the stream has none; give createDirectStream a groupId',
  )
}

export function streamNotStarted(): DStreamError {
  return new DStreamError(
    'stream-not-started',
    'commitAsync needs a stream that runs; call it in an output, once the context has been started',
  )
}

export function kafkaOvertaken(transactionalId: string, cause: unknown): DStreamError {
  return new DStreamError(
    'sink-overtaken',
    `Another process has taken over the transactional id ${describe(transactionalId)}, so nothing more is written here. ` +
      'Stop the other one, or give each sink an id of its own',
    { cause },
  )
}

export function ledgerTaken(group: string, found: unknown): DStreamError {
  return new DStreamError(
    'kafka-group-taken',
    `The consumer group ${describe(group)} holds ${describe(found)} and not the time of a batch; give the sink a transactionalId of its own`,
  )
}

export function notBytes(where: string, part: string, value: unknown): DStreamError {
  return new DStreamError(
    'not-bytes',
    `${where}: ${part} returned ${describe(value)}; return a string, a Uint8Array, or null`,
  )
}

export function noSuchPartition(topic: string, partition: unknown, partitions: number): DStreamError {
  return new DStreamError(
    'no-such-partition',
    `kafkaSink: partition returned ${describe(partition)}, and ${describe(topic)} has the partitions 0 to ${partitions - 1}`,
  )
}
