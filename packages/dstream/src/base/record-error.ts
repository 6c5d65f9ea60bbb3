import { describe } from './text/describe.js'
import { Time } from './time/time.js'
import { DStreamError } from './errors/base.js'

const brand = Symbol.for('dstream.record-error')

/** Where a record was when something went wrong: the operator as the user wrote it, and the time of its batch if there is one. */
export interface RecordOrigin {
  readonly operator: string
  readonly time: number | undefined
}

/**
 * A user's function threw on a record. `cause` is the very error it threw; `record` is what the function was given.
 * Outside of a batch `time` is that of the epoch.
 */
export class RecordError extends DStreamError {
  readonly operator: string
  readonly time: Time
  readonly record: unknown
  declare readonly cause: unknown

  constructor(origin: RecordOrigin, record: unknown, cause: unknown) {
    const batch = origin.time === undefined ? '' : ` in the batch of ${origin.time} ms`
    super('record-error', `${origin.operator}${batch} failed on the record ${describe(record)}: ${messageOf(cause)}`, {
      cause,
    })
    this.name = 'RecordError'
    this.operator = origin.operator
    this.time = new Time(origin.time ?? 0)
    this.record = record
    Object.defineProperty(this, brand, { value: true })
  }

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== RecordError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause)
}
