import { compareIds } from '../parse/index.js'
import type { Bookmarks } from './bookmarks.js'

/** Keeps bookmarks in memory; they are lost when the process ends. */
export class MemoryBookmarks implements Bookmarks {
  readonly away = false
  readonly #ids = new Map<string, string>()

  get(topicId: string): Promise<string | undefined> {
    return Promise.resolve(this.#ids.get(topicId))
  }

  advance(topicId: string, postId: string): Promise<void> {
    const known = this.#ids.get(topicId)
    if (known === undefined || compareIds(postId, known) > 0) this.#ids.set(topicId, postId)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
