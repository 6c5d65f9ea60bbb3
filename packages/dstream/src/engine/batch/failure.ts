import { RecordError } from '../../base/record-error.js'

/** One thing that went wrong in a batch. */
export interface Failure {
  readonly time: number
  /** The output whose turn it was, when it was an output's. */
  readonly output: string | undefined
  /** The operator whose function threw, or that could not advance. */
  readonly operator: string | undefined
  /** The very error that the user's function threw. */
  readonly error: unknown
  /** The text for logs and `failureReason`: names operator, batch time and record where they are known. */
  readonly reason: string
  /** Whether it was the last attempt that the options allow. */
  readonly final: boolean
  /** How often it has been tried. */
  readonly attempt: number
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The user's own error inside what an evaluation rejected with. */
export function causeOf(error: unknown): unknown {
  return error instanceof RecordError ? error.cause : error
}

/** The id of the operator whose function threw; a stateful one knows only its kind, and `self` is its id. */
export function operatorOf(error: unknown, self: string | undefined): string | undefined {
  if (!(error instanceof RecordError)) return undefined
  return self !== undefined && /^[^#/]*$/.test(error.operator) ? self : error.operator
}

export function reasonOf(error: unknown): string {
  return error instanceof RecordError ? `${error.message}\ncaused by: ${textOf(error.cause)}` : textOf(error)
}
