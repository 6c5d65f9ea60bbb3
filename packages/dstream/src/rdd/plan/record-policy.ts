import { RecordError, type RecordOrigin } from '../../base/record-error.js'

/** Decides whether a record on which a function threw fails the evaluation or is left out. Absent: every error fails. */
export type RecordErrorHandler = ((error: RecordError) => 'fail' | 'skip') | undefined

/** Throws the error that ends the evaluation, or returns when the policy leaves the record out. */
export function failOnRecord(
  origin: RecordOrigin,
  record: unknown,
  cause: unknown,
  policy: RecordErrorHandler,
  retryable = false,
): void {
  const error = cause instanceof RecordError ? cause : new RecordError(origin, record, cause, retryable)
  if (cause instanceof RecordError || policy === undefined || policy(error) !== 'skip') throw error
}
