import type { ChainableCommander, Redis } from 'ioredis'
import { redisCommandFailed, redisKeyTaken, redisOvertaken, transactionEnded } from '../../base/errors/sinks.js'
import type { Time } from 'dstream'
import { FromUser, isAborted } from './redis-link.js'

export type WriteBatch<T> = (transaction: ChainableCommander, records: T[], time: Time) => unknown

export interface RedisBatch<T> {
  readonly key: string
  readonly time: Time
  readonly records: T[]
  readonly write: WriteBatch<T>
  /** The time of the last batch that this sink knows to be in Redis. */
  readonly newestTime: number | undefined
  /**
   * The number of EXECs that were sent and not refused. When it is above 0, the batch in Redis may be this sink's own: an
   * attempt that timed out may still be executed while the next one runs.
   */
  sent: number
}

/**
 * The number of batches, counted from the last one that was written, whose times Redis remembers: the most that may be
 * written between two commits of a checkpoint.
 */
export const REMEMBERED_TIMES = 10_000

function timeKey(key: string): string {
  return `${key}:time`
}
function timesKey(key: string): string {
  return `${key}:times`
}

/** Checks that the keys of a sink are free, or a sink's. @throws `redis-key-taken` */
export async function checkKeys(redis: Redis, key: string): Promise<void> {
  const wanted = { [timeKey(key)]: 'string', [timesKey(key)]: 'zset' }
  for (const [name, type] of Object.entries(wanted)) {
    const found = await redis.type(name)
    if (found !== 'none' && found !== type) throw redisKeyTaken(name, found)
  }
}

/** Returns the time of the newest batch in Redis. @throws `redis-key-taken` */
export async function lastTime(redis: Redis, key: string): Promise<number | undefined> {
  const found = await redis.get(timeKey(key))
  if (found === null) return undefined
  if (!/^\d{1,16}$/.test(found)) throw redisKeyTaken(timeKey(key), 'string', found)
  return Number(found)
}

/** Returns whether Redis has the batch of `time`. The set of times answers for one before the newest, which others may pass. */
export async function holds(redis: Redis, key: string, time: number): Promise<boolean> {
  const last = await lastTime(redis, key)
  if (last === undefined || time > last) return false
  return (await redis.zscore(timesKey(key), time)) !== null || (await redis.exists(timesKey(key))) === 0
}

/** Returns the score of the time that is added next: times are forgotten in the order in which they were written. */
async function nextScore(redis: Redis, key: string): Promise<number> {
  const [, last = '0'] = await redis.zrange(timesKey(key), -1, -1, 'WITHSCORES')
  return Number(last) + 1
}

/**
 * Writes a batch that Redis does not have, in one MULTI with its time. The times are watched before they are read: when
 * another client changes them meanwhile, Redis refuses the MULTI, and everything is read again.
 *
 * @returns the error of a command that failed while the others were executed, if any
 * @throws `sink-overtaken` when Redis has the batch and this sink has not written it
 */
export async function commit<T>(redis: Redis, batch: RedisBatch<T>): Promise<Error | undefined> {
  const { key, newestTime } = batch
  const time = batch.time.milliseconds
  for (;;) {
    await redis.watch(timeKey(key), timesKey(key))
    if (await holds(redis, key, time)) {
      await redis.unwatch()
      if (batch.sent > 0 || (newestTime !== undefined && time <= newestTime)) return undefined
      throw redisOvertaken(key, time)
    }
    const newest = Math.max(time, (await lastTime(redis, key)) ?? time)
    const exec = await prepare(redis.multi(), batch, newest, await nextScore(redis, key))
    batch.sent++
    const results = await exec().catch((error: unknown) => {
      if (isAborted(error)) batch.sent--
      throw error
    })
    if (results === null) {
      batch.sent--
      continue
    }
    const failed = results.findIndex(([error]) => error !== null)
    return failed === -1 ? undefined : redisCommandFailed(time, failed, results[failed]![0])
  }
}

/** Fills the MULTI. Returns its EXEC, which the user's function cannot call. */
async function prepare<T>(
  transaction: ChainableCommander,
  { key, time, records, write }: RedisBatch<T>,
  newest: number,
  score: number,
): Promise<ChainableCommander['exec']> {
  const exec = transaction.exec.bind(transaction)
  const ended = (): never => {
    throw transactionEnded()
  }
  Object.assign(transaction, { exec: ended, execBuffer: ended, discard: ended })
  try {
    await write(transaction, records, time)
  } catch (error) {
    throw new FromUser(error)
  }
  transaction
    .set(timeKey(key), newest)
    .zadd(timesKey(key), score, time.milliseconds)
    .zremrangebyrank(timesKey(key), 0, -REMEMBERED_TIMES - 1)
  return exec
}
