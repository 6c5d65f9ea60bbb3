import type { PostgresClient } from './connection.js'
import { ledgerMissing } from './errors.js'
import { createOnce } from './schema.js'

/** The row of a sink in the ledger, at the moment at which it is opened. */
export interface Opened {
  /** The number of times that the sink was opened. A sink with an older number writes nothing any more. */
  readonly epoch: string
  /** The time of the newest batch in milliseconds; `null` for none. */
  readonly batchTime: string | null
}

/**
 * The table that holds the time of the newest batch of each sink. A batch and its time are one transaction, which has the
 * lock of the row: two processes that write one batch come one after the other.
 */
export class Ledger {
  readonly #where: string
  readonly #table: string
  readonly #id: string

  constructor(where: string, table: string, id: string) {
    this.#where = where
    this.#table = table
    this.#id = id
  }

  get statement(): string {
    const columns = [
      'sink text PRIMARY KEY',
      'epoch bigint NOT NULL',
      'batch_time bigint',
      'written_at timestamp with time zone NOT NULL DEFAULT now()',
    ]
    return `CREATE TABLE ${this.#table} (${columns.join(', ')})`
  }

  /** Creates the table where there is none. @throws `table-missing` when the user may not */
  async create(client: PostgresClient): Promise<void> {
    const { rows } = await client.query('SELECT to_regclass($1)::oid AS oid', [this.#table])
    if ((rows[0] as { oid: number | null }).oid !== null) return
    try {
      await createOnce(client, this.statement)
    } catch (error) {
      // 42501: no right to create; 3F000: no such schema.
      const { code } = error as { code?: string }
      if (code !== '42501' && code !== '3F000') throw error
      throw ledgerMissing(this.#where, this.#table, `${this.statement};`, error)
    }
  }

  /** Takes the sink over from whichever process has opened it before. */
  async open(client: PostgresClient): Promise<Opened> {
    const { rows } = await client.query(
      `INSERT INTO ${this.#table} AS ledger (sink, epoch) VALUES ($1, 1)
       ON CONFLICT (sink) DO UPDATE SET epoch = ledger.epoch + 1
       RETURNING epoch::text AS epoch, batch_time::text AS "batchTime"`,
      [this.#id],
    )
    return rows[0] as Opened
  }

  /**
   * Notes a batch, and locks the row until the transaction ends.
   * @returns `written` when the ledger has the batch, `overtaken` when another sink has taken over
   */
  async note(client: PostgresClient, epoch: string, time: number): Promise<'noted' | 'written' | 'overtaken'> {
    const { rowCount } = await client.query(
      `UPDATE ${this.#table} SET batch_time = $2::bigint, written_at = now()
       WHERE sink = $1 AND epoch = $3::bigint AND (batch_time IS NULL OR batch_time < $2::bigint)`,
      [this.#id, time, epoch],
    )
    if (rowCount === 1) return 'noted'
    const { rows } = await client.query(`SELECT epoch::text AS epoch FROM ${this.#table} WHERE sink = $1`, [this.#id])
    return (rows[0] as Opened | undefined)?.epoch === epoch ? 'written' : 'overtaken'
  }
}
