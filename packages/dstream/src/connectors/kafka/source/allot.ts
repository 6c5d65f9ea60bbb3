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
  let left = limit
  while (left > 0) {
    const wanting = most.map((m, i) => m - given[i]!)
    const total = wanting.reduce((sum, n) => sum + n, 0)
    if (total === 0) break
    const round = Math.min(left, total)
    // Whole parts first; what is over goes one by one to those that have most waiting.
    const parts = wanting.map((n) => Math.floor((round * n) / total))
    let over = round - parts.reduce((sum, n) => sum + n, 0)
    for (const i of byMost(wanting)) {
      if (over === 0) break
      if (parts[i]! < wanting[i]!) {
        parts[i]!++
        over--
      }
    }
    for (const [i, n] of parts.entries()) given[i]! += n
    left -= round - over
  }
  return given.map((n, i) => Math.max(n, Math.min(shares[i]!.min, most[i]!)))
}

function byMost(wanting: readonly number[]): number[] {
  return wanting.map((_, i) => i).sort((a, b) => wanting[b]! - wanting[a]!)
}
