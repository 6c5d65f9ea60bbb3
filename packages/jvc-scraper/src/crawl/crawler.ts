import { setMaxListeners } from 'node:events'
import { backOffMs } from 'jvc-receiver/feed'
import type { Bookmarks } from '../bookmarks/bookmarks.js'
import { delay, type Clock } from '../clock.js'
import type { Counters } from '../counters.js'
import { ScraperError, messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { ParseError } from '../parse/index.js'
import { CrawlStatusTracker, type CrawlStatus } from './crawl-status.js'
import { NoPage, StalePage } from './errors.js'
import type { Suspicion, Frontier, Pending } from './frontier.js'
import type { ListScanner } from './list-scanner.js'
import type { FirstVisit, TopicVisitor } from './topic-visitor.js'

export interface CrawlerPorts {
  readonly scanner: Pick<ListScanner, 'scan'>
  readonly visitor: Pick<TopicVisitor, 'visit'>
  readonly frontier: Frontier
  readonly bookmarks: Bookmarks
  readonly clock: Clock
  readonly random: () => number
  readonly counters: Counters
  readonly logger: Logger
}

export interface CrawlerOptions {
  readonly from: FirstVisit
  /** The maximum number of topics visited at once. */
  readonly workers: number
  /** The time between two readings of the list, in milliseconds. */
  readonly listEveryMs: number
  /** The pause after a first failure of a visit or of the list, in milliseconds. It doubles with each further failure. */
  readonly retryMs: number
  readonly maxRetryMs: number
  /** The lifetime of a bookmark in milliseconds. An older post without a bookmark does not count as new. */
  readonly expiryMs: number
}

/** The key among the bookmarks for the date at which this forum was first read; no topic has this id. */
const ORIGIN = '0'
/** The number of equal suspicious answers in a row after which the next one is accepted. */
const MAX_SUSPICIONS = 6
/** The number of attempts for the list and for each topic in a single pass. */
const ONCE_ATTEMPTS = 5

/** Runs the crawl: reads the list, then visits every changed topic; once, or until it is stopped. */
export class Crawler {
  readonly #ports: CrawlerPorts
  readonly #options: CrawlerOptions
  readonly #stop = new AbortController()
  readonly #visits = new Set<Promise<void>>()
  #listFailures = 0
  #newest: number | undefined
  #origin: number | undefined
  #wake: () => void = () => {}
  #attempts = Infinity
  #onceSinceMs: number | undefined
  #gaveUp = false
  /** The error that has ended the crawl. */
  #fatal: { readonly error: unknown } | undefined
  readonly #status: CrawlStatusTracker

  constructor(ports: CrawlerPorts, options: CrawlerOptions) {
    this.#ports = ports
    this.#options = options
    this.#status = new CrawlStatusTracker(ports.clock)
    // Every waiting or running request listens to this signal.
    setMaxListeners(0, this.#stop.signal)
  }

  /** The present state of the crawl, for the health page. */
  get status(): CrawlStatus {
    return this.#status.current
  }

  /** Crawls until `stop` is called. @throws ScraperError `log-in-use` */
  async run(): Promise<void> {
    const visiting = this.#visitAll()
    while (!this.#stop.signal.aborted) {
      await this.#scan()
      await this.#pause(this.#pauseAfterScan())
    }
    await visiting
    if (this.#fatal !== undefined) throw this.#fatal.error
  }

  /**
   * Makes one pass: reads the list and visits every topic that has changed.
   *
   * @returns false when the list or a topic could not be read within a few attempts
   */
  async runOnce(): Promise<boolean> {
    this.#attempts = ONCE_ATTEMPTS
    this.#onceSinceMs = this.#ports.clock.now()
    const visiting = this.#visitAll()
    while (!this.#stop.signal.aborted && !(await this.#scan()) && this.#listFailures < ONCE_ATTEMPTS) {
      await this.#pause(this.#pauseAfterScan())
    }
    while (!this.#stop.signal.aborted && !this.#isIdle()) await this.#pause(20)
    const complete = !this.#stop.signal.aborted && this.#listFailures === 0 && !this.#gaveUp
    this.stop()
    await visiting
    if (this.#fatal !== undefined) throw this.#fatal.error
    return complete
  }

  /**
   * Returns the time that the rest of one pass takes at the speed so far, in milliseconds; undefined while no topic has been
   * read, and for a crawl without an end.
   */
  remainingMs(): number | undefined {
    const { clock, frontier, counters } = this.#ports
    const left = frontier.waiting + frontier.visiting
    const finished =
      counters.get('visits') - frontier.visiting - counters.get('visitsFailed') + counters.get('topicsLeft')
    if (this.#onceSinceMs === undefined || finished <= 0) return undefined
    return ((clock.now() - this.#onceSinceMs) / finished) * left
  }

  /** Stops the crawl: starts nothing new and aborts running requests, but not writes to the log. */
  stop(): void {
    this.#stop.abort(new Error('the crawl was stopped'))
    this.#wake()
  }

  #isIdle(): boolean {
    return this.#ports.frontier.waiting === 0 && this.#visits.size === 0
  }

  async #scan(): Promise<boolean> {
    const { scanner, logger } = this.#ports
    try {
      await this.#findOrigin()
      this.#newest = await scanner.scan(this.#stop.signal)
      await this.#keepOrigin()
      this.#listFailures = 0
      this.#status.succeeded()
      return true
    } catch (error) {
      if (this.#stop.signal.aborted) return false
      this.#count(error)
      this.#status.failed(error)
      this.#listFailures++
      logger.warn({ error: messageOf(error), failures: this.#listFailures }, 'the topic list could not be read')
      return false
    } finally {
      this.#wake()
    }
  }

  async #findOrigin(): Promise<void> {
    if (this.#options.from !== 'now' || this.#origin !== undefined) return
    const stored = await this.#ports.bookmarks.get(ORIGIN)
    if (stored !== undefined) this.#origin = Number(stored)
  }

  /** Stores the newest post of the first list as "now", by the forum's own clock. Advancing it again restarts its expiry. */
  async #keepOrigin(): Promise<void> {
    if (this.#options.from !== 'now' || this.#newest === undefined) return
    this.#origin ??= this.#newest
    await this.#ports.bookmarks.advance(ORIGIN, String(this.#origin))
  }

  /** Returns the date from which posts of a topic without a bookmark count as new. */
  #since(): number | undefined {
    if (this.#origin === undefined || this.#newest === undefined) return undefined
    return Math.max(this.#origin, this.#newest - this.#options.expiryMs)
  }

  #pauseAfterScan(): number {
    const { listEveryMs, retryMs, maxRetryMs } = this.#options
    if (this.#listFailures === 0) return listEveryMs
    return backOffMs(
      this.#listFailures,
      { baseMs: Math.max(retryMs, listEveryMs), maxMs: maxRetryMs },
      this.#ports.random(),
    )
  }

  /** Starts visits as topics become due and workers are free. */
  async #visitAll(): Promise<void> {
    const { frontier, clock } = this.#ports
    while (!this.#stop.signal.aborted) {
      const pending = this.#visits.size < this.#options.workers ? frontier.take(clock.now()) : undefined
      if (pending === undefined) {
        await this.#awaitWork()
        continue
      }
      const visit: Promise<void> = this.#visit(pending).finally(() => {
        this.#visits.delete(visit)
        this.#wake()
      })
      this.#visits.add(visit)
    }
    await Promise.all(this.#visits)
  }

  async #visit(pending: Pending): Promise<void> {
    const { visitor, frontier, counters, clock, random, logger } = this.#ports
    const { id } = pending.row
    try {
      counters.add('visits')
      await visitor.visit(pending.row, this.#since(), this.#stop.signal)
      frontier.done(id)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      counters.add('visitsFailed')
      this.#count(error)
      const isLast = pending.failures + 1 >= this.#attempts
      const suspicion = suspicionOf(error, pending)
      const isAccepted = isFinal(error) || (suspicion?.repeats ?? 0) > Math.min(MAX_SUSPICIONS, this.#attempts - 1)
      if (isLast || isAccepted) {
        this.#gaveUp ||= !isAccepted
        counters.add('topicsLeft')
        logger.info({ topic: id, why: messageOf(error) }, 'a topic is given up')
        frontier.done(id)
        return
      }
      const { retryMs: baseMs, maxRetryMs: maxMs } = this.#options
      const pause = backOffMs(pending.failures + 1, { baseMs, maxMs }, random())
      logger.debug({ topic: id, error: messageOf(error), pauseMs: pause }, 'a visit failed and will be repeated')
      frontier.failed(pending, clock.now() + pause, suspicion)
    }
  }

  #count(error: unknown): void {
    const { counters, logger } = this.#ports
    if (error instanceof ParseError) {
      counters.add('pagesUnreadable')
      logger.error({ code: error.code, tried: error.attempts }, `a page could not be read: ${error.message}`)
    }
    if (error instanceof ScraperError && error.code === 'bookmarks-away') counters.add('bookmarkErrors')
    if (error instanceof ScraperError && error.code === 'log-in-use') {
      this.#fatal ??= { error }
      this.stop()
    }
    if (error instanceof ScraperError && error.code === 'log-away') {
      counters.add('logErrors')
      logger.error({}, error.message)
    }
  }

  async #awaitWork(): Promise<void> {
    const { frontier, clock } = this.#ports
    const at = this.#visits.size < this.#options.workers ? frontier.nextAt() : undefined
    await new Promise<void>((resolve) => {
      const timer = at === undefined ? undefined : clock.setTimer(at, resolve)
      this.#wake = () => {
        timer?.cancel()
        resolve()
      }
    })
  }

  async #pause(ms: number): Promise<void> {
    await delay(this.#ports.clock, ms, this.#stop.signal).catch(() => {})
  }
}

/** Returns whether repeating the visit is pointless: the topic was deleted, or may not be read. */
function isFinal(error: unknown): boolean {
  return error instanceof NoPage && /^(gone|login|disallowed)$/.test(error.outcome.kind)
}

/**
 * Returns the suspicion that an error raises, with its number of repetitions. The site may claim by mistake that a topic
 * does not exist or lacks the latest post, so such an answer is accepted only after it was the same many times in a row. A
 * failure of another kind in between restarts the count.
 */
function suspicionOf(error: unknown, { suspicion }: Pending): Suspicion | undefined {
  const isSuspicious =
    error instanceof NoPage
      ? /^(not-found|index|forbidden)$/.test(error.outcome.kind)
      : error instanceof StalePage && error.mayPersist
  if (!isSuspicious) return undefined
  const { message } = error as Error
  return { message, repeats: suspicion?.message === message ? suspicion.repeats + 1 : 1 }
}
