/** The kinds of errors. The codes are stable, so that programs can match on them. */
export type ScraperErrorCode =
  | 'unknown-option'
  | 'bad-option'
  | 'port-in-use'
  | 'cannot-listen'
  | 'address-not-allowed'
  | 'robots-disallow'
  | 'challenge'
  | 'page-unavailable'
  | 'page-stale'
  | 'bookmarks-away'
  | 'bookmarks-broken'
  | 'log-away'
  | 'log-broken'
  | 'log-closed'
  | 'log-in-use'
  | 'data-locked'
  | 'data-not-writable'

/** An error of the scraper. The message says what is wrong, shows the value and says what to do. */
export class ScraperError extends Error {
  override readonly name = 'ScraperError'

  constructor(
    readonly code: ScraperErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
