/** What can go wrong; stable, for programs to match on. */
export type ScraperErrorCode =
  | 'unknown-option'
  | 'bad-option'
  | 'port-in-use'
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
  | 'data-locked'

/** An error of the scraper. `code` is stable; the message says what is wrong, the value, and what to do. */
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

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
