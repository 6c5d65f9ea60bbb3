import { durationNotPositive, notADuration, notWholeMilliseconds, notANumberOfTimes } from '../errors/time.js'

const brand = Symbol.for('dstream.duration')

/**
 * A length of time in whole milliseconds, as Spark's `Duration`. {@link Milliseconds}, {@link Seconds} and {@link Minutes}
 * make one. Computed durations may be zero or negative; an option that needs a positive one refuses them. Durations
 * compare with `<` and `>` too, and are written to JSON as their milliseconds.
 *
 * @example
 * Seconds(30).plus(Milliseconds(500)).toString() // '30500 ms'
 */
export class Duration {
  readonly milliseconds: number

  /** @throws `bad-milliseconds` when not a whole number */
  constructor(milliseconds: number) {
    if (!Number.isSafeInteger(milliseconds)) throw notWholeMilliseconds('a Duration', milliseconds)
    this.milliseconds = milliseconds + 0
    Object.freeze(this)
  }

  static {
    // On the prototype, so that it is no part of the value.
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== Duration) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isDuration(value)
  }

  /** Returns the sum of the two. */
  plus(that: Duration): Duration {
    return new Duration(this.milliseconds + durationOf('Duration.plus', that).milliseconds)
  }
  /** Returns the difference, which may be negative. */
  minus(that: Duration): Duration {
    return new Duration(this.milliseconds - durationOf('Duration.minus', that).milliseconds)
  }
  /** Returns `n` times this. `n` may be a fraction if the result is a whole number of milliseconds. @throws `bad-milliseconds` */
  times(n: number): Duration {
    if (typeof n !== 'number') throw notANumberOfTimes(n)
    return new Duration(whole(this.milliseconds * n))
  }
  /** Returns the ratio of this to `that`, as a fraction. */
  div(that: Duration): number {
    return this.milliseconds / durationOf('Duration.div', that).milliseconds
  }
  /** Returns whether this is shorter. */
  less(that: Duration): boolean {
    return this.milliseconds < durationOf('Duration.less', that).milliseconds
  }
  /** Returns whether this is not longer. */
  lessEq(that: Duration): boolean {
    return this.milliseconds <= durationOf('Duration.lessEq', that).milliseconds
  }
  /** Returns whether this is longer. */
  greater(that: Duration): boolean {
    return this.milliseconds > durationOf('Duration.greater', that).milliseconds
  }
  /** Returns whether this is not shorter. */
  greaterEq(that: Duration): boolean {
    return this.milliseconds >= durationOf('Duration.greaterEq', that).milliseconds
  }
  /** Compares by value; false for a value that is no Duration. */
  equals(that: unknown): boolean {
    return isDuration(that) && this.milliseconds === that.milliseconds
  }
  /** Returns whether this is a multiple of `that`. @throws `duration-not-positive` when `that` is zero or negative (Spark divides by zero) */
  isMultipleOf(that: Duration): boolean {
    return this.milliseconds % checkPositiveDuration('Duration.isMultipleOf', that).milliseconds === 0
  }
  /** Returns whether this is 0 ms. */
  isZero(): boolean {
    return this.milliseconds === 0
  }
  /** Returns the shorter of the two. */
  min(that: Duration): Duration {
    return this.less(that) ? this : that
  }
  /** Returns the longer of the two. */
  max(that: Duration): Duration {
    return this.greater(that) ? this : that
  }
  /** Returns the number of milliseconds without a unit, as in Spark. */
  toFormattedString(): string {
    return String(this.milliseconds)
  }
  /** Returns a readable form: `500 ms`, `2.5 s`, `1.5 m`, `2.25 h`, as Spark's pages show it. */
  prettyPrint(): string {
    const ms = this.milliseconds
    if (ms < 1000) return `${ms} ms`
    // Rounds as Spark does, which divides in single precision: 1450 ms are 1.5 s.
    if (ms < 60_000) return `${Math.fround(ms / 1000).toFixed(1)} s`
    if (ms < 3_600_000) return `${Math.fround(ms / 60_000).toFixed(1)} m`
    return `${Math.fround(ms / 3_600_000).toFixed(2)} h`
  }
  toString(): string {
    return `${this.milliseconds} ms`
  }
  valueOf(): number {
    return this.milliseconds
  }
  toJSON(): number {
    return this.milliseconds
  }
}

/** Returns a Duration of `n` milliseconds. @throws `bad-milliseconds` when `n` is not a whole number */
export function Milliseconds(n: number): Duration {
  return new Duration(n)
}

/** Returns a Duration of `n` seconds, which may be a fraction: `Seconds(0.5)` is 500 ms. @throws `bad-milliseconds` when that is no whole number of ms */
export function Seconds(n: number): Duration {
  return new Duration(whole(n * 1000))
}

/** Returns a Duration of `n` minutes, which may be a fraction: `Minutes(0.5)` is 30 s. @throws `bad-milliseconds` when that is no whole number of ms */
export function Minutes(n: number): Duration {
  return new Duration(whole(n * 60_000))
}

/** Returns whether a value is a Duration, of any copy of this library. */
export function isDuration(value: unknown): value is Duration {
  return typeof value === 'object' && value !== null && brand in value
}

/** Returns the value if it is a Duration. @throws `not-a-duration`, which suggests `Seconds(30)` for the number 30 */
export function durationOf(where: string, value: unknown): Duration {
  if (isDuration(value)) return value
  throw notADuration(where, value)
}

/** Returns the value if it is a Duration above zero. @throws `not-a-duration`, `duration-not-positive` */
export function checkPositiveDuration(where: string, value: unknown): Duration {
  const duration = durationOf(where, value)
  if (duration.milliseconds <= 0) throw durationNotPositive(where, duration.milliseconds)
  return duration
}

/** Rounds away floating-point noise (1.001 * 1000 is 1000.9999999999999), and leaves real fractions. */
function whole(ms: number): number {
  const rounded = Math.round(ms)
  return Math.abs(ms - rounded) <= Math.abs(ms) * 1e-12 ? rounded : ms
}
