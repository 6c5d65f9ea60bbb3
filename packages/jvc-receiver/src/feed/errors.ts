/** The kinds of errors of a feed. The codes are stable, so that programs can match on them. */
export type FeedErrorCode =
  'post-not-json' | 'post-field' | 'line-too-long' | 'feed-gap' | 'feed-repeat' | 'feed-option'

/** An error of the feed. The message says what is wrong, shows the value and says what to do. */
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
