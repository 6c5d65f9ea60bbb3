import { rowNotFitting } from './errors.js'

/**
 * Returns the values of a record in the order of the columns. A property that is absent is `undefined`.
 *
 * @throws `row-not-fitting` for a record that is neither an object nor an array of that length, or has a property that is no
 * column: it would be lost without a word
 */
export function rowValues(record: unknown, columns: readonly string[]): readonly unknown[] {
  if (Array.isArray(record)) {
    if (record.length === columns.length) return record
    throw rowNotFitting(record, `has ${record.length} values`, columns)
  }
  if (typeof record !== 'object' || record === null) throw rowNotFitting(record, 'is no row', columns)
  const further = Object.keys(record).find((name) => !columns.includes(name))
  if (further !== undefined) throw rowNotFitting(record, `has ${JSON.stringify(further)}, which is no column`, columns)
  return columns.map((name) => (Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined))
}
