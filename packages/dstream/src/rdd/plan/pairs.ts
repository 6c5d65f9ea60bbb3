import { notAPair } from '../../base/errors/rdd.js'
import type { RecordOrigin } from '../../base/record-error.js'

/** Returns the record as a pair. @throws `not-a-pair` unless it is an array of two */
export function pairOf(origin: RecordOrigin, record: unknown): readonly [unknown, unknown] {
  if (Array.isArray(record) && record.length === 2) return record as unknown as readonly [unknown, unknown]
  throw notAPair(origin.operator, record)
}
