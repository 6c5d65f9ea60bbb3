import { DStreamError } from '../../base/errors/base.js'
import { stackOf } from '../../base/errors/error-text.js'
import { RecordError } from '../../base/record-error.js'

/** A failure of a user's function in a batch. */
export interface Failure {
  readonly time: number
  /** The id of the output that failed, when an output did. */
  readonly output: string | undefined
  /** The id of the operator whose function threw, or that could not advance. */
  readonly operator: string | undefined
  /** The error that the user's function threw, as it was thrown. */
  readonly error: unknown
  /** The text for logs and `failureReason`. Names operator, batch time and record where they are known. */
  readonly reason: string
  /** Whether this was the last attempt that the options allow. */
  readonly final: boolean
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** The time until the next attempt, in milliseconds; `undefined` when there is none. */
  readonly pauseMs: number | undefined
}

function textOf(error: unknown): string {
  return error === undefined ? 'undefined' : stackOf(error)
}

/** Returns the user's own error from the error that an evaluation rejected with. */
export function causeOf(error: unknown): unknown {
  return error instanceof RecordError ? error.cause : error
}

/** Returns the id of the operator whose function threw. A stateful one knows only its kind; `self` is its id. */
export function operatorOf(error: unknown, self: string | undefined): string | undefined {
  if (!(error instanceof RecordError)) return undefined
  return self !== undefined && /^[^#/]*$/.test(error.operator) ? self : error.operator
}

/** Codes of the engine's own errors that another attempt would raise again. */
const PERMANENT = new Set([
  'state-not-storable',
  'record-not-storable',
  'output-input-missing',
  'transform-returned-nothing',
  'waits-for-itself',
])

/** Whether another attempt would fail in the same way: a synchronous function that threw on a record would throw again. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof RecordError) return !error.retryable
  return error instanceof DStreamError && PERMANENT.has(error.code)
}

export function reasonOf(error: unknown): string {
  return error instanceof RecordError ? `${error.message}\ncaused by: ${textOf(error.cause)}` : textOf(error)
}
