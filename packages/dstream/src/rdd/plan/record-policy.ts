import { RecordError, type RecordOrigin } from '../../base/record-error.js'

/**
 * Decides whether a record on which a function threw fails the evaluation or is left out. Absent: every error fails.
 *
 * @param place where the record was, the same when the same records are evaluated again
 */
export type RecordErrorPolicy = ((error: RecordError, place?: string) => 'fail' | 'skip') | undefined

/** Throws the error that ends the evaluation, or returns when the policy leaves the record out. */
export function failOnRecord(
  origin: RecordOrigin,
  record: unknown,
  cause: unknown,
  policy: RecordErrorPolicy,
  { retryable = false, place }: { readonly retryable?: boolean; readonly place?: string } = {},
): void {
  const error = cause instanceof RecordError ? cause : new RecordError(origin, record, cause, retryable)
  if (cause instanceof RecordError || policy === undefined || policy(error, place) !== 'skip') throw error
}
