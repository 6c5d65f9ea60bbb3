/**
 * How far each topic has been read: the highest id of a post that is in the log, by topic id. Ids are decimal digits.
 *
 * Guarantee: a bookmark is only ever raised, whoever advances it and in whatever order.
 */
export interface Bookmarks {
  /** @throws ScraperError `bookmarks-away` when the store cannot be asked */
  get(topicId: string): Promise<string | undefined>
  /** Also renews the bookmark's life. @throws ScraperError `bookmarks-away` */
  advance(topicId: string, postId: string): Promise<void>
  /** Whether the store can be reached at the moment, for the health page. */
  readonly away: boolean
  close(): Promise<void>
}
