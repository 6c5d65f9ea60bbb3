import { notATime, notWholeMilliseconds } from '../errors/time.js'
import { checkPositiveDuration, Duration, durationOf } from './duration.js'

const brand = Symbol.for('dstream.time')

/**
 * A point in time in whole milliseconds since the epoch, as Spark's `Time`. The time of a batch is the
 * end of its interval. Times compare with `<` and `>` too, and are written to JSON as their milliseconds.
 *
 * @example
 * new Time(2500).floor(Seconds(1)).toString() // '2000 ms'
 */
export class Time {
  readonly milliseconds: number

  /** @throws `bad-milliseconds` when not a whole number */
  constructor(milliseconds: number) {
    if (!Number.isSafeInteger(milliseconds)) throw notWholeMilliseconds('a Time', milliseconds)
    this.milliseconds = milliseconds + 0
    Object.freeze(this)
  }

  static {
    // On the prototype, so that it is no part of the value.
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== Time) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isTime(value)
  }

  /** Returns the time `d` later. */
  plus(d: Duration): Time {
    return new Time(this.milliseconds + durationOf('Time.plus', d).milliseconds)
  }
  /** Returns the Time that is a Duration earlier, or the Duration since another Time. */
  minus(d: Duration): Time
  minus(t: Time): Duration
  minus(that: Duration | Time): Time | Duration {
    if (isTime(that)) return new Duration(this.milliseconds - that.milliseconds)
    return new Time(this.milliseconds - durationOf('Time.minus', that).milliseconds)
  }
  /** Returns whether this is earlier. */
  less(t: Time): boolean {
    return this.milliseconds < timeOf('Time.less', t).milliseconds
  }
  /** Returns whether this is not later. */
  lessEq(t: Time): boolean {
    return this.milliseconds <= timeOf('Time.lessEq', t).milliseconds
  }
  /** Returns whether this is later. */
  greater(t: Time): boolean {
    return this.milliseconds > timeOf('Time.greater', t).milliseconds
  }
  /** Returns whether this is not earlier. */
  greaterEq(t: Time): boolean {
    return this.milliseconds >= timeOf('Time.greaterEq', t).milliseconds
  }
  /** Compares by value; false for a value that is no Time. */
  equals(that: unknown): boolean {
    return isTime(that) && this.milliseconds === that.milliseconds
  }
  /**
   * Returns the last time at or before this one that is a whole number of `d` from `zeroTime`. That holds before `zeroTime`
   * too, where Spark rounds towards it. @throws `duration-not-positive`
   */
  floor(d: Duration, zeroTime: Time = epoch): Time {
    const step = checkPositiveDuration('Time.floor', d).milliseconds
    const zero = timeOf('Time.floor', zeroTime).milliseconds
    return new Time(Math.floor((this.milliseconds - zero) / step) * step + zero)
  }
  /** Returns whether this is a multiple of `d`. @throws `duration-not-positive` when `d` is zero or negative (Spark divides by zero) */
  isMultipleOf(d: Duration): boolean {
    return this.milliseconds % checkPositiveDuration('Time.isMultipleOf', d).milliseconds === 0
  }
  /** Returns the earlier of the two. */
  min(t: Time): Time {
    return this.less(t) ? this : timeOf('Time.min', t)
  }
  /** Returns the later of the two. */
  max(t: Time): Time {
    return this.greater(t) ? this : timeOf('Time.max', t)
  }
  /** Returns the times from this one, included, to `that`, excluded, every `interval`. @throws `duration-not-positive` */
  until(that: Time, interval: Duration): Time[] {
    const step = checkPositiveDuration('Time.until', interval).milliseconds
    return this.#every(step, Math.ceil((timeOf('Time.until', that).milliseconds - this.milliseconds) / step))
  }
  /** Returns the times from this one to `that`, both included, every `interval`. @throws `duration-not-positive` */
  to(that: Time, interval: Duration): Time[] {
    const step = checkPositiveDuration('Time.to', interval).milliseconds
    return this.#every(step, Math.floor((timeOf('Time.to', that).milliseconds - this.milliseconds) / step) + 1)
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

  #every(step: number, count: number): Time[] {
    return Array.from({ length: Math.max(0, count) }, (_, i) => new Time(this.milliseconds + i * step))
  }
}

const epoch = new Time(0)

/** Returns whether a value is a Time, of any copy of this library. */
export function isTime(value: unknown): value is Time {
  return typeof value === 'object' && value !== null && brand in value
}

/** Returns the value as a Time, from a Time or whole milliseconds since the epoch. @throws `not-a-time` */
export function timeOf(where: string, value: unknown): Time {
  if (isTime(value)) return value
  if (Number.isSafeInteger(value)) return new Time(value as number)
  throw notATime(where, value)
}
