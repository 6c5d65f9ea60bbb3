import type { Counters } from '../counters.js'
import type { Clock } from '../clock.js'
import type { PageFetcher } from '../fetch/page-fetcher.js'
import type { Logger } from '../logger.js'
import { parseTopicList, withPage, type ForumAddress, type TopicListPage, type TopicRow } from '../parse/index.js'
import { NoPage } from './errors.js'
import type { Frontier } from './frontier.js'

export interface ScannerPorts {
  readonly fetcher: Pick<PageFetcher, 'page'>
  readonly frontier: Frontier
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
}

export interface ScannerOptions {
  readonly list: ForumAddress
  /** The most pages of the list that are read at once. */
  readonly maxPages: number
}

/** Dates are to the second, and two servers of one site may differ a little. */
const SLACK_MS = 2000

/** Reads the topic list as far as it has changed, and tells the frontier. */
export class ListScanner {
  readonly #ports: ScannerPorts
  readonly #options: ScannerOptions
  /** The newest post at the last scan that was not cut short: what is older has been noticed. */
  #scannedTo: number | undefined
  /** The last scan was cut short: below a row that it noticed there may be others that it did not reach. */
  #cutShort = false

  constructor(ports: ScannerPorts, options: ScannerOptions) {
    this.#ports = ports
    this.#options = options
  }

  /**
   * One scan, from page 1 to the first page that ends with a row that has been noticed before.
   *
   * @returns the date of the newest post, epoch milliseconds, if the list shows it
   * @throws NoPage, ParseError: what was not reached is scanned the next time
   */
  async scan(signal: AbortSignal): Promise<number | undefined> {
    const { maxPages } = this.#options
    let newest: number | undefined
    const afterCut = this.#cutShort
    this.#cutShort = true
    for (let page = 1; page <= maxPages; page++) {
      const list = await this.#read(page, signal)
      newest ??= newestOf(list.rows)
      // Asked before the rows are noticed, which makes them known.
      const below = this.#below(list, afterCut)
      this.#notice(list, newest)
      if (below === 'known') break
      if (page === maxPages && below === 'unknown') this.#reportBound()
    }
    this.#scannedTo = newest ?? this.#scannedTo
    this.#cutShort = false
    return newest
  }

  async #read(page: number, signal: AbortSignal): Promise<TopicListPage> {
    const { fetcher, counters, logger } = this.#ports
    const path = withPage(this.#options.list, page)
    const outcome = await fetcher.page(path, signal, { urgent: true })
    if (outcome.kind !== 'page') throw new NoPage(outcome)
    const list = parseTopicList(outcome.html)
    counters.add('lists')
    if (list.problems.length > 0) {
      counters.add('postsUnreadable', list.problems.length)
      logger.warn(
        { path, problems: list.problems.slice(0, 3) },
        'some rows of a list could not be read and are left out',
      )
    }
    return list
  }

  #notice({ rows }: TopicListPage, newest: number | undefined): void {
    const { frontier, counters, clock } = this.#ports
    const now = clock.now()
    for (const row of rows) if (!row.deleted && frontier.notice(row, newest, now)) counters.add('topicsChanged')
  }

  /**
   * What is to be expected below this page. Rows stand in the order of their last post, so what follows a row that has not
   * changed has not changed either, unless it was not reached by a scan that was cut short after it had noticed this row.
   * As the order is only as good as the clocks of the site, a row that is young is no reason to stop, yet none to worry.
   */
  #below({ rows, nextUrl }: TopicListPage, afterCut: boolean): 'known' | 'likely known' | 'unknown' {
    const last = rows.filter(({ pinned }) => !pinned).at(-1)
    if (last === undefined || nextUrl === undefined) return 'known'
    if (this.#ports.frontier.hasChanged(last)) return 'unknown'
    if (this.#scannedTo === undefined || last.lastPostAt === undefined) return 'known'
    if (last.lastPostAt < this.#scannedTo - SLACK_MS) return 'known'
    return afterCut ? 'unknown' : 'likely known'
  }

  #reportBound(): void {
    if (this.#scannedTo === undefined) return
    this.#ports.counters.add('gaps')
    const { maxPages } = this.#options
    const message =
      'the list has changed beyond the pages that are read: topics further down may have posts that are missed'
    this.#ports.logger.warn({ pages: maxPages }, `${message} (--pages)`)
  }
}

function newestOf(rows: readonly TopicRow[]): number | undefined {
  return rows.reduce<number | undefined>(
    (newest, { lastPostAt }) => (lastPostAt === undefined || (newest ?? -Infinity) > lastPostAt ? newest : lastPostAt),
    undefined,
  )
}
