/** Pauses that double from failure to failure, in milliseconds. */
export interface Backoff {
  /** The pause after the first failure. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

/**
 * Returns the pause before the next attempt, in milliseconds, shortened at random by up to a half.
 *
 * @param failures the number of failures in a row, at least 1
 * @param random a number in [0, 1)
 */
export function pauseMs({ backoffMs, maxBackoffMs }: Backoff, failures: number, random: number): number {
  const longest = Math.min(maxBackoffMs, backoffMs * 2 ** (failures - 1))
  return Math.ceil(longest * (1 - random / 2))
}
