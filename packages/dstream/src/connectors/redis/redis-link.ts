import { setTimeout as pause } from 'node:timers/promises'
import type * as ioredis from 'ioredis'
import type { Redis } from 'ioredis'
import { DStreamError } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { loadPackage } from '../../base/optional-package.js'
import { ioredisMissing, redisAway, redisRefused } from '../../base/errors/sinks.js'

/** The settings of the sink's own connections: no command is queued, and none is sent twice by the client. */
export const linkOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (): null => null,
  keepAlive: 10_000,
} as const

export interface RedisLinkOptions {
  readonly attempts: number
  /** The time for one attempt, connecting included. */
  readonly timeoutMs: number
  /** Returns a client that is not connected yet, with the {@link linkOptions}. */
  readonly connect: () => Redis
  /** What happens to the work when Redis stays away, for the message. */
  readonly then: string
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/**
 * A connection to Redis that is made when it is needed, and again after it broke. Each attempt runs on one connection from
 * beginning to end, because WATCH belongs to a connection.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions
  #redis: Redis | undefined
  /** The last error event of the connection; it says why the connection could not be made. */
  #reported: unknown

  constructor(options: RedisLinkOptions) {
    this.#options = options
  }

  /**
   * Runs `attempt`, and again on a new connection while Redis is away, with pauses that double.
   * @throws `redis-away`, `redis-refused`; the error inside a {@link FromUser}
   */
  async run<R>(what: string, attempt: (redis: Redis) => Promise<R>): Promise<R> {
    const { attempts, then } = this.#options
    for (let number = 1; ; number++) {
      try {
        return await this.#once(attempt)
      } catch (error) {
        const cause = isClosed(error) ? (this.#reported ?? error) : error
        const where = this.#where
        this.close()
        if (error instanceof FromUser) throw error.error
        if (error instanceof DStreamError) throw error
        if (isRefusal(cause)) throw redisRefused(what, where, cause)
        if (number === attempts) throw redisAway(what, where, attempts, cause, then)
      }
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** (number - 1), LONGEST_PAUSE_MS))
    }
  }

  close(): void {
    this.#redis?.disconnect()
    this.#redis = undefined
  }

  async #once<R>(attempt: (redis: Redis) => Promise<R>): Promise<R> {
    const { timeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    })
    try {
      return await Promise.race([this.#connected().then(attempt), timeout])
    } finally {
      clearTimeout(timer)
    }
  }

  async #connected(): Promise<Redis> {
    if (this.#redis?.status === 'ready') return this.#redis
    this.close()
    const redis = this.#options.connect()
    this.#redis = redis
    this.#reported = undefined
    redis.on('error', (error: unknown) => (this.#reported = error))
    await redis.connect()
    return redis
  }

  /** The address for error messages. It is never the URL, which may hold a password. */
  get #where(): string {
    const { path, host, port, sentinels, name } = this.#redis?.options ?? {}
    if (sentinels !== undefined && sentinels !== null) return `the sentinels of ${name}`
    return path ?? `${host}:${port}`
  }
}

/** Wraps an error of the user's function, so that it is not treated as an error of the connection. */
export class FromUser {
  constructor(readonly error: unknown) {}
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && error.message === 'Connection is closed.'
}

/** The answers of a server that starts, fails over or is busy. */
const PASSING = /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|READONLY|NOREPLICAS)\b/

/** Returns true for an error that Redis answered with, except those that pass. A refused MULTI is what its commands are. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false
  if (!isAborted(error)) return !PASSING.test(error.message)
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] }
  // Newer servers give the reason of the EXEC itself: READONLY, where the failover came between the commands and it.
  const own = /discarded because of: (.*)/s.exec(error.message)?.[1]
  const reasons = [...previousErrors.map(({ message }) => message), ...(own === undefined ? [] : [own])]
  return reasons.length === 0 || !reasons.every((reason) => PASSING.test(reason))
}

/** Whether Redis has discarded a MULTI, of which nothing is executed then. */
export function isAborted(error: unknown): boolean {
  return error instanceof Error && /^EXECABORT\b/.test(error.message)
}

/** @throws `bad-option` for what is no client of a single Redis */
export function checkClient(where: string, client: Redis, url: string | undefined): void {
  if (url !== undefined) throw badOption(where, 'client', 'left out where a url is given', 'both')
  if (typeof client?.duplicate === 'function' && !client.isCluster) return
  throw badOption(where, 'client', 'a Redis of ioredis, and no cluster', client)
}

/** Returns a function that makes clients for a URL. ioredis is loaded here and nowhere else: dstream does not need it. */
export async function clientsOf(
  where: string,
  url: string,
  load: () => Promise<typeof ioredis> = () => import('ioredis'),
): Promise<() => Redis> {
  const { Redis } = await loadPackage('ioredis', load, (cause) => ioredisMissing(where, cause))
  return () => new Redis(url, linkOptions)
}
