import { Redis } from 'ioredis'
import { delay, type Clock } from '../clock.js'
import { ScraperError, messageOf } from '../errors.js'
import type { Logger } from '../logger.js'

export interface RedisOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** The timeout of a command, in milliseconds. Default 2000. */
  readonly commandTimeoutMs?: number | undefined
  /** The longest wait for Redis at the start, in milliseconds. Default 60 000. */
  readonly patienceMs?: number | undefined
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the one connection to Redis, which reconnects by itself. While Redis is unreachable every command fails at once
 * or within its timeout. No command is queued or sent twice, so the caller decides about a retry.
 *
 * @param url the address of Redis; it may hold a password and is never printed
 * @throws ScraperError `bookmarks-away` when Redis cannot be reached in time; the signal's reason when it aborts first
 */
export async function connectRedis(url: string, options: RedisOptions): Promise<Redis> {
  const { clock, logger, commandTimeoutMs = 2000, patienceMs = 60_000, signal = new AbortController().signal } = options
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5000,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 6), 3000) * (0.5 + Math.random() / 2),
  })
  watch(redis, logger)
  redis.connect().catch(() => {})
  try {
    for (const until = clock.now() + patienceMs; redis.status !== 'ready'; await delay(clock, 50, signal)) {
      if (clock.now() < until) continue
      const advice = 'Check that it is running and that REDIS_URL or REDIS_HOST names it.'
      throw new ScraperError('bookmarks-away', `Redis could not be reached within ${patienceMs / 1000} s. ${advice}`)
    }
    signal.throwIfAborted()
    return redis
  } catch (error) {
    // A client that is not disconnected reconnects for ever and keeps the process alive.
    redis.disconnect()
    throw error
  }
}

/** Logs one line when the connection is lost, and one when it is back. */
function watch(redis: Redis, logger: Logger): void {
  let away = false
  const gone = (why: string): void => {
    if (!away) logger.warn({ why }, 'Redis is away: the crawl waits for it')
    away = true
  }
  redis.on('error', (error: unknown) => gone(messageOf(error)))
  redis.on('close', () => redis.status !== 'end' && gone('the connection was closed'))
  redis.on('ready', () => {
    if (away) logger.info({}, 'Redis is back')
    away = false
  })
}

/** Closes the connection. Pending commands are finished if Redis is reachable. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.quit().catch(() => {})
  redis.disconnect()
}
