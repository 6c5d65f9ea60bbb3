import { setTimeout as pause } from 'node:timers/promises'
import { DStreamError, RecordError, Seconds, Time, type DirectSink, type Duration, type SinkBatch } from 'dstream'
import { sinkInUse, sinkNotOpen } from '../../base/errors/sinks.js'
import { checkOptions } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { rowsOf } from '../sql/rows.js'
import { checkTable, TABLE_OPTIONS, type Table, type TableOptions } from '../sql/table-options.js'
import { checkDatabase, isAboutARow, isPassing, transaction, type SqliteDatabase } from './database.js'
import { sqliteBusy, sqliteOvertaken, sqliteRefused } from './errors.js'
import { Ledger } from './ledger.js'
import { checkSchema } from './schema.js'
import { firstRefused, insertRows } from './insert-rows.js'
import { sqliteValue } from './values.js'

/** The options of `sqliteSink`. */
export interface SqliteSinkOptions<T> extends TableOptions<T> {
  /** The open database, of `node:sqlite`, `better-sqlite3`, `libsql` or `bun:sqlite`. It stays open when the job ends. */
  readonly database: SqliteDatabase
  /** How long a start waits for the lock of another connection; default 30 s. */
  readonly startTimeout?: Duration | undefined
}

const WHERE = 'sqliteSink'

/** The pause before the lock of another connection is tried again. */
const PAUSE_MS = 100

/**
 * Returns a sink that writes each batch to a table of SQLite, exactly once. The rows and the time of the batch are one
 * transaction; the time is a row of a small table, the ledger (`dstream_batches`), which the sink creates. While another
 * connection has the lock of the database, or the disk is full, the batch waits and uses up no attempt. Of two processes
 * that run the same job, the one that was started last writes; the other one fails with `sink-overtaken`.
 *
 * The libraries for SQLite are synchronous: nothing else runs in the process while a batch is written. The table is compared
 * with `columns` at the start, and one that does not fit is refused with the statement that would make it fit. A boolean
 * becomes 0 or 1, a date its text in UTC, or milliseconds in a column of numbers, another object JSON.
 *
 * @throws `sqlite-busy`, `sqlite-refused`, `table-missing`, `table-not-fitting` when the context starts and opens the sink
 *
 * @example
 * import Database from 'libsql'
 * import { sqliteSink } from 'dstream/sqlite'
 * const counts = sqliteSink<[string, number]>({
 *   database: new Database('counts.db'),
 *   table: 'counts',
 *   columns: { word: 'TEXT', n: 'INTEGER' },
 *   mode: 'upsert',
 *   key: 'word',
 *   createTable: true,
 * })
 * words.countByValue().to(counts)
 */
export function sqliteSink<T>(options: SqliteSinkOptions<T>): DirectSink<T> {
  checkOptions(WHERE, options, [...TABLE_OPTIONS, 'database', 'startTimeout'])
  // Without options, the error names the first one that is missing.
  const given = (options as SqliteSinkOptions<T> | undefined) ?? ({} as SqliteSinkOptions<T>)
  const { startTimeout = Seconds(30) } = given
  const { milliseconds } = checkPositiveDuration(`${WHERE}, option startTimeout`, startTimeout)
  return new SqliteSink(checkDatabase(WHERE, given.database), checkTable(WHERE, given), milliseconds)
}

/** An open sink. */
interface Open {
  /** Whether each column holds numbers. */
  readonly holdsNumbers: readonly boolean[]
  readonly epoch: number
}

class SqliteSink<T> implements DirectSink<T> {
  readonly #database: SqliteDatabase
  readonly #table: Table<T>
  readonly #ledger: Ledger
  readonly #startTimeoutMs: number
  #open: Open | undefined
  #newestTime: number | undefined

  constructor(database: SqliteDatabase, table: Table<T>, startTimeoutMs: number) {
    this.#database = database
    this.#table = table
    this.#ledger = new Ledger(database, table.ledger, table.id)
    this.#startTimeoutMs = startTimeoutMs
  }

  async open(): Promise<void> {
    if (this.#open !== undefined) throw sinkInUse(this.#name)
    const begin = Date.now()
    for (;;) {
      try {
        return this.#begin()
      } catch (error) {
        if (!this.isTransient(error) || Date.now() - begin > this.#startTimeoutMs) throw error
        await pause(PAUSE_MS)
      }
    }
  }

  #begin(): void {
    this.#explained(`open ${this.#name}`, () =>
      transaction(this.#database, () => {
        const holdsNumbers = checkSchema(WHERE, this.#database, this.#table as Table<never>)
        const { epoch, batchTime } = this.#ledger.open()
        this.#newestTime = batchTime
        this.#open = { holdsNumbers, epoch }
      }),
    )
  }

  lastCommitted(): Time | undefined {
    this.#opened()
    return this.#newestTime === undefined ? undefined : new Time(this.#newestTime)
  }

  isTransient(error: unknown): boolean {
    return error instanceof DStreamError && error.code === 'sqlite-busy'
  }

  async write({ time, rdd }: Pick<SinkBatch<T>, 'time' | 'rdd'>): Promise<void> {
    const { holdsNumbers, epoch } = this.#opened()
    const records = await rdd.collect()
    const refused = (index: number, cause: unknown): RecordError =>
      new RecordError({ operator: WHERE, time: time.milliseconds }, records[index], cause)
    const rows = rowsOf(WHERE, records, time, this.#table).map((row, index) => {
      try {
        return row.map((value, i) => sqliteValue(value, holdsNumbers[i]!))
      } catch (error) {
        throw refused(index, error)
      }
    })
    const write = (): void => {
      const noted = this.#ledger.note(epoch, time.milliseconds)
      if (noted === 'overtaken') throw sqliteOvertaken(this.#table.id)
      if (noted === 'noted') insertRows(this.#database, this.#table as Table<never>, rows)
    }
    try {
      this.#explained(`write the batch of ${time.milliseconds} ms`, () => transaction(this.#database, write))
    } catch (error) {
      const index = isAboutARow((error as Error).cause) ? this.#firstRefused(rows) : undefined
      throw index === undefined ? error : refused(index, error)
    }
    this.#newestTime = Math.max(time.milliseconds, this.#newestTime ?? time.milliseconds)
  }

  close(): void {
    this.#open = undefined
  }

  /** Looks for the row that made a batch fail. Without it, the batch has failed as a whole. */
  #firstRefused(rows: readonly (readonly unknown[])[]): number | undefined {
    try {
      return firstRefused(this.#database, this.#table as Table<never>, rows)
    } catch {
      return undefined
    }
  }

  #explained<R>(what: string, work: () => R): R {
    try {
      return work()
    } catch (error) {
      if (error instanceof DStreamError) throw error
      throw isPassing(error) ? sqliteBusy(what, error) : sqliteRefused(what, error)
    }
  }

  get #name(): string {
    return `the sink of the table ${this.#table.table} in SQLite`
  }

  #opened(): Open {
    if (this.#open === undefined) throw sinkNotOpen(this.#name)
    return this.#open
  }
}
