import { Seconds, StreamingContext, type DStream, type Duration } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { aFunction, aString, checkOptions } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { refreshedStream } from '../sql/refreshed-stream.js'
import { connectionsOf, type PostgresOptions } from './connection.js'
import { PostgresLink } from './link.js'

/** The options of `postgresQuery`. */
export interface PostgresQueryOptions<T> extends PostgresOptions {
  /** The query, whose parameters are `$1`, `$2` and so on. */
  readonly query: string
  /** The values of the parameters. */
  readonly values?: readonly unknown[] | undefined
  /** Returns the record of a row, a pair for a join; default the row itself, an object with a property for each column. */
  readonly row?: ((row: any) => T) | undefined
  /** How old the rows may be before a batch waits for them to be read again. By default they are read once. */
  readonly every?: Duration | undefined
  /** The longest that one reading may take, connecting included; default 30 s. */
  readonly timeout?: Duration | undefined
  /** How long the first batch waits for a server that is away; default 30 s. */
  readonly startTimeout?: Duration | undefined
}

const WHERE = 'postgresQuery'
const KNOWN = ['connection', 'pool', 'query', 'values', 'row', 'every', 'timeout', 'startTimeout'] as const

/**
 * Returns a stream that has all rows of a query in every batch: the static side of a join. When the rows cannot be read
 * again, the batch has the former ones, which is logged, and the next batch tries again.
 *
 * A batch that is run again after a crash may see newer rows than it saw before. Needs the package `pg`.
 *
 * @throws `bad-option`, `unknown-option` at once; the first batch fails with `postgres-away`, `postgres-refused`, `pg-missing`
 *
 * @example
 * import { postgresQuery } from 'dstream/postgres'
 * const prices = postgresQuery(ssc, {
 *   connection: 'postgres://localhost/shop',
 *   query: 'SELECT item, price FROM items',
 *   row: ({ item, price }): [string, number] => [item, Number(price)],
 *   every: Minutes(5),
 * })
 * pairs.join(prices).print()
 */
export function postgresQuery<T = Record<string, unknown>>(
  ssc: StreamingContext,
  options: PostgresQueryOptions<T>,
): DStream<T> {
  if (!(ssc instanceof StreamingContext)) throw badOption(WHERE, 'ssc', 'a StreamingContext', ssc)
  checkOptions(WHERE, options, KNOWN)
  const given = (options as PostgresQueryOptions<T> | undefined) ?? ({} as PostgresQueryOptions<T>)
  const { timeout = Seconds(30), startTimeout = Seconds(30), every, row, values } = given
  const query = aString(WHERE, 'query', given.query)
  if (values !== undefined && !Array.isArray(values)) throw badOption(WHERE, 'values', 'an array', values)
  if (row !== undefined) aFunction(WHERE, 'row', row)
  const limits = {
    timeoutMs: checkPositiveDuration(`${WHERE}, option timeout`, timeout).milliseconds,
    startTimeoutMs: checkPositiveDuration(`${WHERE}, option startTimeout`, startTimeout).milliseconds,
  }
  const connect = connectionsOf(WHERE, given, limits.timeoutMs)
  const everyMs = every === undefined ? undefined : checkPositiveDuration(`${WHERE}, option every`, every).milliseconds
  let isFirst = true
  const read = async (): Promise<readonly T[]> => {
    // A connection for each reading: between two of them are minutes, and a job that ends has nothing to close.
    const link = new PostgresLink(await connect(), { ...limits, startTimeoutMs: isFirst ? limits.startTimeoutMs : 0 })
    try {
      const select = async (client: { query(text: string, values?: any[]): Promise<{ rows: any[] }> }) =>
        (await client.query(query, values === undefined ? undefined : [...values])).rows as unknown[]
      const rows = await link.waitFor('read the rows of the query', select, ssc.logger)
      isFirst = false
      return row === undefined ? (rows as T[]) : rows.map(row)
    } finally {
      await link.close()
    }
  }
  return refreshedStream(ssc, { name: 'The query of postgresQuery', everyMs, read })
}
