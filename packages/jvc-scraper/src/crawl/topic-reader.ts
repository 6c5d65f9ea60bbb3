import type { Counters } from '../counters.js'
import type { PageFetcher } from '../fetch/page-fetcher.js'
import type { Logger } from '../logger.js'
import {
  ParseError,
  parseAddress,
  parseTopicPage,
  withPage,
  type ForumAddress,
  type TopicPage,
} from '../parse/index.js'
import { NoPage, StalePage } from './errors.js'

export interface ReaderPorts {
  readonly fetcher: Pick<PageFetcher, 'page'>
  readonly counters: Counters
  readonly logger: Logger
}

/** The number of attempts for one page before a walk is abandoned. */
const MAX_READS = 3

/** Reads one topic page by page. */
export class TopicReader {
  readonly #ports: ReaderPorts
  readonly #address: ForumAddress
  readonly #signal: AbortSignal
  #hasRead = false

  /** @param url the path of any page of the topic */
  constructor(url: string, ports: ReaderPorts, signal: AbortSignal) {
    const address = parseAddress(url)
    if (address?.kind !== 'topic') throw new StalePage(`"${url}" is not the address of a topic`, true)
    this.#address = address
    this.#ports = ports
    this.#signal = signal
  }

  /**
   * Reads a page. The result may be another page of the topic when the requested one no longer exists.
   *
   * @throws NoPage when the page cannot be obtained; StalePage when it belongs to another topic, or when the site serves
   * another page although the requested one exists; ParseError when it cannot be read
   */
  async read(page: number): Promise<TopicPage> {
    for (let reads = 1; ; reads++) {
      try {
        return await this.#readOnce(page)
      } catch (error) {
        // Retried here, because a long topic would never be read to its end if each bad page restarted the whole walk.
        const isAmiss = error instanceof StalePage || error instanceof ParseError
        if (!this.#hasRead || !isAmiss || reads >= MAX_READS) throw error
        if (error instanceof ParseError) this.#ports.counters.add('pagesUnreadable')
      }
    }
  }

  async #readOnce(page: number): Promise<TopicPage> {
    const { fetcher, counters, logger } = this.#ports
    const path = withPage(this.#address, page)
    const outcome = await fetcher.page(path, this.#signal)
    // Another page of this topic has been read, so the topic itself exists.
    if (this.#hasRead && (outcome.kind === 'index' || outcome.kind === 'not-found')) {
      throw new StalePage(`${path} is no longer there`)
    }
    if (outcome.kind !== 'page') throw new NoPage(outcome)
    const read = parseTopicPage(outcome.html)
    counters.add('pages')
    if (read.source !== 'payload') counters.add('pagesFromMarkup')
    if (read.problems.length > 0) {
      counters.add('postsUnreadable', read.problems.length)
      logger.warn(
        { path, problems: read.problems.slice(0, 3) },
        'some posts of a page could not be read and are skipped',
      )
    }
    if (read.topicId !== this.#address.topicId) {
      throw new StalePage(`${path}: asked for topic ${this.#address.topicId}, got topic ${read.topicId}`, true)
    }
    if (read.page !== page && read.pageCount >= page) {
      throw new StalePage(`${path}: asked for page ${page} of ${read.pageCount}, got page ${read.page}`, true)
    }
    this.#hasRead = true
    return read
  }
}
