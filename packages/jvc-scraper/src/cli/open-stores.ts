import type { Bookmarks } from '../bookmarks/bookmarks.js'
import { FileBookmarks } from '../bookmarks/file-bookmarks.js'
import { MemoryBookmarks } from '../bookmarks/memory-bookmarks.js'
import { systemClock } from '../clock.js'
import { describeDataErrors, openDataFolder } from '../data-folder.js'
import { FileLogStore } from '../feed/file-log-store.js'
import type { LogStore } from '../feed/log-store.js'
import { MemoryLogStore } from '../feed/memory-log-store.js'
import { siteOf } from '../fetch/site.js'
import type { Logger } from '../logger.js'
import { closeRedis, connectRedis } from '../redis/connection.js'
import { RedisBookmarks } from '../redis/redis-bookmarks.js'
import { RedisLogStore } from '../redis/redis-log-store.js'
import type { ScraperSettings } from '../scraper.js'
import { redisUrl, type Stores } from './settings.js'

export interface OpenStores {
  readonly bookmarks: Bookmarks
  readonly logStore: LogStore
  /** After the scraper is closed. */
  close(): Promise<void>
}

/** The number of segments that the log on disk consists of at its bound. */
const SEGMENTS = 8

/**
 * Opens the bookmarks and the log that the options name.
 *
 * @param stop ends the wait for Redis
 * @throws ScraperError `bookmarks-away`, `bookmarks-broken`, `data-not-writable`
 */
export async function openStores(
  stores: Stores,
  settings: ScraperSettings,
  { env, stop }: { env: Readonly<Record<string, string | undefined>>; stop: AbortSignal },
  logger: Logger,
): Promise<OpenStores> {
  if (stores.bookmarks === 'file' || stores.feedLog === 'file') await openDataFolder(stores.data)
  const { origin, list } = siteOf(settings.forum)
  const prefix = `jvc:${new URL(origin).host}:${list.forumId}:`
  const { expiryMs, logBytes } = settings
  const url = stores.bookmarks === 'redis' || stores.feedLog === 'redis' ? redisUrl(env) : undefined
  const redis = url === undefined ? undefined : await connectRedis(url, { clock: systemClock, logger, signal: stop })
  const onError = (error: Error): void => logger.error({}, error.message)
  const bookmarks: Record<Stores['bookmarks'], () => Bookmarks | Promise<Bookmarks>> = {
    memory: () => new MemoryBookmarks(),
    file: () =>
      describeDataErrors(stores.data, () =>
        FileBookmarks.open(stores.bookmarksFile, { clock: systemClock, expiryMs, onError }),
      ),
    redis: () => new RedisBookmarks(redis as NonNullable<typeof redis>, { prefix, expiryMs }),
  }
  const logStores: Record<Stores['feedLog'], () => LogStore> = {
    memory: () => new MemoryLogStore(),
    file: () => new FileLogStore(stores.logFolder, { segmentBytes: logBytes / SEGMENTS }),
    redis: () => new RedisLogStore(redis as NonNullable<typeof redis>, { prefix }),
  }
  const close = async (): Promise<void> => redis && closeRedis(redis)
  try {
    return { bookmarks: await bookmarks[stores.bookmarks](), logStore: logStores[stores.feedLog](), close }
  } catch (error) {
    await close()
    throw error
  }
}
