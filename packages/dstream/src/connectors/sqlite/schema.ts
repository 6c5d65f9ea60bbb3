import { nearest } from '../../base/options.js'
import { tableMissing, tableNotFitting } from '../sql/errors.js'
import { createStatement, quoted, type Table } from '../sql/table-options.js'
import type { SqliteDatabase } from './database.js'

/** The five ways in which a column of SQLite treats its values. */
type Affinity = 'TEXT' | 'INTEGER' | 'REAL' | 'BLOB' | 'NUMERIC'

interface FoundColumn {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: unknown
  /** The place in the primary key, from 1; 0 for none. */
  readonly pk: number
  /** 2 and 3 for a generated column. */
  readonly hidden: number
}

/**
 * Compares the options with the table, and creates it where that is wanted.
 *
 * @returns whether each column holds numbers, in which a Time is written as milliseconds
 * @throws `table-missing`, `table-not-fitting` with the statements that would make it fit
 */
export function checkSchema(where: string, database: SqliteDatabase, table: Table<never>): readonly boolean[] {
  let found = columnsOf(database, table.table)
  if (found.length === 0) {
    const statement = createStatement(table)
    if (!table.createTable) throw tableMissing(where, table.table, `${statement};`)
    database.exec(statement.replace('CREATE TABLE', 'CREATE TABLE IF NOT EXISTS'))
    found = columnsOf(database, table.table)
  }
  const faults = columnFaults(table, found)
  const statements: string[] = []
  if (faults.length === 0 && table.isUpsert && !hasUniqueIndex(database, table, found)) {
    const [schema, name] = partsOf(table.table)
    faults.push(`upsert needs a unique index on ${table.key.join(', ')}, and it has none`)
    const index = `${schema === undefined ? '' : `${quoted(schema)}.`}${quoted(`${name}_${table.key.join('_')}`)}`
    statements.push(`CREATE UNIQUE INDEX ${index} ON ${quoted(name)} (${table.key.map(quoted).join(', ')});`)
  }
  if (faults.length > 0) throw tableNotFitting(where, table.table, faults, statements)
  return table.columns.map(({ type }) => !['TEXT', 'BLOB'].includes(affinityOf(type)))
}

/** Returns the schema, if any, and the name of a table without their quotes. */
function partsOf(table: string): [schema: string | undefined, name: string] {
  const parts = table.match(/"(?:[^"]|"")+"|[^."]+/g)!.map(unquoted)
  return parts.length === 1 ? [undefined, parts[0]!] : [parts[0], parts[1]!]
}

function unquoted(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part
}

function pragma(database: SqliteDatabase, name: string, ofTable: string, schema: string | undefined): unknown[] {
  const values = [ofTable, ...(schema === undefined ? [] : [schema])]
  return database.prepare(`SELECT * FROM pragma_${name}(${values.map(() => '?').join(', ')})`).all(...values)
}

function columnsOf(database: SqliteDatabase, table: string): readonly FoundColumn[] {
  const [schema, name] = partsOf(table)
  return pragma(database, 'table_xinfo', name, schema) as FoundColumn[]
}

function columnFaults({ columns }: Table<never>, found: readonly FoundColumn[]): string[] {
  // SQLite does not tell upper from lower case in names.
  const byName = new Map(found.map((column) => [column.name.toLowerCase(), column]))
  const wanted = new Set(columns.map(({ name }) => name.toLowerCase()))
  const faults = columns.flatMap(({ name, type }) => {
    const column = byName.get(name.toLowerCase())
    if (column === undefined) {
      const near = nearest(name, [...byName.keys()])
      return [`it has no column ${quoted(name)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`]
    }
    if (Number(column.hidden) > 1) return [`its column ${quoted(name)} is generated and takes no values`]
    const isSame = affinityOf(column.type) === affinityOf(type)
    return isSame ? [] : [`its column ${quoted(name)} is ${column.type || 'of no type'} and not ${type}`]
  })
  const missing = found.filter(
    (column) =>
      Number(column.notnull) === 1 &&
      column.dflt_value === null &&
      Number(column.hidden) === 0 &&
      !wanted.has(column.name.toLowerCase()),
  )
  const why = 'is NOT NULL without a default, and a row has no value for it'
  return [...faults, ...missing.map(({ name }) => `its column ${quoted(name)} ${why}`)]
}

/** Returns the affinity of a declared type, by SQLite's own rules. */
function affinityOf(type: string): Affinity {
  const text = type.toUpperCase()
  if (text.includes('INT')) return 'INTEGER'
  if (/CHAR|CLOB|TEXT/.test(text)) return 'TEXT'
  if (text === '' || text.includes('BLOB')) return 'BLOB'
  return /REAL|FLOA|DOUB/.test(text) ? 'REAL' : 'NUMERIC'
}

function hasUniqueIndex(
  database: SqliteDatabase,
  { table, key }: Table<never>,
  found: readonly FoundColumn[],
): boolean {
  const [schema, name] = partsOf(table)
  const wanted = namesOf(key)
  const indexes = pragma(database, 'index_list', name, schema) as { name: string; unique: number; partial: number }[]
  // A primary key that is a whole number is the row's own number, and has no index.
  const primary = found.filter(({ pk }) => Number(pk) > 0).map((column) => column.name)
  if (namesOf(primary) === wanted) return true
  return indexes.some((index) => {
    if (Number(index.unique) !== 1 || Number(index.partial) !== 0) return false
    const columns = pragma(database, 'index_info', index.name, schema) as { name: string | null }[]
    return namesOf(columns.map((column) => String(column.name))) === wanted
  })
}

/** Returns a text that is the same for the same names in any order. */
function namesOf(names: readonly string[]): string {
  return JSON.stringify(names.map((name) => name.toLowerCase()).sort())
}
