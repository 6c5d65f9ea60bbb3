import { settled } from '../../base/promises.js'
import { notAPair, notIterable, promiseReturned } from '../../base/errors/rdd.js'
import type { RecordOrigin } from '../../base/record-error.js'

/** Returns the result of a flatMap function as an iterable. @throws `not-iterable`, for strings too; `promise-returned` */
export function iterableOf(origin: RecordOrigin, value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>
  if (typeof value === 'function' && Symbol.iterator in value) return value as unknown as Iterable<unknown>
  const isAsync = typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  if (isAsync) throw promiseReturned(origin.operator, 'an async iterable')
  throw notIterable(origin.operator, settled(origin.operator, value))
}

/** Returns the record as a pair. @throws `not-a-pair` unless it is an array of two */
export function pairOf(origin: RecordOrigin, record: unknown): readonly [unknown, unknown] {
  if (Array.isArray(record) && record.length === 2) return record as unknown as readonly [unknown, unknown]
  throw notAPair(origin.operator, record)
}

/** Wraps an array that belongs to the engine or to the caller of `parallelize`, so that it cannot be changed. */
export function readOnly(records: readonly unknown[]): Iterable<unknown> {
  return { [Symbol.iterator]: () => records[Symbol.iterator]() }
}
