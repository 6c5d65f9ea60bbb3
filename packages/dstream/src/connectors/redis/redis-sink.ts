import type { ChainableCommander, Redis } from 'ioredis'
import { DStreamError, Seconds, Time, type DirectSink, type Duration, type SinkBatch } from 'dstream'
import { sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { checkKeys, commit, holds, lastTime, type WriteBatch } from './commit.js'
import { checkClient, clientsOf, linkOptions, RedisLink } from './redis-link.js'

/** The options of `redisSink`. */
export interface RedisSinkOptions<T> {
  /** The URL of Redis; default `redis://127.0.0.1:6379`. */
  readonly url?: string | undefined
  /** A client of ioredis instead of a URL. The sink opens a connection of its own with the client's settings. No cluster. */
  readonly client?: Redis | undefined
  /** The prefix of the keys under which the sink stores batch times, `<key>:time` and `<key>:times`; unique to each sink. */
  readonly key: string
  /**
   * Adds the commands of one batch to a MULTI; the sink adds the time and executes it. It is called for batches without
   * records too, and again after Redis was away, so it should have no other effect.
   */
  readonly write: (transaction: ChainableCommander, records: T[], time: Time) => unknown
  /** The number of attempts while Redis is away; default 5, with pauses of 0.1 s, 0.2 s, 0.4 s … at most 2 s. */
  readonly attempts?: number | undefined
  /** The time for one attempt, connecting and `write` included; default 10 s. */
  readonly timeout?: Duration | undefined
}

const known = ['url', 'client', 'key', 'write', 'attempts', 'timeout'] as const

/**
 * Returns a sink that writes each batch to Redis, exactly once. The commands of `write` and the time of the batch are one
 * MULTI, and a time that Redis has already is never applied again, over any crash and also when two processes race. While
 * Redis is away, a batch is tried `attempts` times; then it fails and is reported.
 *
 * The durability is that of Redis: with `appendfsync everysec` a power cut loses up to a second of batches, data and times
 * together, and they are not written again. A command that fails inside the MULTI (INCR of a text) is reported with its
 * batch, whose other commands Redis has executed. The sink remembers the times of the last 10,000 batches that it has
 * written. Needs the package `ioredis`.
 *
 * @throws `redis-away`, `redis-refused`, `ioredis-missing` when the context starts and opens the sink
 *
 * @example
 * import { redisSink } from 'dstream/redis'
 * const totals = redisSink<[string, number]>({
 *   key: 'wordcount',
 *   write: (transaction, records) => {
 *     for (const [word, n] of records) transaction.hincrby('totals', word, n)
 *   },
 * })
 * words.countByValue().to(totals)
 */
export function redisSink<T>(options: RedisSinkOptions<T>): DirectSink<T> {
  const where = 'redisSink'
  checkOptions(where, options, known)
  // Without options, the error names the first one that is missing.
  const given = (options as RedisSinkOptions<T> | undefined) ?? ({} as RedisSinkOptions<T>)
  const { client, url = 'redis://127.0.0.1:6379', timeout = Seconds(10), attempts = 5 } = given
  if (client !== undefined) checkClient(where, client, given.url)
  aString(where, 'url', url)
  const limits = {
    then: 'A batch that got there is found before it is written again',
    attempts: positiveInteger(where, 'attempts', attempts),
    timeoutMs: checkPositiveDuration(`${where}: timeout`, timeout).milliseconds,
  }
  const link = async (): Promise<RedisLink> => {
    const connect = client === undefined ? await clientsOf(where, url) : () => client.duplicate({ ...linkOptions })
    return new RedisLink({ ...limits, connect })
  }
  return new RedisSink(link, aString(where, 'key', given.key), aFunction(where, 'write', given.write))
}

class RedisSink<T> implements DirectSink<T> {
  readonly #makeLink: () => Promise<RedisLink>
  readonly #key: string
  readonly #write: WriteBatch<T>
  #link: RedisLink | undefined
  /** The time of the last batch that was in Redis at the start or that this sink has written. */
  #newestTime: number | undefined
  /** A batch that was written except for a command that failed. It fails again when it is tried again. */
  #incomplete: { readonly time: number; readonly error: Error } | undefined

  constructor(makeLink: () => Promise<RedisLink>, key: string, write: WriteBatch<T>) {
    this.#makeLink = makeLink
    this.#key = key
    this.#write = write
  }

  async open(): Promise<void> {
    if (this.#link !== undefined) throw sinkInUse(this.#name)
    const link = await this.#makeLink()
    this.#newestTime = await link.run(`open ${this.#name}`, async (redis) => {
      await checkKeys(redis, this.#key)
      return lastTime(redis, this.#key)
    })
    this.#link = link
  }

  lastCommitted(): Time | undefined {
    this.#opened()
    return this.#newestTime === undefined ? undefined : new Time(this.#newestTime)
  }

  async has(time: Time): Promise<boolean> {
    return this.#opened().run(`ask ${this.#name}`, (redis) => holds(redis, this.#key, time.milliseconds))
  }

  /** Redis is away for a while when it cannot be reached, starts, fails over or is busy. */
  isTransient(error: unknown): boolean {
    return error instanceof DStreamError && error.code === 'redis-away'
  }

  async write({ time, rdd }: Pick<SinkBatch<T>, 'time' | 'rdd'>): Promise<void> {
    const link = this.#opened()
    if (this.#incomplete?.time === time.milliseconds) throw this.#incomplete.error
    const records = await rdd.collect()
    const batch = { key: this.#key, time, records, write: this.#write, newestTime: this.#newestTime, sent: 0 }
    const error = await link.run(`write the batch of ${time.milliseconds} ms`, (redis) => commit(redis, batch))
    this.#newestTime = Math.max(time.milliseconds, this.#newestTime ?? 0)
    if (error === undefined) return
    this.#incomplete = { time: time.milliseconds, error }
    throw error
  }

  close(): void {
    this.#link?.close()
    this.#link = undefined
  }

  get #name(): string {
    return `the Redis sink "${this.#key}"`
  }

  #opened(): RedisLink {
    if (this.#link === undefined) throw sinkNotOpen(this.#name)
    return this.#link
  }
}
