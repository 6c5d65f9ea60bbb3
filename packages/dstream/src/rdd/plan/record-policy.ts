import { notAPair, notIterable } from '../../base/errors/rdd.js'
import { RecordError, type RecordOrigin } from '../../base/record-error.js'

export type Policy = ((error: RecordError) => 'fail' | 'skip') | undefined

/** A function threw on a record: throws what the evaluation fails with, or returns when the record is to be left out. */
export function failOnRecord(place: RecordOrigin, record: unknown, cause: unknown, policy: Policy): void {
  const error = cause instanceof RecordError ? cause : new RecordError(place, record, cause)
  if (cause instanceof RecordError || policy === undefined || policy(error) !== 'skip') throw error
}

export function isPair(record: unknown): record is readonly [unknown, unknown] {
  return Array.isArray(record) && record.length === 2
}

/** @throws `not-a-pair` */
export function pairOf(place: RecordOrigin, record: unknown): readonly [unknown, unknown] {
  if (isPair(record)) return record
  throw notAPair(place.operator, record)
}

/** What a flatMap function returned, as something to iterate. @throws `not-iterable`, for strings too */
export function iterableOf(place: RecordOrigin, value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>
  if (typeof value === 'function' && Symbol.iterator in value) return value as unknown as Iterable<unknown>
  throw notIterable(place.operator, value)
}
