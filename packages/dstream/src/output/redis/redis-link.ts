import type { Redis } from 'ioredis'
import { DStreamError } from '../../base/errors/base.js'
import { redisAway, redisRefused } from '../../base/errors/sinks.js'
import type { Clock } from '../../base/ports.js'

/** How the sink's own connections behave: nothing is queued and nothing is sent twice behind its back. */
export const linkOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (): null => null,
  keepAlive: 10_000,
} as const

export interface RedisLinkOptions {
  readonly clock: Clock
  readonly attempts: number
  /** For one attempt, connecting included. */
  readonly timeoutMs: number
  /** A client that is not connected yet, with the {@link linkOptions}. */
  readonly connect: () => Redis
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/**
 * A connection to Redis that is made when it is needed, and again after it broke. What is asked of it runs on one
 * connection from beginning to end, since WATCH is a matter of the connection.
 */
export class RedisLink {
  readonly #o: RedisLinkOptions
  #redis: Redis | undefined
  /** What the connection has reported by itself: why it could not be made, above all. */
  #reported: unknown

  constructor(options: RedisLinkOptions) {
    this.#o = options
  }

  /**
   * Runs `attempt`, again on a new connection when Redis was away, some times with longer and longer pauses.
   * @throws `redis-away`, `redis-refused`; what is inside a {@link FromUser} as it is
   */
  async run<R>(what: string, attempt: (redis: Redis) => Promise<R>): Promise<R> {
    const { attempts, clock } = this.#o
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
        if (number === attempts) throw redisAway(what, where, attempts, cause)
      }
      await delay(clock, Math.min(FIRST_PAUSE_MS * 2 ** (number - 1), LONGEST_PAUSE_MS))
    }
  }

  close(): void {
    this.#redis?.disconnect()
    this.#redis = undefined
  }

  async #once<R>(attempt: (redis: Redis) => Promise<R>): Promise<R> {
    const { clock, timeoutMs } = this.#o
    let timer: { cancel(): void } | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = clock.setTimer(clock.now() + timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)))
    })
    try {
      return await Promise.race([this.#connected().then(attempt), timeout])
    } finally {
      timer?.cancel()
    }
  }

  async #connected(): Promise<Redis> {
    if (this.#redis?.status === 'ready') return this.#redis
    this.close()
    const redis = this.#o.connect()
    this.#redis = redis
    this.#reported = undefined
    redis.on('error', (error: unknown) => (this.#reported = error))
    await redis.connect()
    return redis
  }

  /** Never the URL, which may hold a password. */
  get #where(): string {
    const { path, host, port, sentinels, name } = this.#redis?.options ?? {}
    if (sentinels !== undefined && sentinels !== null) return `the sentinels of ${name}`
    return path ?? `${host}:${port}`
  }
}

/** What a function of the user's threw, so that it is not taken for an error of the connection. */
export class FromUser {
  constructor(readonly error: unknown) {}
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && error.message === 'Connection is closed.'
}

/** Redis has answered, with an error; not that of a server that starts, fails over or is busy. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    !/^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|READONLY|NOREPLICAS)\b/.test(error.message)
  )
}

function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(clock.now() + ms, resolve))
}
