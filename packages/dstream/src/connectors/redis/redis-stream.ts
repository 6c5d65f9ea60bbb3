import type { Redis } from 'ioredis'
import { Seconds, StreamingContext, type DStream, type Duration } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { isEntryId } from './entry-ids.js'
import { checkClient, clientsOf, linkOptions, RedisLink } from './redis-link.js'
import type { RedisEntry } from './redis-entry.js'
import { RedisStreamSource } from './redis-stream-source.js'

/** The options of `redisStream`. */
export interface RedisStreamOptions<T> {
  /** The URL of Redis; default `redis://127.0.0.1:6379`. */
  readonly url?: string | undefined
  /** A client of ioredis instead of a URL. The source opens a connection of its own with the client's settings. No cluster. */
  readonly client?: Redis | undefined
  /** The key of the stream, or several keys; each of them is a partition of a batch. */
  readonly key: string | readonly string[]
  /** Where the first start begins: at the `start`, at the `end` (default), or behind an id. */
  readonly from?: 'start' | 'end' | (string & {}) | undefined
  /**
   * A consumer group that is set to each position once it is committed: other programs see by it how far the job is, and a
   * first start goes on from it. With a checkpoint, the position in the checkpoint counts.
   */
  readonly group?: string | undefined
  /** Returns the record of an entry; default the entry itself. Where it throws, `onRecordError` decides. */
  readonly decode?: ((entry: RedisEntry) => T) | undefined
  /**
   * What happens when entries that were not read are gone, by trimming or because the stream was deleted: `fail` (default)
   * reports it at every batch and goes no further, `skip` reports it once and goes on with what is there.
   */
  readonly onGap?: 'fail' | 'skip' | undefined
  /** The most entries of one batch; default 100,000. The others follow in the next batch. */
  readonly maxPerBatch?: number | undefined
  /** The time for one answer of Redis, connecting included; default 10 s. */
  readonly timeout?: Duration | undefined
}

const WHERE = 'redisStream'
const KNOWN = ['url', 'client', 'key', 'from', 'group', 'decode', 'onGap', 'maxPerBatch', 'timeout'] as const

/**
 * Returns the stream of the entries of Redis streams, read by position and not by a consumer: the ids are part of the
 * checkpoint, so that a batch that is run again after a crash reads the same entries, and no consumer that has died holds
 * any. While Redis is away, batches are empty, and the next one tries again.
 *
 * Guarantees: every entry counts exactly once, as long as the stream keeps it until its batch is committed. Needs the
 * package `ioredis`.
 *
 * @throws `bad-option`, `unknown-option` at once; `ioredis-missing` when the context starts; `redis-away`, `redis-refused`,
 *   `redis-gap` are reported
 *
 * @example
 * import { redisStream } from 'dstream/redis'
 * redisStream(ssc, { key: 'orders', from: 'start', decode: ({ fields }) => Number(fields.price) }).print()
 */
export function redisStream<T = RedisEntry>(ssc: StreamingContext, options: RedisStreamOptions<T>): DStream<T> {
  if (!(ssc instanceof StreamingContext)) throw badOption(WHERE, 'ssc', 'a StreamingContext', ssc)
  checkOptions(WHERE, options, KNOWN)
  // Without options, the error names the first one that is missing.
  const given = (options as RedisStreamOptions<T> | undefined) ?? ({} as RedisStreamOptions<T>)
  const { client, url = 'redis://127.0.0.1:6379', from = 'end', onGap = 'fail' } = given
  const { group, decode, maxPerBatch = 100_000, timeout = Seconds(10) } = given
  if (client !== undefined) checkClient(WHERE, client, given.url)
  aString(WHERE, 'url', url)
  if (from !== 'start' && from !== 'end' && !(typeof from === 'string' && isEntryId(from))) {
    throw badOption(WHERE, 'from', "'start', 'end' or the id of an entry", from)
  }
  if (onGap !== 'fail' && onGap !== 'skip') throw badOption(WHERE, 'onGap', "'fail' or 'skip'", onGap)
  if (group !== undefined) aString(WHERE, 'group', group)
  if (decode !== undefined) aFunction(WHERE, 'decode', decode)
  const { milliseconds: timeoutMs } = checkPositiveDuration(`${WHERE}, option timeout`, timeout)
  const connect = async (): Promise<RedisLink> => {
    const make = client === undefined ? await clientsOf(WHERE, url) : () => client.duplicate({ ...linkOptions })
    return new RedisLink({ attempts: 1, timeoutMs, connect: make, then: 'The next batch tries again' })
  }
  const source = new RedisStreamSource({
    connect,
    keys: checkKeys(given.key),
    from,
    group,
    skipsGaps: onGap === 'skip',
    maxPerBatch: positiveInteger(WHERE, 'maxPerBatch', maxPerBatch),
    decode: decode ?? ((entry) => entry as T),
  })
  return ssc.fromSource(source)
}

function checkKeys(key: unknown): readonly string[] {
  const keys: readonly unknown[] = Array.isArray(key) ? key : [key]
  const areNames = keys.length > 0 && keys.every((name) => typeof name === 'string' && name !== '')
  if (areNames && new Set(keys).size === keys.length) return keys as readonly string[]
  throw badOption(WHERE, 'key', 'the key of a stream, or an array of different keys', key)
}
