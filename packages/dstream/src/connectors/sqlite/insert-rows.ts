import { quoted, type Table } from '../sql/table-options.js'
import type { SqliteDatabase } from './database.js'

/** The most rows of one statement, and the most values: older versions of SQLite take 999. */
const MOST_ROWS = 50
const MOST_VALUES = 900

/** Returns the statement that writes a number of rows. */
function insertStatement({ table, columns, key, isUpsert }: Table<never>, rows: number): string {
  const row = `(${columns.map(() => '?').join(', ')})`
  const values = columns.length * rows === 1 ? 'SELECT ? WHERE ?' : `VALUES ${Array<string>(rows).fill(row).join(', ')}`
  const insert = `INSERT INTO ${table} (${columns.map(({ name }) => quoted(name)).join(', ')}) ${values}`
  if (!isUpsert) return insert
  const changed = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoted(name))
  const action =
    changed.length === 0 ? 'NOTHING' : `UPDATE SET ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}`
  return `${insert} ON CONFLICT (${key.map(quoted).join(', ')}) DO ${action}`
}

/** Returns the function that writes one row. */
function insertRow(database: SqliteDatabase, table: Table<never>): (row: readonly unknown[]) => void {
  const statement = database.prepare(insertStatement(table, 1))
  // libsql takes a single value that is null or a blob for an object of named values, so that no value is single.
  if (table.columns.length === 1) return ([value]) => void statement.run(value, 1)
  return (row) => void statement.run(...row)
}

/** Writes rows: 50 in a statement are two and a half times as fast as one, since each call of the library costs as much. */
export function insertRows(database: SqliteDatabase, table: Table<never>, rows: readonly (readonly unknown[])[]): void {
  const atOnce = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / table.columns.length)))
  const whole = rows.length - (rows.length % atOnce)
  if (whole > 0) {
    const statement = database.prepare(insertStatement(table, atOnce))
    for (let from = 0; from < whole; from += atOnce) statement.run(...rows.slice(from, from + atOnce).flat())
  }
  if (whole === rows.length) return
  const insert = insertRow(database, table)
  for (const row of rows.slice(whole)) insert(row)
}

/** Returns the index of the first row that SQLite does not take, in a transaction that leaves nothing behind. */
export function firstRefused(
  database: SqliteDatabase,
  table: Table<never>,
  rows: readonly (readonly unknown[])[],
): number | undefined {
  database.exec('BEGIN IMMEDIATE')
  let index = 0
  try {
    const insert = insertRow(database, table)
    for (; index < rows.length; index++) insert(rows[index]!)
    return undefined
  } catch {
    return index
  } finally {
    database.exec('ROLLBACK')
  }
}
