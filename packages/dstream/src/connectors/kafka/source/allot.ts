/** The records that a partition has for the next batch, and the most and least that it may give. */
export interface Share {
  readonly lag: number
  readonly max: number
  readonly min: number
}

/**
 * Divides the records that a batch may have among partitions, in proportion to what each has waiting, as Spark does. No
 * partition gives more than its lag and its maximum. One with a minimum gives it even where the sum is then above the limit.
 *
 * Law: without minimums the sum is the limit, or all that may be given where that is less.
 */
export function allot(shares: readonly Share[], limit: number | undefined): number[] {
  const most = shares.map(({ lag, max }) => Math.min(lag, max))
  if (limit === undefined) return most
  const given = most.map(() => 0)
  for (let left = limit; left > 0;) {
    const open = most.flatMap((m, i) => (given[i]! < m ? [i] : []))
    if (open.length === 0) break
    // Whole parts first; the records that are over go one by one to those that have most waiting.
    const total = open.reduce((sum, i) => sum + shares[i]!.lag, 0)
    const parts = open.map((i) => Math.min(most[i]! - given[i]!, Math.floor((left * shares[i]!.lag) / total)))
    const isWhole = parts.some((n) => n > 0)
    if (!isWhole) open.sort((a, b) => shares[b]!.lag - given[b]! - (shares[a]!.lag - given[a]!))
    for (const [k, i] of open.entries()) {
      const n = isWhole ? parts[k]! : Math.min(1, left)
      given[i]! += n
      left -= n
    }
  }
  return given.map((n, i) => Math.max(n, Math.min(shares[i]!.min, most[i]!)))
}
