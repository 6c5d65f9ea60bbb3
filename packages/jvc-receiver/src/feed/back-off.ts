export interface BackOffOptions {
  /** The longest first pause, in milliseconds. */
  readonly baseMs: number
  /** The longest pause at all, in milliseconds. */
  readonly maxMs: number
}

/**
 * Returns the pause before attempt `attempt + 1`, in milliseconds. It doubles from `baseMs` up to `maxMs`, and a random
 * part of up to one half is left out, so that many clients do not reconnect at the same moment.
 *
 * @param attempt the number of attempts that have failed in a row, from 1
 * @param random a number in [0, 1)
 *
 * @example
 * backOffMs(3, { baseMs: 500, maxMs: 30_000 }, 0) // 1000
 */
export function backOffMs(attempt: number, { baseMs, maxMs }: BackOffOptions, random: number): number {
  const longest = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 40))
  return Math.round(longest / 2 + (longest / 2) * random)
}
