import type { Clock } from '../../base/ports.js'

export interface RateOptions {
  /** Records per second at most, above zero; no limit unless given. */
  readonly maxRate?: number | undefined
  /** The rate to begin with, at most `maxRate`. Only backpressure has one (in Spark it counted without it too). */
  readonly initialRate?: number | undefined
}

/** How far ahead of its rate a sender may run before it is asked to wait: short waits cost timers, long ones memory. */
const SLACK_MS = 100

/**
 * Records per second. Taking never waits: what is taken faster than the rate is *ahead*, and the block builder keeps as
 * many records back as are ahead, so that no second of batches holds more than the rate (Spark's limiter lets a burst of
 * one second through). Reference: `RateLimiter`.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #maxRate: number
  #rate: number
  /** When the last record taken falls due. */
  #dueMs = -Infinity

  constructor(clock: Clock, options: RateOptions = {}) {
    this.#clock = clock
    this.#maxRate = options.maxRate ?? Infinity
    this.#rate = Math.min(this.#maxRate, options.initialRate ?? Infinity)
  }

  /** Records per second; Infinity where nothing limits. */
  get rate(): number {
    return this.#rate
  }

  get limited(): boolean {
    return this.#rate !== Infinity
  }

  /** A new rate, at most `maxRate`; one that is not above zero is ignored. */
  update(rate: number): void {
    if (!(rate > 0)) return
    const ahead = this.ahead()
    this.#rate = Math.min(rate, this.#maxRate)
    this.#dueMs = this.limited ? this.#clock.now() + (ahead * 1000) / this.#rate : -Infinity
  }

  take(records: number): void {
    if (!this.limited) return
    this.#dueMs = Math.max(this.#clock.now(), this.#dueMs) + (records * 1000) / this.#rate
  }

  /** How many of the records taken are not yet due. */
  ahead(): number {
    if (!this.limited) return 0
    const ahead = ((this.#dueMs - this.#clock.now()) * this.#rate) / 1000
    // The due time is a sum of many quotients: a millionth of a record is noise.
    return Math.max(0, Math.ceil(ahead - 1e-6))
  }

  /** Milliseconds until a sender may go on; 0 when it may at once. */
  waitMs(): number {
    if (!this.limited) return 0
    const slack = Math.max(SLACK_MS, 1000 / this.#rate)
    return Math.max(0, Math.ceil(this.#dueMs - this.#clock.now() - slack - 1e-6))
  }
}

/** The lower of two limits, either of which may be none. */
export function lowerLimit(a: number | undefined, b: number | undefined): number | undefined {
  const limit = Math.min(a ?? Infinity, b ?? Infinity)
  return limit === Infinity ? undefined : limit
}
