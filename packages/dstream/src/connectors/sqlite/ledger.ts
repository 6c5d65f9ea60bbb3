import type { SqliteDatabase } from './database.js'

/** The row of a sink in the ledger, at the moment at which it is opened. */
export interface Opened {
  /** The number of times that the sink was opened. A sink with an older number writes nothing any more. */
  readonly epoch: number
  /** The time of the newest batch in milliseconds. */
  readonly batchTime: number | undefined
}

/** The table that holds the time of the newest batch of each sink. Its methods are called inside a transaction. */
export class Ledger {
  readonly #database: SqliteDatabase
  readonly #table: string
  readonly #id: string

  constructor(database: SqliteDatabase, table: string, id: string) {
    this.#database = database
    this.#table = table
    this.#id = id
  }

  /** Takes the sink over from whichever process has opened it before. Creates the table where there is none. */
  open(): Opened {
    const columns = 'sink TEXT PRIMARY KEY, epoch INTEGER NOT NULL, batch_time INTEGER, written_at TEXT'
    this.#database.exec(`CREATE TABLE IF NOT EXISTS ${this.#table} (${columns})`)
    this.#database
      .prepare(
        `INSERT INTO ${this.#table} (sink, epoch) VALUES (?, 1) ON CONFLICT (sink) DO UPDATE SET epoch = epoch + 1`,
      )
      .run(this.#id)
    return this.#row()
  }

  /** Notes a batch. Returns `written` when the ledger has it, `overtaken` when another sink has taken over. */
  note(epoch: number, time: number): 'noted' | 'written' | 'overtaken' {
    const found = this.#row()
    if (found.epoch !== epoch) return 'overtaken'
    if (found.batchTime !== undefined && time <= found.batchTime) return 'written'
    this.#database
      .prepare(
        `UPDATE ${this.#table} SET batch_time = ?, written_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE sink = ?`,
      )
      .run(time, this.#id)
    return 'noted'
  }

  /** Numbers may come as bigints, where the program has set its database so. */
  #row(): Opened {
    const row = this.#database
      .prepare(`SELECT epoch, batch_time AS batchTime FROM ${this.#table} WHERE sink = ?`)
      .get(this.#id) as { epoch: number | bigint; batchTime: number | bigint | null } | null | undefined
    const { epoch = 0, batchTime = null } = row ?? {}
    return { epoch: Number(epoch), batchTime: batchTime === null ? undefined : Number(batchTime) }
  }
}
