import type * as ioredis from 'ioredis'
import type { ChainableCommander, Redis } from 'ioredis'
import { badOption } from '../../base/errors/options.js'
import { ioredisMissing, sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { systemClock } from '../../platform/system-clock.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import type { Sink } from '../outputs/sink.js'
import type { RDD } from '../../rdd/rdd.js'
import { checkPositiveDuration, Seconds, type Duration } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { commit, holds, lastTime, type WriteBatch } from './commit.js'
import { linkOptions, RedisLink } from './redis-link.js'

/** Where and how `redisSink` writes. */
export interface RedisSinkOptions<T> {
  /** Where Redis is; default `redis://127.0.0.1:6379`. */
  readonly url?: string | undefined
  /** Instead of a URL a client of ioredis, whose settings the sink takes for a connection of its own. No cluster. */
  readonly client?: Redis | undefined
  /** Begins the names under which the sink keeps its batch times, `<key>:time` and `<key>:times`. Each sink has its own. */
  readonly key: string
  /**
   * Adds the commands of one batch to a MULTI; the sink adds the time and executes it. Called again when Redis was away
   * meanwhile, so it should do nothing else. For batches without records too.
   */
  readonly write: (transaction: ChainableCommander, records: T[], time: Time) => unknown
  /** How often a batch is tried while Redis is away; default 5, with pauses of 0.1 s, 0.2 s, 0.4 s … at most 2 s. */
  readonly attempts?: number | undefined
  /** How long one attempt may take, connecting and `write` included; default 10 s. */
  readonly timeout?: Duration | undefined
}

const known = ['url', 'client', 'key', 'write', 'attempts', 'timeout'] as const

/**
 * A sink that writes each batch to Redis, exactly once: the commands that `write` adds and the time of the batch are one
 * MULTI, and a time that is there already is never applied again, whatever died and whenever, also when two processes
 * race for it. While Redis is away a batch is tried some times; then it fails and is reported.
 *
 * Redis keeps what its own settings promise: with `appendfsync everysec` a power cut takes up to a second of batches,
 * data and times together, and they are not written again. A command that fails inside the MULTI (INCR of a text) is
 * reported with its batch, whose other commands Redis has carried out. The sink remembers the last 1000 batch times; a
 * batch older than these counts as written. Needs the package `ioredis`.
 *
 * @throws `redis-away`, `redis-refused`, `ioredis-missing` when it is opened, at start
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
export function redisSink<T>(options: RedisSinkOptions<T>): Sink<T> {
  const where = 'redisSink'
  checkOptions(where, options, known)
  const { client, url = 'redis://127.0.0.1:6379', timeout = Seconds(10), attempts = 5 } = options
  if (client !== undefined) checkClient(client, options.url)
  aString(where, 'url', url)
  const limits = {
    clock: systemClock,
    attempts: positiveInteger(where, 'attempts', attempts),
    timeoutMs: checkPositiveDuration(`${where}: timeout`, timeout).milliseconds,
  }
  const link = async (): Promise<RedisLink> => {
    const connect = client === undefined ? await clientsOf(url) : () => client.duplicate({ ...linkOptions })
    return new RedisLink({ ...limits, connect })
  }
  return new RedisSink(link, aString(where, 'key', options.key), aFunction(where, 'write', options.write))
}

function checkClient(client: Redis, url: string | undefined): void {
  if (url !== undefined) throw badOption('redisSink', 'client', 'left out where a url is given', 'both')
  if (typeof client?.duplicate === 'function' && !client.isCluster) return
  throw badOption('redisSink', 'client', 'a Redis of ioredis, and no cluster', client)
}

/** What makes clients for a URL. ioredis is loaded when it is needed: dstream itself does without it. */
export async function clientsOf(
  url: string,
  load: () => Promise<typeof ioredis> = () => import('ioredis'),
): Promise<() => Redis> {
  const { Redis } = await load().catch((error: unknown) => {
    const { code, message } = error as { code?: unknown; message?: unknown }
    throw /MODULE_NOT_FOUND$/.test(String(code)) && String(message).includes('ioredis') ? ioredisMissing(error) : error
  })
  return () => new Redis(url, linkOptions)
}

class RedisSink<T> implements Sink<T> {
  readonly #makeLink: () => Promise<RedisLink>
  readonly #key: string
  readonly #write: WriteBatch<T>
  #link: RedisLink | undefined
  /** The last batch that was there at the start or that this sink has written. */
  #last: number | undefined
  /** A batch that is written but for some of its commands: tried again it fails again. */
  #incomplete: { readonly time: number; readonly error: Error } | undefined

  constructor(makeLink: () => Promise<RedisLink>, key: string, write: WriteBatch<T>) {
    this.#makeLink = makeLink
    this.#key = key
    this.#write = write
  }

  async open(): Promise<void> {
    if (this.#link !== undefined) throw sinkInUse(this.#name)
    const link = await this.#makeLink()
    this.#last = await link.run(`open ${this.#name}`, (redis) => lastTime(redis, this.#key))
    this.#link = link
  }

  lastCommitted(): Time | undefined {
    this.#opened()
    return this.#last === undefined ? undefined : new Time(this.#last)
  }

  async has(time: Time): Promise<boolean> {
    return this.#opened().run(`ask ${this.#name}`, (redis) => holds(redis, this.#key, time.milliseconds))
  }

  async write({ time, rdd }: { time: Time; rdd: RDD<T> }): Promise<void> {
    const link = this.#opened()
    if (this.#incomplete?.time === time.milliseconds) throw this.#incomplete.error
    const records = await rdd.collect()
    const batch = { key: this.#key, time, records, write: this.#write, last: this.#last, sent: 0 }
    const error = await link.run(`write the batch of ${time.milliseconds} ms`, (redis) => commit(redis, batch))
    this.#last = Math.max(time.milliseconds, this.#last ?? 0)
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
