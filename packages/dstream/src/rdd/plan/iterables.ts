import { settled } from '../../base/promises.js'
import { notIterable, promiseReturned } from '../../base/errors/rdd.js'
import type { RecordOrigin } from '../../base/record-error.js'

/** Returns the result of a flatMap function as an iterable. @throws `not-iterable`, for strings too; `promise-returned` */
export function iterableOf(origin: RecordOrigin, value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>
  if (typeof value === 'function' && Symbol.iterator in value) return value as unknown as Iterable<unknown>
  const isAsync = typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  if (isAsync) throw promiseReturned(origin.operator, 'an async iterable')
  throw notIterable(origin.operator, settled(origin.operator, value))
}

/** Wraps an array that belongs to the engine or to the caller of `parallelize`, so that it cannot be changed. */
export function readOnly(records: readonly unknown[]): Iterable<unknown> {
  return { [Symbol.iterator]: () => records[Symbol.iterator]() }
}
