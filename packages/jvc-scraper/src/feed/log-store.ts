/** One post of the log. */
export interface LogEntry {
  /** The number of the entry; consecutive. */
  readonly seq: number
  readonly topicId: string
  readonly postId: string
  /** The line of the feed, without its line end. */
  readonly line: string
}

/** The content of a store at its opening. */
export interface StoredLog {
  /** The identity of the log, made with it and never changed, so that cursors of other logs are recognised. */
  readonly id: string
  /** The number of the next post. */
  readonly next: number
  /** The entries by ascending number, without holes, up to `next`. */
  readonly entries: readonly LogEntry[]
}

/** The store of the log, for one process at a time. */
export interface LogStore {
  open(): Promise<StoredLog>
  /**
   * Writes entries. Fulfilled when they are durable in this store; after a rejection they may or may not be written.
   *
   * @param oldest entries below this number are no longer needed
   */
  append(entries: readonly LogEntry[], oldest: number): Promise<void>
  /**
   * Settles a rejected append, before the next one.
   *
   * @param next the number of the next post
   * @param held returns the entries from a number on, for a store that has lost acknowledged entries
   * @returns the entries from number `next` on that were written after all
   */
  recover(next: number, held: (from: number) => readonly LogEntry[]): Promise<readonly LogEntry[]>
  close(): Promise<void>
}
