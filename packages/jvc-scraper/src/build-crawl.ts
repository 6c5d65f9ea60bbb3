import type { Bookmarks } from './bookmarks/bookmarks.js'
import type { Clock } from './clock.js'
import type { Counters } from './counters.js'
import { Crawler, type CrawlerPorts } from './crawl/crawler.js'
import { Frontier } from './crawl/frontier.js'
import { ListScanner } from './crawl/list-scanner.js'
import { TopicScanner } from './crawl/topic-scanner.js'
import { TopicVisitor, type VisitorOptions, type VisitorPorts } from './crawl/topic-visitor.js'
import { ChallengeGuard } from './fetch/challenge-guard.js'
import { httpClient, type HttpClient, type HttpTimeouts } from './fetch/http.js'
import type { Identity } from './fetch/identity.js'
import { PageFetcher } from './fetch/page-fetcher.js'
import { RequestGate } from './fetch/request-gate.js'
import type { RetryPolicy } from './fetch/retry-policy.js'
import { RobotsFile } from './fetch/robots-file.js'
import type { Site } from './fetch/site.js'
import type { Logger } from './logger.js'

/** The settings of a crawl. Times are in milliseconds. */
export interface CrawlSettings extends VisitorOptions {
  /** Requests per second, and how many at once. */
  readonly perSecond: number
  readonly workers: number
  readonly listEveryMs: number
  readonly listPages: number
  readonly expiryMs: number
  readonly robots: boolean
  readonly retryPolicy: RetryPolicy
  readonly timeouts: HttpTimeouts
}

export interface CrawlPorts {
  readonly bookmarks: Bookmarks
  readonly identity: Identity
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

export interface CrawlTarget {
  readonly site: Site
  /** The path of the only topic to read; undefined reads the topics of the site's list. */
  readonly topic?: string | undefined
  readonly log: VisitorPorts['log']
  readonly counters: Counters
}

export interface Crawl {
  readonly http: HttpClient
  readonly gate: RequestGate
  readonly frontier: Frontier
  readonly crawler: Crawler
}

/** Wires a crawl: requests → pages → rows and posts → log. Nothing is fetched yet. */
export function buildCrawl(settings: CrawlSettings, ports: CrawlPorts, target: CrawlTarget): Crawl {
  const { clock, random, logger, bookmarks, identity } = ports
  const { site, topic, log, counters } = target
  const { retryPolicy } = settings
  const http = httpClient(identity, settings.workers, settings.timeouts)
  const gate = new RequestGate({ clock, random, perSecond: settings.perSecond, maxInFlight: settings.workers })
  const frontier = new Frontier()
  const common = { clock, random, logger, counters, bookmarks, frontier, site, get: http.get, gate, retryPolicy }
  const challenges = new ChallengeGuard(common)
  const robots = new RobotsFile({ ...common, challenges, obey: settings.robots, retryMs: retryPolicy.challengeMs })
  const fetcher = new PageFetcher({ ...common, robots, challenges })
  const scanner: CrawlerPorts['scanner'] =
    topic === undefined
      ? new ListScanner({ ...common, fetcher }, { list: site.list, maxPages: settings.listPages })
      : new TopicScanner({ ...common, fetcher }, topic)
  const visitor = new TopicVisitor({ ...common, fetcher, log }, { ...settings, origin: site.origin })
  const { retryMs, maxRetryMs } = retryPolicy
  const crawler = new Crawler({ ...common, scanner, visitor }, { ...settings, retryMs, maxRetryMs })
  return { http, gate, frontier, crawler }
}
