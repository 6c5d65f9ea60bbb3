import { Time } from 'dstream'
import { json } from '../sql/json.js'
import { quoted, type Table } from '../sql/table-options.js'
import type { SqlColumn } from './schema.js'

/**
 * Returns the statement that writes many rows. Each parameter is an array with the values of one column, so that the text
 * is the same for any number of rows, and a row more is no parameter more: PostgreSQL allows 65,535 of them.
 */
export function insertStatement({ table, key, isUpsert }: Table<never>, columns: readonly SqlColumn[]): string {
  const names = columns.map(({ name }) => quoted(name)).join(', ')
  const arrays = columns.map(({ type, hasArrays }, i) => `$${i + 1}::${hasArrays ? type : 'text'}[]`).join(', ')
  const places = columns.map((_, i) => `c${i}`)
  const values = columns.map(({ type, hasArrays }, i) => (hasArrays ? `c${i}` : `c${i}::${type}`))
  if (!isUpsert) {
    return `INSERT INTO ${table} (${names}) SELECT ${values.join(', ')} FROM unnest(${arrays}) AS r(${places.join(', ')})`
  }
  // One statement must not change a row twice: of the rows of one key, by its own equality, the last one is taken.
  const keys = key.map((name) => values[columns.findIndex((column) => column.name === name)]!).join(', ')
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoted(name))
  const action =
    changed.length === 0 ? 'NOTHING' : `UPDATE SET ${changed.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`
  return (
    `INSERT INTO ${table} (${names}) SELECT DISTINCT ON (${keys}) ${values.join(', ')} ` +
    `FROM unnest(${arrays}) WITH ORDINALITY AS r(${[...places, 'n'].join(', ')}) ORDER BY ${keys}, n DESC ` +
    `ON CONFLICT (${key.map(quoted).join(', ')}) DO ${action}`
  )
}

/** Returns the values of a column as the text of an array. @throws TypeError for a value that no column can hold */
export function columnText(values: Iterable<unknown>, column: SqlColumn): string {
  const parts: string[] = []
  for (const value of values) {
    if (value === null || value === undefined) parts.push('NULL')
    else if (typeof value === 'number' && !column.isJson) parts.push(String(value))
    else
      parts.push(inQuotes(column.isArray && Array.isArray(value) ? arrayText(value, column) : valueText(value, column)))
  }
  return `{${parts.join(',')}}`
}

function inQuotes(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`
}

/** Returns the text of one array. Arrays in it are its further dimensions, except where the elements are JSON. */
function arrayText(elements: readonly unknown[], column: SqlColumn): string {
  const parts = elements.map((element) => {
    if (element === null || element === undefined) return 'NULL'
    return Array.isArray(element) && !column.isJson ? arrayText(element, column) : inQuotes(valueText(element, column))
  })
  return `{${parts.join(',')}}`
}

function valueText(value: unknown, column: SqlColumn): string {
  if (column.isJson) return json(value)
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return objectText(value as object, column)
    default:
      throw new TypeError(`The value of the column "${column.name}" is a ${typeof value}, which no column can hold.`)
  }
}

function objectText(value: object, column: SqlColumn): string {
  if (value instanceof Time) {
    return column.isDate ? new Date(value.milliseconds).toISOString() : String(value.milliseconds)
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  return json(value)
}
