import { badOption } from '../../base/errors/options.js'
import { aFunction, aString } from '../../base/options.js'
import { describe } from '../../base/text/describe.js'
import type { Time } from 'dstream'

/** A row of a table: a property for each column, or the values in the order of the columns. */
export type Row = readonly unknown[] | Readonly<Record<string, unknown>>

/** The options by which a sink knows its table. */
export interface TableOptions<T> {
  /**
   * The name of the table as it is written in SQL: `counts`, `shop.counts`, `"Counts"`. It has to exist, unless
   * `createTable` is set.
   */
  readonly table: string
  /** The columns that are written, each with its type in SQL: `{ word: 'text', n: 'bigint' }`. */
  readonly columns: Readonly<Record<string, string>>
  /**
   * `append` adds a row for each record (default). `upsert` replaces the row of the same `key`, or adds one; of several
   * records of a key in one batch, the last one counts.
   */
  readonly mode?: 'append' | 'upsert' | undefined
  /** The column, or columns, by which `upsert` finds a row. The table needs a unique index on them. */
  readonly key?: string | readonly string[] | undefined
  /**
   * Returns the row of a record: an object with a property for each column, or an array in the order of the columns. By
   * default the record itself is the row. `null` and `undefined` are NULL.
   */
  readonly row?: ((record: T, time: Time) => Row) | undefined
  /** Whether the sink creates the table when there is none; default false. */
  readonly createTable?: boolean | undefined
  /**
   * The name under which the ledger knows the batches of this sink; default the table. Two sinks on one table need names of
   * their own.
   */
  readonly id?: string | undefined
  /** The table of the ledger, which holds the time of the newest batch of each sink; default `dstream_batches`. */
  readonly ledger?: string | undefined
}

export const TABLE_OPTIONS = ['table', 'columns', 'mode', 'key', 'row', 'createTable', 'id', 'ledger'] as const

/** The checked options of a table. */
export interface Table<T> {
  readonly table: string
  readonly columns: readonly Column[]
  readonly isUpsert: boolean
  /** The names of the columns of the key; none for `append`. */
  readonly key: readonly string[]
  readonly row: ((record: T, time: Time) => Row) | undefined
  readonly createTable: boolean
  readonly id: string
  readonly ledger: string
}

export interface Column {
  readonly name: string
  /** The type as the user wrote it. */
  readonly type: string
}

/** A name, with or without its schema, as SQL writes it. Statements hold it as it is, so nothing else may pass. */
const NAME = /^(?:[\p{L}_][\p{L}\p{N}_$]*|"(?:[^"\0]|"")+")(?:\.(?:[\p{L}_][\p{L}\p{N}_$]*|"(?:[^"\0]|"")+"))?$/u

/** A type, with its arguments: `numeric(10, 2)`, `timestamp with time zone`, `text[]`, `shop."Mood"`. */
const TYPE = /^(?:[\p{L}\p{N}_$. ,()[\]]|"(?:[^"\0]|"")+")+$/u

/** @throws `bad-option` for options that cannot be */
export function checkTable<T>(where: string, options: TableOptions<T>): Table<T> {
  const { mode = 'append', createTable = false, row } = options
  const table = aName(where, 'table', options.table)
  if (mode !== 'append' && mode !== 'upsert') throw badOption(where, 'mode', "'append' or 'upsert'", mode)
  if (typeof createTable !== 'boolean') throw badOption(where, 'createTable', 'true or false', createTable)
  if (row !== undefined) aFunction(where, 'row', row)
  const columns = checkColumns(where, options.columns)
  return {
    table,
    columns,
    isUpsert: mode === 'upsert',
    key: checkKey(where, mode, options.key, columns),
    row,
    createTable,
    id: aString(where, 'id', options.id ?? table),
    ledger: aName(where, 'ledger', options.ledger ?? 'dstream_batches'),
  }
}

function aName(where: string, option: string, value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw badOption(where, option, 'the name of a table as SQL writes it, as "counts" or "shop.counts"', value)
}

function checkColumns(where: string, columns: unknown): readonly Column[] {
  const wanted = "an object of columns and their types, as { word: 'text', n: 'bigint' }"
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw badOption(where, 'columns', wanted, columns)
  }
  const list = Object.entries(columns as Record<string, unknown>)
  if (list.length === 0) throw badOption(where, 'columns', wanted, columns)
  return list.map(([name, type]) => {
    if (name === '' || name.includes('\0')) throw badOption(where, 'columns', 'an object with names of columns', name)
    if (typeof type === 'string' && TYPE.test(type)) return { name, type }
    throw badOption(where, `the type of the column ${describe(name)}`, "a type of SQL, as 'bigint'", type)
  })
}

function checkKey(where: string, mode: string, key: unknown, columns: readonly Column[]): readonly string[] {
  if (mode === 'append') {
    if (key === undefined) return []
    throw badOption(where, 'key', "left out where mode is 'append', which looks for no row", key)
  }
  const names: readonly unknown[] = Array.isArray(key) ? key : [key]
  const known = new Set<unknown>(columns.map(({ name }) => name))
  const areColumns = names.every((name) => known.has(name)) && new Set(names).size === names.length
  if (names.length > 0 && areColumns) return names as readonly string[]
  throw badOption(where, 'key', `one or more of the columns ${[...known].join(', ')}`, key)
}

/** Returns a name in the quotes of SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Returns the statement that makes the table as the options describe it. */
export function createStatement({ table, columns, key }: Pick<Table<never>, 'table' | 'columns' | 'key'>): string {
  const lines = columns.map(({ name, type }) => `${quoted(name)} ${type}`)
  if (key.length > 0) lines.push(`PRIMARY KEY (${key.map(quoted).join(', ')})`)
  return `CREATE TABLE ${table} (${lines.join(', ')})`
}
