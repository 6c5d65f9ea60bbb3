/** The number of attempts, and the pauses between them in milliseconds. */
export interface RetryPolicy {
  /** The number of attempts for one page, the first included. */
  readonly attempts: number
  /** The pause after the first failed attempt; it doubles with each further one. */
  readonly retryMs: number
  readonly maxRetryMs: number
  /** The pause after a first challenge; it doubles with each further one in a row. */
  readonly challengeMs: number
  readonly maxChallengeMs: number
  /** The longest Retry-After that is honoured. */
  readonly maxRetryAfterMs: number
}

/** The policy for the real site. */
export const POLITE_RETRY_POLICY: RetryPolicy = {
  attempts: 5,
  retryMs: 1000,
  maxRetryMs: 60_000,
  challengeMs: 60_000,
  maxChallengeMs: 3_600_000,
  maxRetryAfterMs: 600_000,
}
