import type { Redis } from 'ioredis'
import { DStreamError, type SourceHost, type SourceSplit, type SplitSource } from 'dstream'
import { compareIds, FIRST_ID } from './entry-ids.js'
import type { RedisLink } from './redis-link.js'
import type { RedisEntry } from './redis-entry.js'
import { redisGap } from './stream-errors.js'
import { infoOf, lastDelivered, range, setGroup, type StreamInfo } from './stream-commands.js'

/** The place that is reached in one stream. */
interface Place {
  readonly id: string
  /** How many entries had been added to the stream up to the id, as far as Redis tells (from version 7 on). */
  readonly added?: number
}

/** Key → place. */
export type RedisPosition = Readonly<Record<string, Place>>

interface RedisSplit extends SourceSplit {
  readonly from: string
  readonly until: string
  readonly entries: number
}

interface Planned {
  readonly place: Place
  readonly entries: readonly RedisEntry[]
  readonly atEnd: boolean
}

export interface RedisStreamSettings<T> {
  readonly connect: () => Promise<RedisLink>
  readonly keys: readonly string[]
  readonly from: string
  readonly group: string | undefined
  readonly skipsGaps: boolean
  readonly maxPerBatch: number
  readonly decode: (entry: RedisEntry) => T
}

/** Reads Redis streams by ids. A plan reads the entries, since only they tell where so many of them end. */
export class RedisStreamSource<T> implements SplitSource<T, RedisPosition, RedisSplit, RedisEntry> {
  readonly kind = 'redisStream'
  readonly name = 'Redis'
  readonly #settings: RedisStreamSettings<T>
  #link: RedisLink | undefined
  #host: SourceHost | undefined
  /** The entries of the batch that was planned last, which are most often read at once. */
  #planned: { readonly until: RedisPosition; readonly byKey: ReadonlyMap<string, Planned> } | undefined

  constructor(settings: RedisStreamSettings<T>) {
    this.#settings = settings
  }

  async open(host: SourceHost): Promise<void> {
    this.#host = host
    this.#link ??= await this.#settings.connect()
  }

  /** A Redis that is away may come, and a key may get another type; a package that is not installed stays so. */
  isPermanent(error: unknown): boolean {
    return error instanceof DStreamError && error.code === 'ioredis-missing'
  }

  initial(): Promise<RedisPosition> {
    const { keys } = this.#settings
    return this.#run('find out where to start', async (redis) => {
      const places = await Promise.all(keys.map(async (key) => [key, await this.#first(redis, key)] as const))
      return Object.fromEntries(places)
    })
  }

  plan(from: RedisPosition, limit = Infinity): Promise<RedisPosition> {
    const { keys, maxPerBatch } = this.#settings
    return this.#run('plan a batch', async (redis) => {
      const byKey = new Map<string, Planned>()
      let left = Math.min(limit, maxPerBatch)
      for (const [i, key] of keys.entries()) {
        const share = Math.ceil(left / (keys.length - i))
        const planned = await this.#advance(redis, key, from[key] ?? (await this.#first(redis, key)), share)
        byKey.set(key, planned)
        left -= planned.entries.length
      }
      const places = [...byKey].map(([key, { place }]) => [key, place] as const)
      const isNew = places.some(([key, { id }]) => id !== from[key]?.id)
      const until = isNew ? Object.fromEntries(places) : from
      this.#planned = { until, byKey }
      return until
    })
  }

  splits(from: RedisPosition, until: RedisPosition): RedisSplit[] {
    // Asked right behind the plan.
    const { byKey } = this.#planned!
    return Object.entries(until).flatMap(([key, { id }]) => {
      const { entries, atEnd } = byKey.get(key)!
      return entries.length === 0
        ? []
        : [{ name: key, from: from[key]?.id ?? FIRST_ID, until: id, entries: entries.length, atEnd }]
    })
  }

  read(split: RedisSplit): readonly RedisEntry[] | Promise<readonly RedisEntry[]> {
    const planned = this.#planned?.byKey.get(split.name)
    const isSame = planned?.place.id === split.until && planned.entries.length === split.entries
    return isSame ? planned.entries : this.#readAgain(split)
  }

  decode(entry: RedisEntry): T {
    return this.#settings.decode(entry)
  }

  async committed(until: RedisPosition): Promise<void> {
    const { group } = this.#settings
    if (this.#planned?.until === until) this.#planned = undefined
    if (group === undefined) return
    await this.#run(`set the group ${group}`, async (redis) => {
      for (const [key, { id }] of Object.entries(until)) await setGroup(redis, key, group, id)
    })
  }

  close(): void {
    this.#link?.close()
    this.#link = undefined
  }

  async #run<R>(what: string, work: (redis: Redis) => Promise<R>): Promise<R> {
    this.#link ??= await this.#settings.connect()
    return this.#link.run(what, work)
  }

  /** Returns the place at which a stream without a checkpoint begins. */
  async #first(redis: Redis, key: string): Promise<Place> {
    const { from, group } = this.#settings
    const delivered = group === undefined ? undefined : await lastDelivered(redis, key, group)
    if (delivered !== undefined) return { id: delivered }
    if (from !== 'start' && from !== 'end') return { id: from }
    const info = await infoOf(redis, key)
    if (info === undefined) return { id: FIRST_ID, added: 0 }
    return from === 'end' ? atEndOf(info) : atStartOf(info)
  }

  async #advance(redis: Redis, key: string, given: Place, limit: number): Promise<Planned> {
    const info = await infoOf(redis, key)
    if (info === undefined) return { place: given, entries: [], atEnd: true }
    const from = this.#withoutGap(key, given, info)
    const entries = await range(redis, key, from.id, undefined, limit)
    const atEnd = entries.length < limit
    if (!atEnd) return { place: behind(from, entries), entries, atEnd }
    // Entries that were deleted by their id have been added too: at the end the number is known again.
    const later = entries.filter(({ id }) => compareIds(id, info.lastId) > 0)
    return { place: behind(compareIds(from.id, info.lastId) > 0 ? from : atEndOf(info), later), entries, atEnd }
  }

  /** Returns the place to read from: behind a gap, if there is one. @throws `redis-gap` unless gaps are skipped */
  #withoutGap(key: string, from: Place, info: StreamInfo): Place {
    if (compareIds(from.id, info.lastId) > 0) {
      this.#gap(
        key,
        `the stream ends at ${info.lastId}, before the ${from.id} that is reached: it was deleted and made anew`,
      )
      return atStartOf(info)
    }
    const { removed } = info
    if (removed === undefined || from.added === undefined || removed <= from.added) return from
    this.#gap(key, `${removed - from.added} entries behind ${from.id} were removed before they were read`)
    return { id: from.id, added: removed }
  }

  async #readAgain({ name: key, from, until, entries: wanted }: RedisSplit): Promise<readonly RedisEntry[]> {
    const entries = await this.#run('read a batch', (redis) => range(redis, key, from, until, wanted))
    if (entries.length < wanted) {
      this.#gap(key, `${wanted - entries.length} of the ${wanted} entries of a batch that is run again are gone`)
    }
    return entries
  }

  #gap(key: string, what: string): void {
    const error = redisGap(key, what)
    if (!this.#settings.skipsGaps) throw error
    this.#host?.report('Data is gone, and the source goes on behind it', error)
  }
}

/** Returns the place behind further entries. */
function behind({ id, added }: Place, entries: readonly RedisEntry[]): Place {
  const last = entries.at(-1)?.id ?? id
  return added === undefined ? { id: last } : { id: last, added: added + entries.length }
}

function atEndOf({ lastId, added }: StreamInfo): Place {
  return added === undefined ? { id: lastId } : { id: lastId, added }
}

function atStartOf({ removed }: StreamInfo): Place {
  return removed === undefined ? { id: FIRST_ID } : { id: FIRST_ID, added: removed }
}
