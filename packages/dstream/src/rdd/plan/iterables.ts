import { notIterable } from '../../base/errors/rdd.js'
import type { RecordOrigin } from '../../base/record-error.js'

/** Returns the result of a flatMap function as an iterable. @throws `not-iterable`, for strings too */
export function iterableOf(origin: RecordOrigin, value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>
  if (typeof value === 'function' && Symbol.iterator in value) return value as unknown as Iterable<unknown>
  throw notIterable(origin.operator, value)
}
