import {
  DStreamError,
  RecordError,
  Seconds,
  Time,
  type DirectSink,
  type Duration,
  type SinkBatch,
  type SinkHost,
} from 'dstream'
import { sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { checkOptions } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { rowsOf } from '../sql/rows.js'
import { checkTable, TABLE_OPTIONS, type Table, type TableOptions } from '../sql/table-options.js'
import { connectionsOf, type Connections, type PostgresClient, type PostgresOptions } from './connection.js'
import { postgresOvertaken } from './errors.js'
import { Ledger } from './ledger.js'
import { PostgresLink, type LinkLimits } from './link.js'
import { checkSchema, type SqlColumn } from './schema.js'
import { insertStatement } from './statement.js'
import { encodeRows, firstRefused, isAboutARow } from './write-rows.js'

/** The options of `postgresSink`. */
export interface PostgresSinkOptions<T> extends TableOptions<T>, PostgresOptions {
  /** The longest that one attempt at a batch may take, connecting included; default 30 s. */
  readonly timeout?: Duration | undefined
  /** How long a start waits for a server that is away; default 30 s. */
  readonly startTimeout?: Duration | undefined
}

const WHERE = 'postgresSink'

/**
 * Returns a sink that writes each batch to a table of PostgreSQL, exactly once. The rows and the time of the batch are one
 * transaction; the time is a row of a small table, the ledger (`dstream_batches`), which the sink creates. While the server
 * is away, starts or fails over, the batch waits and uses up no attempt. Of two processes that run the same job, the one
 * that was started last writes; the other one fails with `sink-overtaken`.
 *
 * The table is compared with `columns` at the start, and one that does not fit is refused with the statement that would make
 * it fit. Objects and arrays in a `json` column become JSON; dates are written in UTC; a `Uint8Array` is a `bytea`. Needs the
 * package `pg`.
 *
 * @throws `postgres-away`, `postgres-refused`, `table-missing`, `table-not-fitting`, `pg-missing` when the context starts and
 * opens the sink
 *
 * @example
 * import { postgresSink } from 'dstream/postgres'
 * const counts = postgresSink<[string, number]>({
 *   connection: 'postgres://localhost/shop',
 *   table: 'counts',
 *   columns: { word: 'text', n: 'bigint' },
 *   mode: 'upsert',
 *   key: 'word',
 * })
 * words.countByValue().to(counts)
 */
export function postgresSink<T>(options: PostgresSinkOptions<T>): DirectSink<T> {
  checkOptions(WHERE, options, [...TABLE_OPTIONS, 'connection', 'pool', 'timeout', 'startTimeout'])
  // Without options, the error names the first one that is missing.
  const given = (options as PostgresSinkOptions<T> | undefined) ?? ({} as PostgresSinkOptions<T>)
  const { timeout = Seconds(30), startTimeout = Seconds(30) } = given
  const limits = {
    timeoutMs: checkPositiveDuration(`${WHERE}, option timeout`, timeout).milliseconds,
    startTimeoutMs: checkPositiveDuration(`${WHERE}, option startTimeout`, startTimeout).milliseconds,
  }
  return new PostgresSink(connectionsOf(WHERE, given, limits.timeoutMs), limits, checkTable(WHERE, given))
}

/** An open sink. */
interface Open {
  readonly link: PostgresLink
  readonly columns: readonly SqlColumn[]
  readonly epoch: string
  /** The statement that writes rows. */
  readonly statement: string
}

class PostgresSink<T> implements DirectSink<T> {
  readonly #connect: () => Promise<Connections>
  readonly #limits: LinkLimits
  readonly #table: Table<T>
  readonly #ledger: Ledger
  #open: Open | undefined
  #newestTime: number | undefined

  constructor(connect: () => Promise<Connections>, limits: LinkLimits, table: Table<T>) {
    this.#connect = connect
    this.#limits = limits
    this.#table = table
    this.#ledger = new Ledger(WHERE, table.ledger, table.id)
  }

  async open(host?: SinkHost): Promise<void> {
    if (this.#open !== undefined) throw sinkInUse(this.#name)
    const link = new PostgresLink(await this.#connect(), this.#limits)
    try {
      const begin = async (client: PostgresClient) => {
        const columns = await checkSchema(WHERE, client, this.#table as Table<never>)
        await this.#ledger.create(client)
        return { columns, ...(await this.#ledger.open(client)) }
      }
      const { columns, epoch, batchTime } = await link.waitFor(`open ${this.#name}`, begin, host?.logger)
      this.#newestTime = batchTime === null ? undefined : Number(batchTime)
      this.#open = { link, columns, epoch, statement: insertStatement(this.#table as Table<never>, columns) }
    } catch (error) {
      await link.close()
      throw error
    }
  }

  lastCommitted(): Time | undefined {
    this.#opened()
    return this.#newestTime === undefined ? undefined : new Time(this.#newestTime)
  }

  /** PostgreSQL is away for a while when it cannot be reached, starts, fails over or lacks room. */
  isTransient(error: unknown): boolean {
    return error instanceof DStreamError && error.code === 'postgres-away'
  }

  async write({ time, rdd, signal }: Pick<SinkBatch<T>, 'time' | 'rdd'> & Partial<SinkBatch<T>>): Promise<void> {
    const { link, columns, epoch, statement } = this.#opened()
    const records = await rdd.collect()
    const refused = (index: number, cause: unknown): RecordError =>
      new RecordError({ operator: WHERE, time: time.milliseconds }, records[index], cause)
    const rows = rowsOf(WHERE, records, time, this.#table)
    const encoded = await encodeRows(rows, columns, refused)
    const write = async (client: PostgresClient): Promise<void> => {
      const noted = await this.#ledger.note(client, epoch, time.milliseconds)
      if (noted === 'overtaken') throw postgresOvertaken(this.#table.id, link.where)
      if (noted === 'noted') for (const values of encoded) await client.query(statement, [...values])
    }
    try {
      await link.transaction(`write the batch of ${time.milliseconds} ms`, write, signal)
    } catch (error) {
      const index = isAboutARow((error as Error).cause) ? await this.#firstRefused(rows) : undefined
      throw index === undefined ? error : refused(index, error)
    }
    this.#newestTime = Math.max(time.milliseconds, this.#newestTime ?? time.milliseconds)
  }

  /** Looks for the row that made a batch fail. Without it, the batch has failed as a whole. */
  async #firstRefused(rows: readonly (readonly unknown[])[]): Promise<number | undefined> {
    const { link, statement, columns } = this.#opened()
    const search = (client: PostgresClient) => firstRefused(client, statement, rows, columns)
    return link.run('look for the row', search).catch(() => undefined)
  }

  async close(): Promise<void> {
    const { link } = this.#open ?? {}
    this.#open = undefined
    await link?.close()
  }

  get #name(): string {
    return `the sink of the table ${this.#table.table} in PostgreSQL`
  }

  #opened(): Open {
    if (this.#open === undefined) throw sinkNotOpen(this.#name)
    return this.#open
  }
}
