import { join } from 'node:path'
import type { FirstVisit } from '../crawl/topic-visitor.js'
import type { SlowClientPolicy } from '../feed/feed-connection.js'
import { DEFAULT_TIMEOUTS } from '../fetch/http.js'
import { POLITE_RETRY_POLICY, type RetryPolicy } from '../fetch/retry-policy.js'
import { DEFAULT_FORUM } from '../fetch/site.js'
import { ScraperError } from '../errors.js'
import type { ScraperSettings } from '../scraper.js'
import type { Options } from './options.js'

type Env = Readonly<Record<string, string | undefined>>
export type StoreKind = 'memory' | 'file' | 'redis'

/** The places of the bookmarks and of the log. */
export interface Stores {
  readonly bookmarks: StoreKind
  readonly feedLog: StoreKind
  /** The folder for stores of the kind `file`. */
  readonly data: string
  readonly bookmarksFile: string
  readonly logFolder: string
}

/** The retry policy for a forum on this machine, which may be asked again at once. */
const LOCAL_RETRY_POLICY: RetryPolicy = {
  attempts: 5,
  retryMs: 100,
  maxRetryMs: 2000,
  challengeMs: 1000,
  maxChallengeMs: 8000,
  maxRetryAfterMs: 5000,
}

const DAY = 86_400_000
const MIB = 1_048_576

/** Returns the settings that the options stand for. @param forum the simulated forum's address, with `--simulate` */
export function settingsOf(options: Options, forum: string | undefined): ScraperSettings {
  const address = forum ?? options.text('forum') ?? DEFAULT_FORUM
  const local = isLocal(address)
  const number = (name: Parameters<Options['number']>[0], otherwise = 0): number => options.number(name) ?? otherwise
  return {
    forum: address,
    from: (options.text('from') ?? (options.flag('simulate') ? 'start' : 'now')) as FirstVisit,
    host: options.text('host') ?? '',
    port: number('port'),
    maxClients: number('max-clients'),
    slowClients: options.text('slow-clients') as SlowClientPolicy,
    stallMs: 300_000,
    logBytes: number('log-size') * MIB,
    perSecond: number('pace', local ? 200 : 2),
    workers: number('workers', local ? 60 : 4),
    listEveryMs: number('list-every', local ? 0.5 : 5) * 1000,
    listPages: number('pages'),
    maxPagesBack: number('max-pages-back'),
    expiryMs: number('expiry') * DAY,
    robots: !options.flag('ignore-robots'),
    retryPolicy: local ? LOCAL_RETRY_POLICY : POLITE_RETRY_POLICY,
    timeouts: local ? { connectMs: 2000, headersMs: 3000, bodyMs: 2000, totalMs: 8000 } : DEFAULT_TIMEOUTS,
  }
}

/**
 * Chooses the stores of bookmarks and log: Redis when the environment names one, else files. A simulated forum starts
 * over at each run, so nothing of it is kept unless an option asks for it.
 *
 * @throws ScraperError `bad-option` when Redis is asked for and not named
 */
export function storesOf(options: Options, env: Env): Stores {
  const redis = redisUrl(env) !== undefined
  const usual: StoreKind = options.flag('simulate')
    ? options.isGiven('data')
      ? 'file'
      : 'memory'
    : redis
      ? 'redis'
      : 'file'
  const bookmarks = (options.text('bookmarks') ?? usual) as StoreKind
  const feedLog = (options.text('feed-log') ?? usual) as StoreKind
  if (!redis && (bookmarks === 'redis' || feedLog === 'redis')) {
    throw new ScraperError(
      'bad-option',
      'Redis is asked for, but neither REDIS_URL nor REDIS_HOST is set. Set one of them, or choose file or memory.',
    )
  }
  const data = options.text('data') ?? '.jvc-scraper'
  return { bookmarks, feedLog, data, bookmarksFile: join(data, 'bookmarks.json'), logFolder: join(data, 'log') }
}

/** Recognises a forum on this machine: it is a simulated one, so it may be asked often. */
function isLocal(forum: string): boolean {
  return URL.canParse(forum) && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(forum).hostname)
}

/** Returns `REDIS_URL`, or a URL made of `REDIS_HOST`. It may hold a password and must not be printed. */
export function redisUrl(env: Env): string | undefined {
  const { REDIS_URL: url, REDIS_HOST: host } = env
  if (url) return url
  return host ? `redis://${host.includes(':') ? host : `${host}:6379`}` : undefined
}
