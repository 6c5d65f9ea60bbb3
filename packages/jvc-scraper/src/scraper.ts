import type { Bookmarks } from './bookmarks/bookmarks.js'
import type { Clock } from './clock.js'
import { Counters } from './counters.js'
import { Crawler } from './crawl/crawler.js'
import { Frontier } from './crawl/frontier.js'
import { ListScanner } from './crawl/list-scanner.js'
import { TopicVisitor, type FirstVisit } from './crawl/topic-visitor.js'
import { FeedLog } from './feed/feed-log.js'
import { FeedServer } from './feed/feed-server.js'
import type { SlowClientPolicy } from './feed/feed-connection.js'
import type { LogStore } from './feed/log-store.js'
import { httpClient, type HttpClient, type HttpTimeouts } from './fetch/http.js'
import type { Identity } from './fetch/identity.js'
import { ChallengeGuard } from './fetch/challenge-guard.js'
import { RequestGate } from './fetch/request-gate.js'
import { PageFetcher } from './fetch/page-fetcher.js'
import type { RetryPolicy } from './fetch/retry-policy.js'
import { RobotsFile } from './fetch/robots-file.js'
import { siteOf } from './fetch/site.js'
import type { Health } from './health-server.js'
import type { Logger } from './logger.js'

/** Everything that can be chosen. Times in milliseconds. */
export interface ScraperSettings {
  /** The address of the forum's topic list. */
  readonly forum: string
  readonly from: FirstVisit
  /** Where the feed listens; port 0 lets the system choose. */
  readonly host: string
  readonly port: number
  readonly maxClients: number
  readonly slowClients: SlowClientPolicy
  readonly stallMs: number
  readonly logBytes: number
  /** Requests per second, and how many at once. */
  readonly perSecond: number
  readonly workers: number
  readonly listEveryMs: number
  readonly listPages: number
  readonly maxPagesBack: number
  readonly expiryMs: number
  readonly robots: boolean
  readonly retryPolicy: RetryPolicy
  readonly timeouts: HttpTimeouts
}

export interface ScraperPorts {
  readonly bookmarks: Bookmarks
  readonly logStore: LogStore
  readonly identity: Identity
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** Reads a forum and serves its posts: list → changed topics → new posts → log → bookmark, and log → clients. */
export class Scraper {
  readonly counters: Counters
  readonly #settings: ScraperSettings
  readonly #ports: ScraperPorts
  readonly #http: HttpClient
  readonly #gate: RequestGate
  readonly #frontier: Frontier
  readonly #log: FeedLog
  readonly #feed: FeedServer
  readonly #crawler: Crawler
  #running: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  /**
   * Opens the log and the feed; nothing is fetched yet.
   *
   * @throws ScraperError `port-in-use`, `address-not-allowed`, `log-broken`
   */
  static async open(settings: ScraperSettings, ports: ScraperPorts): Promise<Scraper> {
    const site = siteOf(settings.forum)
    const log = await FeedLog.open(ports.logStore, { maxBytes: settings.logBytes })
    const counters = new Counters()
    try {
      const feed = await FeedServer.listen(log, { ...settings, ...ports, counters })
      return new Scraper(settings, ports, { site, log, feed, counters })
    } catch (error) {
      await log.close()
      throw error
    }
  }

  private constructor(
    settings: ScraperSettings,
    ports: ScraperPorts,
    {
      site,
      log,
      feed,
      counters,
    }: { site: ReturnType<typeof siteOf>; log: FeedLog; feed: FeedServer; counters: Counters },
  ) {
    const { clock, random, logger, bookmarks, identity } = ports
    this.#settings = settings
    this.#ports = ports
    this.counters = counters
    this.#log = log
    this.#feed = feed
    this.#http = httpClient(identity, settings.workers, settings.timeouts)
    this.#gate = new RequestGate({ clock, random, perSecond: settings.perSecond, maxInFlight: settings.workers })
    const { retryPolicy } = settings
    const challenges = new ChallengeGuard({ gate: this.#gate, clock, counters, logger, retryPolicy })
    const robots = new RobotsFile({
      challenges,
      site,
      get: this.#http.get,
      gate: this.#gate,
      clock,
      logger,
      obey: settings.robots,
      retryMs: settings.retryPolicy.challengeMs,
    })
    this.#frontier = new Frontier()
    const common = { clock, random, logger, counters, bookmarks, frontier: this.#frontier }
    const fetcher = new PageFetcher({
      ...common,
      site,
      get: this.#http.get,
      gate: this.#gate,
      robots,
      challenges,
      retryPolicy: settings.retryPolicy,
    })
    const scanner = new ListScanner({ ...common, fetcher }, { list: site.list, maxPages: settings.listPages })
    const visitor = new TopicVisitor({ ...common, fetcher, log }, settings)
    const { retryMs, maxRetryMs } = settings.retryPolicy
    this.#crawler = new Crawler({ ...common, scanner, visitor }, { ...settings, retryMs, maxRetryMs })
  }

  /** The port of the feed. */
  get port(): number {
    return this.#feed.port
  }

  /** Crawls until it is stopped. */
  async run(): Promise<void> {
    await (this.#running = this.#crawler.run())
  }

  /** Crawls once. @returns whether everything could be read */
  async runOnce(): Promise<boolean> {
    const running = this.#crawler.runOnce()
    this.#running = running
    return running
  }

  /** Stops crawling, writes what was read, sends it to the clients, closes. Calls after the first await the same end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#crawler.stop()
    await this.#running.catch(() => {})
    await this.#http.close()
    await this.#feed.close()
    await this.#log.close()
    await this.#ports.bookmarks.close()
  }

  /** What `/health` tells. Not well: bookmarks away, or the list not read for long. */
  health(): Health {
    const now = this.#ports.clock.now()
    const { lastReadAt } = this.#crawler.status
    const sinceListMs = lastReadAt === undefined ? undefined : now - lastReadAt
    const listOverdue = (sinceListMs ?? 0) > Math.max(10 * this.#settings.listEveryMs, 60_000)
    const { pausedUntil } = this.#gate
    return {
      ok: !this.#ports.bookmarks.away && !listOverdue,
      sinceListMs,
      pausedMs: pausedUntil === undefined ? 0 : pausedUntil - now,
      bookmarksAway: this.#ports.bookmarks.away,
      inFlight: this.#gate.inFlight,
      topicsWaiting: this.#frontier.waiting,
      topicsVisiting: this.#frontier.visiting,
      log: { id: this.#log.id, oldest: this.#log.oldest, next: this.#log.next, bytes: this.#log.bytes },
      clients: this.#feed.clients(),
      counters: this.counters,
    }
  }
}
