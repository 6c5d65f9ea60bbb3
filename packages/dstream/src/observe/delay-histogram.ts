/** The distribution of a duration: the number of values up to each bound, in milliseconds, as Prometheus counts them. */
export interface DelayHistogram {
  readonly bounds: readonly number[]
  /** One count more than there are bounds: the last is of the values beyond all of them. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly count: number
}

const BOUNDS_MS: readonly number[] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000]

/** A distribution that grows. */
export class CountedDelays implements DelayHistogram {
  readonly bounds = BOUNDS_MS
  readonly counts = new Array<number>(BOUNDS_MS.length + 1).fill(0)
  sum = 0
  count = 0

  add(value: number): void {
    const at = BOUNDS_MS.findIndex((bound) => value <= bound)
    this.counts[at === -1 ? BOUNDS_MS.length : at]!++
    this.sum += value
    this.count++
  }
}
