import { decisionIsPromise } from '../../base/errors/rdd.js'
import { ignoreRejection, isThenable, refusedPromise } from '../../base/promises.js'
import { RecordError, type RecordOrigin } from '../../base/record-error.js'

/**
 * Decides whether a record on which a function threw fails the evaluation or is left out. Absent: every error fails.
 *
 * @param place where the record was, the same when the same records are evaluated again
 */
export type RecordErrorHandler = ((error: RecordError, place?: string) => 'fail' | 'skip') | undefined

/** Throws the error that ends the evaluation, or returns when the policy leaves the record out. */
export function failOnRecord(
  origin: RecordOrigin,
  record: unknown,
  cause: unknown,
  policy: RecordErrorHandler,
  { retryable = false, place }: { readonly retryable?: boolean; readonly place?: string } = {},
): void {
  const error = cause instanceof RecordError ? cause : new RecordError(origin, record, cause, retryable)
  if (cause instanceof RecordError || policy === undefined) throw error
  const decision: unknown = policy(error, place)
  if (isThenable(decision)) {
    ignoreRejection(decision)
    throw decisionIsPromise(error)
  }
  if (decision !== 'skip') throw error
}

/**
 * Fails, or leaves out, an item that holds a promise, of all that a flatMap function returned for a record. When it fails,
 * the promises behind the item are dropped as well.
 */
export function refuseItem(
  origin: RecordOrigin,
  record: unknown,
  [item, items]: readonly [item: unknown, items: unknown],
  policy: RecordErrorHandler,
): void {
  try {
    failOnRecord(origin, record, refusedPromise(origin.operator, item), policy)
  } catch (error) {
    ignoreRejection(items)
    throw error
  }
}
