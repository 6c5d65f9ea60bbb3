/** What can be wrong with a feed; stable, for programs to match on. */
export type FeedErrorCode =
  'post-not-json' | 'post-field' | 'line-too-long' | 'feed-gap' | 'feed-repeat' | 'feed-option'

/** An error of the feed. `code` is stable; the message says what is wrong, the value, and what to do. */
export class FeedError extends Error {
  override readonly name = 'FeedError'

  constructor(
    readonly code: FeedErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}
