import { setImmediate } from 'node:timers/promises'
import type { PostgresClient } from './connection.js'
import type { SqlColumn } from './schema.js'
import { columnText } from './statement.js'

/** The most rows of one statement. More gain nothing, and cost memory on both sides. */
const MOST_ROWS = 5000

/** The rows of one statement, as the text of an array for each column. */
export type EncodedRows = readonly string[]

/**
 * Encodes rows, with a turn of the event loop between two statements.
 * @param refused makes the error for a value that no column can hold, from the index of its row
 */
export async function encodeRows(
  rows: readonly (readonly unknown[])[],
  columns: readonly SqlColumn[],
  refused: (index: number, cause: unknown) => Error,
): Promise<readonly EncodedRows[]> {
  const encoded: EncodedRows[] = []
  for (let from = 0; from < rows.length; from += MOST_ROWS) {
    if (from > 0) await setImmediate()
    encoded.push(encode(rows.slice(from, from + MOST_ROWS), columns, (index, cause) => refused(from + index, cause)))
  }
  return encoded
}

function encode(
  rows: readonly (readonly unknown[])[],
  columns: readonly SqlColumn[],
  refused: (index: number, cause: unknown) => Error,
): EncodedRows {
  return columns.map((column, i) => {
    let index = 0
    const values = function* (): Iterable<unknown> {
      for (; index < rows.length; index++) yield rows[index]![i]
    }
    try {
      return columnText(values(), column)
    } catch (error) {
      throw refused(index, error)
    }
  })
}

/** Whether PostgreSQL refuses a value (class 22), a row (class 23), or a trigger does. */
export function isAboutARow(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^(22|23)|^P0001$/.test(code)
}

/**
 * Returns the index of the first row that PostgreSQL does not take, by halving, in a transaction that leaves nothing behind;
 * `undefined` when it takes all of them, as it does when a constraint is only checked at the commit.
 */
export async function firstRefused(
  client: PostgresClient,
  statement: string,
  rows: readonly (readonly unknown[])[],
  columns: readonly SqlColumn[],
): Promise<number | undefined> {
  const takes = async (from: number, until: number): Promise<boolean> => {
    await client.query('SAVEPOINT part')
    try {
      await client.query(statement, [...encode(rows.slice(from, until), columns, (_, cause) => cause as Error)])
      return true
    } catch (error) {
      if (!isAboutARow(error)) throw error
      await client.query('ROLLBACK TO SAVEPOINT part')
      return false
    }
  }
  await client.query('BEGIN')
  let from = 0
  while (from < rows.length && (await takes(from, Math.min(from + MOST_ROWS, rows.length)))) from += MOST_ROWS
  if (from >= rows.length) {
    await client.query('ROLLBACK')
    return undefined
  }
  let until = Math.min(from + MOST_ROWS, rows.length)
  // The rows before `from` are taken; those up to `until` are not.
  while (until - from > 1) {
    const middle = (from + until) >> 1
    if (await takes(from, middle)) from = middle
    else until = middle
  }
  await client.query('ROLLBACK')
  return from
}
