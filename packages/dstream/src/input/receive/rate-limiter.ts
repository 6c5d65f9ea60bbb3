import type { Clock } from '../../base/ports.js'

export interface RateOptions {
  /** The highest rate in records per second, above 0; no limit by default. */
  readonly maxRate?: number | undefined
  /** The rate at the start, at most `maxRate`. Only set with backpressure (Spark applies it without backpressure too). */
  readonly initialRate?: number | undefined
}

/** A sender may run this far ahead of its rate before it is asked to wait: short waits cost timers, long ones memory. */
const SLACK_MS = 100

/**
 * Limits records per second. `acquire` never waits: records acquired faster than the rate are *ahead*, and the block
 * builder keeps as many records back as are ahead, so that no second of batches holds more than the rate (Spark's limiter
 * lets a burst of one second through). Reference: `RateLimiter`.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #maxRate: number
  #rate: number
  /** The time at which the last acquired record is due. */
  #dueMs = -Infinity

  constructor(clock: Clock, options: RateOptions = {}) {
    this.#clock = clock
    this.#maxRate = options.maxRate ?? Infinity
    this.#rate = Math.min(this.#maxRate, options.initialRate ?? Infinity)
  }

  /** Records per second; Infinity for no limit. */
  get rate(): number {
    return this.#rate
  }

  get limited(): boolean {
    return this.#rate !== Infinity
  }

  /** Sets a new rate, capped at `maxRate`. A rate that is not above 0 is ignored. */
  update(rate: number): void {
    if (!(rate > 0)) return
    const ahead = this.ahead()
    this.#rate = Math.min(rate, this.#maxRate)
    this.#dueMs = this.limited ? this.#clock.now() + (ahead * 1000) / this.#rate : -Infinity
  }

  acquire(records: number): void {
    if (!this.limited) return
    this.#dueMs = Math.max(this.#clock.now(), this.#dueMs) + (records * 1000) / this.#rate
  }

  /** Returns the number of acquired records that are not due yet. */
  ahead(): number {
    if (!this.limited) return 0
    const ahead = ((this.#dueMs - this.#clock.now()) * this.#rate) / 1000
    // The due time is a sum of many quotients: a millionth of a record is rounding noise.
    return Math.max(0, Math.ceil(ahead - 1e-6))
  }

  /** Resolves when no record is ahead, at `untilMs` at the latest; looks again after each `stepMs`, since the rate may change. */
  async caughtUp(untilMs: number, stepMs: number): Promise<void> {
    while (this.ahead() > 0 && this.#clock.now() < untilMs) {
      const nextMs = Math.min(untilMs, this.#clock.now() + stepMs)
      await new Promise<void>((resolve) => this.#clock.setTimer(nextMs, resolve))
    }
  }

  /** Returns the milliseconds until a sender may go on; 0 when it may at once. */
  waitMs(): number {
    if (!this.limited) return 0
    const slack = Math.max(SLACK_MS, 1000 / this.#rate)
    return Math.max(0, Math.ceil(this.#dueMs - this.#clock.now() - slack - 1e-6))
  }
}

/** Returns the lower of two limits; `undefined` stands for no limit. */
export function lowerLimit(a: number | undefined, b: number | undefined): number | undefined {
  const limit = Math.min(a ?? Infinity, b ?? Infinity)
  return limit === Infinity ? undefined : limit
}
