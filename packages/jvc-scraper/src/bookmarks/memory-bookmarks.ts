import { compareIds } from '../parse/index.js'
import type { Bookmarks } from './bookmarks.js'

/** The number of topics for which bookmarks are kept: some 10 MB. */
const MAX_TOPICS = 100_000

/** Bookmarks that end with the process. Above a bound the topics that were advanced longest ago are forgotten. */
export class MemoryBookmarks implements Bookmarks {
  readonly away = false
  readonly #maxTopics: number
  /** The ids by topic, the topic advanced longest ago first. */
  readonly #ids = new Map<string, string>()

  constructor(maxTopics = MAX_TOPICS) {
    this.#maxTopics = maxTopics
  }

  get(topicId: string): Promise<string | undefined> {
    return Promise.resolve(this.#ids.get(topicId))
  }

  advance(topicId: string, postId: string): Promise<void> {
    const known = this.#ids.get(topicId)
    this.#ids.delete(topicId)
    this.#ids.set(topicId, known !== undefined && compareIds(known, postId) > 0 ? known : postId)
    const [oldest] = this.#ids.keys()
    if (this.#ids.size > this.#maxTopics && oldest !== undefined) this.#ids.delete(oldest)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
