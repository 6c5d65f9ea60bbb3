/**
 * Stores how far each topic has been read: by topic id, the highest id of a post that is in the log. Ids are decimal
 * digits.
 *
 * A bookmark never moves back, even when several processes advance it in any order.
 */
export interface Bookmarks {
  /**
   * Returns the bookmark of a topic, or undefined when there is none.
   *
   * @throws ScraperError `bookmarks-away` when the store cannot be reached
   */
  get(topicId: string): Promise<string | undefined>
  /**
   * Moves a bookmark up to a post, unless it is further already, and restarts its expiry.
   *
   * @throws ScraperError `bookmarks-away` when the store cannot be reached
   */
  advance(topicId: string, postId: string): Promise<void>
  /** Whether the store is out of reach at the moment; shown by the health page. */
  readonly away: boolean
  close(): Promise<void>
}
