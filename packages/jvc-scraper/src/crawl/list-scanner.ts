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
  /** The maximum number of pages read in one scan. */
  readonly maxPages: number
}

/** The tolerance for comparing dates: they are to the second, and the clocks of two servers may differ a little. */
const SLACK_MS = 2000

/** Reads the topic list as far as it has changed, and passes its rows to the frontier. */
export class ListScanner {
  readonly #ports: ScannerPorts
  readonly #options: ScannerOptions
  /** The date of the newest post at the last complete scan; all older changes have been noticed. */
  #scannedTo: number | undefined
  /** Whether the last scan was cut short, so that rows below those it noticed may be unknown. */
  #cutShort = false

  constructor(ports: ScannerPorts, options: ScannerOptions) {
    this.#ports = ports
    this.#options = options
  }

  /**
   * Scans the list from page 1 to the first page that ends with a known row.
   *
   * @returns the date of the newest post, epoch milliseconds, or undefined when the list does not show it
   * @throws NoPage, ParseError when a page cannot be read; the next scan reads the rest
   */
  async scan(signal: AbortSignal): Promise<number | undefined> {
    const { maxPages } = this.#options
    let newest: number | undefined
    const afterCut = this.#cutShort
    this.#cutShort = true
    for (let page = 1; page <= maxPages; page++) {
      const list = await this.#read(page, signal)
      newest ??= newestOf(list.rows)
      // Must come before #notice, which makes the rows known.
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
        'some rows of the list could not be read and are skipped',
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
   * Returns what to expect below this page. Rows are ordered by last post, so the rows after an unchanged one have not
   * changed either, unless an earlier scan noticed that row and was then cut short. The order is only as good as the clocks
   * of the site, so reading continues past a young row, but the bound may fall there without being a gap.
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
    const message = 'the list has changed beyond the pages that are read, so posts of topics further down may be missed'
    this.#ports.logger.warn({ pages: maxPages }, `${message} (--pages)`)
  }
}

function newestOf(rows: readonly TopicRow[]): number | undefined {
  return rows.reduce<number | undefined>(
    (newest, { lastPostAt }) => (lastPostAt === undefined || (newest ?? -Infinity) > lastPostAt ? newest : lastPostAt),
    undefined,
  )
}
