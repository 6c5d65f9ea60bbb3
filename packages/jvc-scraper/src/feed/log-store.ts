/** One post of the log. */
export interface LogEntry {
  /** Grows by one from post to post. */
  readonly seq: number
  readonly topicId: string
  readonly postId: string
  /** The line of the feed, without its line end. */
  readonly line: string
}

/** What a store holds at its opening. */
export interface StoredLog {
  /** Made when the log was, and never changed: it tells this log's cursors from another's. */
  readonly id: string
  /** The number the next post gets. */
  readonly next: number
  /** By ascending number, without holes, up to `next`. */
  readonly entries: readonly LogEntry[]
}

/** Where the log of the feed is kept. One process at a time. */
export interface LogStore {
  open(): Promise<StoredLog>
  /**
   * Fulfilled when the entries are as safe as this store can make them; rejected, they may or may not be there.
   *
   * @param oldest entries below this number are no longer needed
   */
  append(entries: readonly LogEntry[], oldest: number): Promise<void>
  /**
   * After a rejected append, before the next one.
   *
   * @param next the number the next post would get
   * @param held the entries from a number on, for a store that has lost some of those it once had
   * @returns the entries from number `next` on that are there after all
   */
  recover(next: number, held: (from: number) => readonly LogEntry[]): Promise<readonly LogEntry[]>
  close(): Promise<void>
}
