import { thrownText } from './errors/error-text.js'
import { describe } from './text/describe.js'
import { Time } from './time/time.js'
import { DStreamError } from './errors/base.js'

const brand = Symbol.for('dstream.record-error')

/** The operator that processed a record, as the user wrote it, and the time of its batch in milliseconds, if any. */
export interface RecordOrigin {
  readonly operator: string
  readonly time: number | undefined
}

/**
 * Raised when a user's function throws on a record. `cause` is the error that it threw, `record` the record that it was
 * called with. Outside of a batch `time` is the epoch.
 */
export class RecordError extends DStreamError {
  readonly operator: string
  readonly time: Time
  readonly record: unknown
  declare readonly cause: unknown
  /** Whether the same call may succeed later: the function was asynchronous, so the error may come from outside. */
  readonly retryable: boolean

  constructor(origin: RecordOrigin, record: unknown, cause: unknown, retryable = false) {
    const batch = origin.time === undefined ? '' : ` in the batch of ${origin.time} ms`
    super('record-error', `${origin.operator}${batch} failed on the record ${describe(record)}: ${thrownText(cause)}`, {
      cause,
    })
    this.name = 'RecordError'
    this.operator = origin.operator
    this.time = new Time(origin.time ?? 0)
    this.record = record
    this.retryable = retryable
    Object.defineProperty(this, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== RecordError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}
