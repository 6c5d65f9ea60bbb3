import { DStreamError, RecordError, type Time } from 'dstream'
import { nearest } from '../../base/options.js'
import { describe } from '../../base/text/describe.js'
import type { Table } from './table-options.js'

/**
 * Returns the values of each row in the order of the columns.
 *
 * @throws RecordError for a record whose row does not fit the columns, with `row-not-fitting` as its cause
 */
export function rowsOf<T>(where: string, records: readonly T[], time: Time, table: Table<T>): unknown[][] {
  const names = table.columns.map(({ name }) => name)
  return records.map((record) => {
    try {
      return valuesOf(where, table.row === undefined ? (record as unknown) : table.row(record, time), names)
    } catch (error) {
      throw new RecordError({ operator: where, time: time.milliseconds }, record, error)
    }
  })
}

function valuesOf(where: string, row: unknown, names: readonly string[]): unknown[] {
  if (Array.isArray(row)) {
    if (row.length === names.length) return row as unknown[]
    throw notFitting(where, `the row ${describe(row)} has ${row.length} values`, names)
  }
  if (typeof row !== 'object' || row === null) throw notFitting(where, `the row is ${describe(row)}`, names)
  return names.map((name) => {
    if (name in row) return (row as Record<string, unknown>)[name]
    const near = nearest(name.replaceAll('_', ''), Object.keys(row))
    const hint = near === undefined ? '' : `, and has ${describe(near)}`
    throw notFitting(where, `the row ${describe(row)} has no property ${describe(name)}${hint}`, names)
  })
}

function notFitting(where: string, what: string, names: readonly string[]): DStreamError {
  const form = names.map((name) => `${/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name)}: …`)
  return new DStreamError(
    'row-not-fitting',
    `${where}: ${what}. Give a row for each record, { ${form.join(', ')} } or an array in this order, with null for NULL`,
  )
}
