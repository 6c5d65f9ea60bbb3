import { StreamingContext, type DStream, type Duration } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { aFunction, aString, checkOptions } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { refreshedStream } from '../sql/refreshed-stream.js'
import { checkDatabase, isPassing, type SqliteDatabase } from './database.js'
import { sqliteBusy, sqliteRefused } from './errors.js'

/** The options of `sqliteQuery`. */
export interface SqliteQueryOptions<T> {
  /** The open database, of `node:sqlite`, `better-sqlite3`, `libsql` or `bun:sqlite`. */
  readonly database: SqliteDatabase
  /** The query, whose parameters are `?`. */
  readonly query: string
  /** The values of the parameters. */
  readonly values?: readonly unknown[] | undefined
  /** Returns the record of a row, a pair for a join; default the row itself, an object with a property for each column. */
  readonly row?: ((row: any) => T) | undefined
  /** How old the rows may be before a batch reads them again. By default they are read once. */
  readonly every?: Duration | undefined
}

const WHERE = 'sqliteQuery'

/**
 * Returns a stream that has all rows of a query in every batch: the static side of a join. When the rows cannot be read
 * again, the batch has the former ones, which is logged, and the next batch tries again. A batch that is run again after a
 * crash may see newer rows than it saw before.
 *
 * @throws `bad-option`, `unknown-option` at once; the first batch fails with `sqlite-busy`, `sqlite-refused`
 *
 * @example
 * import Database from 'libsql'
 * import { sqliteQuery } from 'dstream/sqlite'
 * const prices = sqliteQuery(ssc, {
 *   database: new Database('shop.db'),
 *   query: 'SELECT item, price FROM items',
 *   row: ({ item, price }): [string, number] => [item, price],
 *   every: Minutes(5),
 * })
 * pairs.join(prices).print()
 */
export function sqliteQuery<T = Record<string, unknown>>(
  ssc: StreamingContext,
  options: SqliteQueryOptions<T>,
): DStream<T> {
  if (!(ssc instanceof StreamingContext)) throw badOption(WHERE, 'ssc', 'a StreamingContext', ssc)
  checkOptions(WHERE, options, ['database', 'query', 'values', 'row', 'every'])
  const given = (options as SqliteQueryOptions<T> | undefined) ?? ({} as SqliteQueryOptions<T>)
  const { every, row, values = [] } = given
  const database = checkDatabase(WHERE, given.database)
  const query = aString(WHERE, 'query', given.query)
  if (!Array.isArray(values)) throw badOption(WHERE, 'values', 'an array', values)
  if (row !== undefined) aFunction(WHERE, 'row', row)
  const everyMs = every === undefined ? undefined : checkPositiveDuration(`${WHERE}, option every`, every).milliseconds
  const read = (): Promise<readonly T[]> => Promise.resolve().then(() => rowsOf(database, query, values, row))
  return refreshedStream(ssc, { name: 'The query of sqliteQuery', everyMs, read })
}

function rowsOf<T>(
  database: SqliteDatabase,
  query: string,
  values: readonly unknown[],
  row: ((row: any) => T) | undefined,
): readonly T[] {
  let rows: unknown[]
  try {
    rows = database.prepare(query).all(...values)
  } catch (error) {
    throw (isPassing(error) ? sqliteBusy : sqliteRefused)('read the rows of the query', error)
  }
  return row === undefined ? (rows as T[]) : rows.map((found) => row(found))
}
