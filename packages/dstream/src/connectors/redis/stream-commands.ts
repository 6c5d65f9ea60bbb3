import type { Redis } from 'ioredis'
import type { RedisEntry } from './redis-entry.js'

/** What Redis tells of a stream. */
export interface StreamInfo {
  /** The id of the entry that was added last, deleted or not. */
  readonly lastId: string
  /** The number of entries that were ever added, and that are there no more; known from Redis 7 on. */
  readonly added: number | undefined
  readonly removed: number | undefined
}

/** The entries of one answer: more would keep Redis from its other clients. */
const CHUNK = 1000

/** Returns `undefined` for a key that does not exist. */
export async function infoOf(redis: Redis, key: string): Promise<StreamInfo | undefined> {
  const reply = await unlessMissing(redis.xinfo('STREAM', withPrefix(redis, key)) as Promise<unknown[]>)
  if (reply === undefined) return undefined
  const facts = factsOf(reply)
  const [added, length] = [facts['entries-added'], facts['length']] as (number | undefined)[]
  const removed = added === undefined ? undefined : added - length!
  return { lastId: String(facts['last-generated-id']), added, removed }
}

/** Returns the id that was delivered last to a group; `undefined` when there is no such group. */
export async function lastDelivered(redis: Redis, key: string, group: string): Promise<string | undefined> {
  const groups = (await unlessMissing(redis.xinfo('GROUPS', withPrefix(redis, key)) as Promise<unknown[][]>)) ?? []
  const found = groups.map(factsOf).find(({ name }) => name === group)
  return found === undefined ? undefined : String(found['last-delivered-id'])
}

/** Sets the id of a group, which is created where there is none. */
export async function setGroup(redis: Redis, key: string, group: string, id: string): Promise<void> {
  const name = withPrefix(redis, key)
  try {
    await redis.xgroup('SETID', name, group, id)
  } catch (error) {
    if (!/NOGROUP|no such key|requires the key to exist/i.test((error as Error).message)) throw error
    await redis.xgroup('CREATE', name, group, id, 'MKSTREAM')
  }
}

/** Returns at most `limit` entries after one id, up to another if there is one. */
export async function range(
  redis: Redis,
  key: string,
  after: string,
  until: string | undefined,
  limit: number,
): Promise<RedisEntry[]> {
  const entries: RedisEntry[] = []
  let last = after
  while (entries.length < limit) {
    const count = Math.min(CHUNK, limit - entries.length)
    const found = await redis.xrange(key, `(${last}`, until ?? '+', 'COUNT', count)
    for (const [id, fields] of found) entries.push({ key, id, fields: fieldsOf(fields) })
    if (found.length < count) break
    last = found.at(-1)![0]
  }
  return entries
}

/** ioredis puts the prefix of a client before the keys of most commands, and not of those with a subcommand. */
function withPrefix({ options }: Redis, key: string): string {
  return `${options.keyPrefix ?? ''}${key}`
}

function fieldsOf(list: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let i = 0; i + 1 < list.length; i += 2) fields[list[i]!] = list[i + 1]!
  return fields
}

function factsOf(reply: readonly unknown[]): Record<string, unknown> {
  const facts: Record<string, unknown> = {}
  for (let i = 0; i + 1 < reply.length; i += 2) facts[String(reply[i])] = reply[i + 1]
  return facts
}

async function unlessMissing<R>(reply: Promise<R>): Promise<R | undefined> {
  try {
    return await reply
  } catch (error) {
    if (/no such key/i.test((error as Error).message)) return undefined
    throw error
  }
}
