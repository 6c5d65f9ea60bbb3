import { notATime, notWholeMilliseconds } from '../errors/time.js'
import { checkPositiveDuration, Duration, durationOf } from './duration.js'

const brand = Symbol.for('dstream.time')

/**
 * A point in time in whole milliseconds since the epoch, as Spark's `Time`. A batch is named by the time at which its
 * interval ends. Compares with `<` and `>` too, and is written to JSON as its milliseconds.
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

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== Time) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isTime(value)
  }

  /** The point so much later. */
  plus(d: Duration): Time {
    return new Time(this.milliseconds + durationOf('Time.plus', d).milliseconds)
  }
  /** Minus a Duration a Time, minus a Time the Duration between the two. */
  minus(d: Duration): Time
  minus(t: Time): Duration
  minus(that: Duration | Time): Time | Duration {
    if (isTime(that)) return new Duration(this.milliseconds - that.milliseconds)
    return new Time(this.milliseconds - durationOf('Time.minus', that).milliseconds)
  }
  /** Whether this is the earlier one. */
  less(t: Time): boolean {
    return this.milliseconds < timeOf('Time.less', t).milliseconds
  }
  /** Whether this is not later. */
  lessEq(t: Time): boolean {
    return this.milliseconds <= timeOf('Time.lessEq', t).milliseconds
  }
  /** Whether this is the later one. */
  greater(t: Time): boolean {
    return this.milliseconds > timeOf('Time.greater', t).milliseconds
  }
  /** Whether this is not earlier. */
  greaterEq(t: Time): boolean {
    return this.milliseconds >= timeOf('Time.greaterEq', t).milliseconds
  }
  /** By value; false for anything that is no Time. */
  equals(that: unknown): boolean {
    return isTime(that) && this.milliseconds === that.milliseconds
  }
  /**
   * The last time at or before this one that lies a whole number of `d` from `zeroTime`. Before `zeroTime` too, where
   * Spark rounds towards it. @throws `duration-not-positive`
   */
  floor(d: Duration, zeroTime: Time = epoch): Time {
    const step = checkPositiveDuration('Time.floor', d).milliseconds
    const zero = timeOf('Time.floor', zeroTime).milliseconds
    return new Time(Math.floor((this.milliseconds - zero) / step) * step + zero)
  }
  /** @throws `duration-not-positive` when `d` is zero or negative (Spark divides by zero) */
  isMultipleOf(d: Duration): boolean {
    return this.milliseconds % checkPositiveDuration('Time.isMultipleOf', d).milliseconds === 0
  }
  /** The earlier of the two. */
  min(t: Time): Time {
    return this.less(t) ? this : timeOf('Time.min', t)
  }
  /** The later of the two. */
  max(t: Time): Time {
    return this.greater(t) ? this : timeOf('Time.max', t)
  }
  /** Every `interval` from this one, which is included, up to `that`, which is not. @throws `duration-not-positive` */
  until(that: Time, interval: Duration): Time[] {
    const step = checkPositiveDuration('Time.until', interval).milliseconds
    return this.#every(step, Math.ceil((timeOf('Time.until', that).milliseconds - this.milliseconds) / step))
  }
  /** Every `interval` from this one up to `that`, both included. @throws `duration-not-positive` */
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

/** True for a Time of any copy of this library. */
export function isTime(value: unknown): value is Time {
  return typeof value === 'object' && value !== null && brand in value
}

/** The value as a Time; whole epoch milliseconds are taken too. @throws `not-a-time` */
export function timeOf(where: string, value: unknown): Time {
  if (isTime(value)) return value
  if (Number.isSafeInteger(value)) return new Time(value as number)
  throw notATime(where, value)
}
