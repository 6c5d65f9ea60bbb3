import type { Clock } from '../clock.js'
import { parseAddress, withPage, type TopicRow } from '../parse/index.js'
import type { Frontier } from './frontier.js'
import { TopicReader, type ReaderPorts } from './topic-reader.js'

export interface TopicScannerPorts extends ReaderPorts {
  readonly frontier: Frontier
  readonly clock: Clock
}

/** Stands in for the topic list when a single topic is read: finds its last page and has it visited. */
export class TopicScanner {
  readonly #ports: TopicScannerPorts
  readonly #path: string

  /** @param path the path of any page of the topic */
  constructor(ports: TopicScannerPorts, path: string) {
    this.#ports = ports
    this.#path = path
  }

  /**
   * Reads the first page of the topic.
   *
   * @returns the present time, which stands for the newest post
   * @throws NoPage, StalePage, ParseError when the page cannot be read
   */
  async scan(signal: AbortSignal): Promise<number> {
    const { frontier, clock } = this.#ports
    const page = await new TopicReader(this.#path, this.#ports, signal).read(1)
    const address = parseAddress(this.#path)
    const url = address === undefined ? this.#path : withPage(address, 1)
    const lastPageUrl = address === undefined ? this.#path : withPage(address, page.pageCount)
    const row: TopicRow = {
      ...{ id: page.topicId, forumId: page.forumId ?? '', title: page.title, author: '', url, lastPageUrl },
      ...{ lastPage: page.pageCount, replies: 0, lastPostDate: '', lastPostAt: undefined },
      state: 'other',
      ...{ pinned: false, locked: page.locked, deleted: false },
    }
    frontier.notice(row, undefined, clock.now())
    return clock.now()
  }
}
