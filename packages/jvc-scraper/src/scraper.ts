import { buildCrawl, type Crawl, type CrawlPorts, type CrawlSettings } from './build-crawl.js'
import { Counters } from './counters.js'
import { FeedLog } from './feed/feed-log.js'
import { FeedServer } from './feed/feed-server.js'
import type { SlowClientPolicy } from './feed/feed-connection.js'
import type { LogStore } from './feed/log-store.js'
import { siteOf } from './fetch/site.js'
import type { Health } from './health-server.js'

/** The settings of a scraper. Times are in milliseconds. */
export interface ScraperSettings extends CrawlSettings {
  /** The address of the forum's topic list. */
  readonly forum: string
  /** The address and port on which the feed listens; port 0 lets the system choose. */
  readonly host: string
  readonly port: number
  readonly maxClients: number
  readonly slowClients: SlowClientPolicy
  readonly stallMs: number
  readonly logBytes: number
}

export interface ScraperPorts extends CrawlPorts {
  readonly logStore: LogStore
}

/** Crawls a forum and serves its posts: list → changed topics → new posts → log → bookmark, and log → clients. */
export class Scraper {
  readonly counters: Counters
  readonly #settings: ScraperSettings
  readonly #ports: ScraperPorts
  readonly #log: FeedLog
  readonly #feed: FeedServer
  readonly #crawl: Crawl
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
    this.#settings = settings
    this.#ports = ports
    this.counters = counters
    this.#log = log
    this.#feed = feed
    this.#crawl = buildCrawl(settings, ports, { site, log, counters })
  }

  /** The port of the feed. */
  get port(): number {
    return this.#feed.port
  }

  /** Crawls until it is stopped. */
  async run(): Promise<void> {
    await (this.#running = this.#crawl.crawler.run())
  }

  /** Crawls once. @returns whether everything could be read */
  async runOnce(): Promise<boolean> {
    const running = this.#crawl.crawler.runOnce()
    this.#running = running
    return running
  }

  /** Returns the time that the rest of `runOnce` takes at the speed so far, in milliseconds; undefined while it is unknown. */
  remainingMs(): number | undefined {
    return this.#crawl.crawler.remainingMs()
  }

  /** Stops crawling, writes pending posts, sends them to the clients and closes. Later calls await the same end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#crawl.crawler.stop()
    await this.#running.catch(() => {})
    await this.#crawl.http.close()
    await this.#feed.close()
    await this.#log.close()
    await this.#ports.bookmarks.close()
  }

  /** Returns the content of `/health`: not ok while the feed gets no posts for a reason that an operator can mend. */
  health(): Health {
    const now = this.#ports.clock.now()
    const { state, since, lastReadAt, reason } = this.#crawl.crawler.status
    const { pausedUntil } = this.#crawl.gate
    const problems = this.#problems(now)
    return {
      ok: problems.length === 0,
      problems,
      crawl: { state, sinceMs: now - since, reason },
      sinceListMs: lastReadAt === undefined ? undefined : now - lastReadAt,
      pausedMs: pausedUntil === undefined ? 0 : pausedUntil - now,
      bookmarksAway: this.#ports.bookmarks.away,
      inFlight: this.#crawl.gate.inFlight,
      topicsWaiting: this.#crawl.frontier.waiting,
      topicsVisiting: this.#crawl.frontier.visiting,
      log: { id: this.#log.id, oldest: this.#log.oldest, next: this.#log.next, bytes: this.#log.bytes },
      clients: this.#feed.clients(),
      counters: this.counters,
    }
  }

  #problems(now: number): string[] {
    const { lastReadAt, reason } = this.#crawl.crawler.status
    const because = reason === undefined ? '' : ` (${reason})`
    const overdueMs = Math.max(10 * this.#settings.listEveryMs, 60_000)
    const problems: string[] = []
    if (lastReadAt === undefined) problems.push(`The topic list has not been read yet${because}`)
    else if (now - lastReadAt > overdueMs) {
      problems.push(`The topic list was last read ${Math.round((now - lastReadAt) / 1000)} s ago${because}`)
    }
    if (this.counters.get('pages') === 0 && this.counters.get('visitsFailed') > 0) {
      problems.push('No page of a topic has been read yet')
    }
    if (this.#ports.bookmarks.away) problems.push('The bookmarks cannot be reached')
    if (this.#log.away) problems.push('The log of the feed cannot be written')
    return problems
  }
}
