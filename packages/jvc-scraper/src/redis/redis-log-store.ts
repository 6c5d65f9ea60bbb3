import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ScraperError, messageOf } from '../errors.js'
import type { LogEntry, LogStore, StoredLog } from '../feed/log-store.js'
import { newLogId } from '../feed/memory-log-store.js'

export interface RedisLogStoreOptions {
  /** Begins every key. */
  readonly prefix: string
}

/** The number of entries per command. */
const CHUNK = 500

/**
 * Adds entries if they follow the newest one, and returns -1; otherwise changes nothing and returns the number that
 * would follow; -2 when the log belongs to another store. Entry n has the id (n+1)-0, because 0-0 is not allowed. A lost stream begins at the given number.
 */
const APPEND = `
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[5] then return -2 end
if not owner then redis.call('SET', KEYS[3], ARGV[5]) end
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local first = tonumber(ARGV[2])
local expected = 0
if top then expected = tonumber(string.match(top[1], '^%d+')) end
if first ~= expected and (top or ARGV[4] == '0') then return expected end
redis.call('SET', KEYS[2], ARGV[1])
for i = 6, #ARGV, 3 do
  redis.call('XADD', KEYS[1], (first + (i - 6) / 3 + 1) .. '-0', 't', ARGV[i], 'p', ARGV[i + 1], 'l', ARGV[i + 2])
end
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3] + 1)
return -1`

/**
 * The log in a Redis Stream. Entries carry their numbers as ids, so a write whose reply was lost is recognised, and
 * entries that Redis has lost are written again.
 *
 * One store at a time writes the log. Its connection bears the name of the log, so that another one is refused as long as
 * it lives; a crash frees the log with the connection. A store that was taken over all the same, while its connection was
 * lost, cannot write any more, because each write compares the owner.
 */
export class RedisLogStore implements LogStore {
  readonly #redis: Redis
  readonly #stream: string
  readonly #idKey: string
  readonly #ownerKey: string
  readonly #owner = randomUUID()
  #id = ''

  /** @param redis the connection; the caller closes it */
  constructor(redis: Redis, { prefix }: RedisLogStoreOptions) {
    this.#redis = redis
    this.#stream = `${prefix}log`
    this.#idKey = `${prefix}log-id`
    this.#ownerKey = `${prefix}log-owner`
  }

  /** @throws ScraperError `log-in-use`, `log-broken`, `log-away` */
  async open(): Promise<StoredLog> {
    const { known, entries } = await this.#own()
    // An id without entries belongs to a lost log, whose cursors must not be valid in the new one.
    this.#id = known !== null && entries.length > 0 ? known : newLogId()
    const last = entries[entries.length - 1]
    return { id: this.#id, next: last === undefined ? 0 : last.seq + 1, entries }
  }

  async append(entries: readonly LogEntry[], oldest: number): Promise<void> {
    await this.#append(entries, oldest, false)
  }

  async recover(next: number, held: (from: number) => readonly LogEntry[]): Promise<readonly LogEntry[]> {
    const owner = await this.#redis.get(this.#ownerKey)
    if (owner !== null && owner !== this.#owner) throw this.#inUse('another scraper has taken it over')
    const expected = await this.#next()
    if (expected !== undefined && expected >= next) return expected === next ? [] : this.#read(next)
    const lost = held(expected ?? 0)
    // The entries in Redis end before the held ones begin. The two cannot be joined, so the older part is dropped.
    if (expected !== undefined && lost[0]?.seq !== expected) await this.#redis.del(this.#stream)
    for (const [i, entry] of lost.entries()) {
      if (i % CHUNK === 0) await this.#append(lost.slice(i, i + CHUNK), lost[0]?.seq ?? entry.seq, true)
    }
    return []
  }

  async close(): Promise<void> {
    this.#redis.off('ready', this.#name)
    if (this.#redis.status === 'ready') await this.#redis.client('SETNAME', '').catch(() => undefined)
  }

  /** Names the connection after the log, after each reconnection too. */
  readonly #name = (): Promise<unknown> => this.#redis.client('SETNAME', this.#connectionName).catch(() => undefined)

  /** The name of a connection must not hold spaces. */
  get #connectionName(): string {
    return `jvc-scraper:${this.#stream}`.replace(/[^!-~]/g, '_')
  }

  /** Reads the log and makes this store its owner. */
  async #own(): Promise<{ known: string | null; entries: LogEntry[] }> {
    try {
      await this.#mustBeFree()
      await this.#mustHaveType(this.#stream, 'stream')
      await this.#mustHaveType(this.#idKey, 'string')
      await this.#mustHaveType(this.#ownerKey, 'string')
      await this.#redis.set(this.#ownerKey, this.#owner)
      return { known: await this.#redis.get(this.#idKey), entries: await this.#read(0) }
    } catch (cause) {
      await this.close()
      if (cause instanceof ScraperError) throw cause
      const message = `The log of the feed could not be read from Redis (${messageOf(cause)}). Check Redis and start again.`
      throw new ScraperError('log-away', message, { cause })
    }
  }

  /** Of two that start at once the later connection is refused. Without the right to list clients the owner key decides. */
  async #mustBeFree(): Promise<void> {
    await this.#name()
    this.#redis.on('ready', this.#name)
    const list = await this.#redis.client('LIST').then(String, () => '')
    const self = await this.#redis.client('ID').catch(() => 0)
    for (const line of list.split('\n')) {
      const { id, name, addr } = Object.fromEntries(line.split(' ').map((field) => field.split(/=(.*)/s)))
      if (name !== this.#connectionName || Number(id) >= self) continue
      throw this.#inUse(`a scraper connected from ${String(addr)} writes it`)
    }
  }

  async #mustHaveType(key: string, wanted: string): Promise<void> {
    const type = await this.#redis.type(key)
    if (type === wanted || type === 'none') return
    const advice = 'Rename or delete that key, or use another database of Redis.'
    const message = `The log of the feed needs a ${wanted} in Redis at ${key}, where a ${type} is. ${advice}`
    throw new ScraperError('log-broken', message)
  }

  #inUse(why: string): ScraperError {
    const advice = 'Stop the other scraper, or give this one another Redis or another forum.'
    return new ScraperError(
      'log-in-use',
      `The log of the feed in Redis at ${this.#stream} is in use: ${why}. ${advice}`,
    )
  }

  async #append(entries: readonly LogEntry[], oldest: number, anew: boolean): Promise<void> {
    const first = entries[0]?.seq
    if (first === undefined) return
    const fields = entries.flatMap(({ topicId, postId, line }) => [topicId, postId, line])
    const expected = await this.#redis.eval(
      APPEND,
      3,
      this.#stream,
      this.#idKey,
      this.#ownerKey,
      this.#id,
      first,
      oldest,
      anew ? 1 : 0,
      this.#owner,
      ...fields,
    )
    if (expected === -2) throw this.#inUse('another scraper has taken it over')
    if (expected !== -1) throw new Error(`Redis expects number ${String(expected)} next, not ${first}`)
  }

  /** Returns the number after the newest entry; undefined for an empty stream. */
  async #next(): Promise<number | undefined> {
    const [newest] = await this.#redis.xrevrange(this.#stream, '+', '-', 'COUNT', 1)
    return newest === undefined ? undefined : Number.parseInt(newest[0], 10)
  }

  async #read(from: number): Promise<LogEntry[]> {
    const entries: LogEntry[] = []
    for (let start = from; ;) {
      const chunk = await this.#redis.xrange(this.#stream, `${start + 1}-0`, '+', 'COUNT', CHUNK)
      for (const [id, fields] of chunk) entries.push(this.#entry(id, fields, entries[entries.length - 1]))
      if (chunk.length < CHUNK) return entries
      start = (entries[entries.length - 1] as LogEntry).seq + 1
    }
  }

  #entry(id: string, fields: string[], before: LogEntry | undefined): LogEntry {
    const values = new Map<string | undefined, string>()
    for (let i = 0; i + 1 < fields.length; i += 2) values.set(fields[i], fields[i + 1] as string)
    const [topicId, postId, line] = [values.get('t'), values.get('p'), values.get('l')]
    const seq = Number.parseInt(id, 10) - 1
    if (
      topicId === undefined ||
      postId === undefined ||
      line === undefined ||
      (before !== undefined && seq !== before.seq + 1)
    ) {
      const advice = `Delete ${this.#stream} and ${this.#idKey} to begin a new log.`
      throw new ScraperError(
        'log-broken',
        `The log of the feed in Redis is damaged at ${this.#stream} ${id}. ${advice}`,
      )
    }
    return { seq, topicId, postId, line }
  }
}
