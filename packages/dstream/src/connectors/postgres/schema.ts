import { nearest } from '../../base/options.js'
import { DStreamError } from 'dstream'
import { tableMissing, tableNotFitting } from '../sql/errors.js'
import { createStatement, quoted, type Table } from '../sql/table-options.js'
import type { PostgresClient } from './connection.js'

/** A column as PostgreSQL knows its type. */
export interface SqlColumn {
  readonly name: string
  /** The full name of the type, for casts. */
  readonly type: string
  /** Whether it is JSON, or its elements are. */
  readonly isJson: boolean
  readonly isArray: boolean
  /** Whether there are arrays of the type, in which a statement can take its values. */
  readonly hasArrays: boolean
  /** A date or a time, for which a Time is written as a date. */
  readonly isDate: boolean
}

interface FoundType {
  readonly type: string | null
  readonly category: string
  readonly hasArrays: boolean
  readonly isJson: boolean
}

interface FoundColumn {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly isGenerated: boolean
}

/**
 * Compares the options with the table, and creates it where that is wanted.
 *
 * @throws `table-missing`, `table-not-fitting` with the statements that would make it fit, `bad-option` for an unknown type
 */
export async function checkSchema(
  where: string,
  client: PostgresClient,
  table: Table<never>,
): Promise<readonly SqlColumn[]> {
  const types = await typesOf(where, client, table)
  let oid = await tableOid(client, table.table)
  if (oid === undefined) {
    const statement = createStatement(table)
    if (!table.createTable) throw tableMissing(where, table.table, `${statement};`)
    await createOnce(client, statement)
    oid = await tableOid(client, table.table)
  }
  const found = await columnsOf(client, oid!)
  const faults = [...columnFaults(table, types, found), ...(await privilegeFaults(client, oid!, table))]
  const statements: string[] = []
  if (faults.length === 0 && table.isUpsert && !(await hasUniqueIndex(client, oid!, table.key))) {
    const columns = table.key.map(quoted).join(', ')
    faults.push(`upsert needs a unique index on ${table.key.join(', ')}, and it has none`)
    statements.push(`CREATE UNIQUE INDEX ON ${table.table} (${columns});`)
  }
  if (faults.length > 0) throw tableNotFitting(where, table.table, faults, statements)
  return table.columns.map(({ name }, i) => {
    const { type, category, hasArrays, isJson } = types[i]!
    return { name, type: type!, isJson, isArray: category === 'A', hasArrays, isDate: category === 'D' }
  })
}

async function tableOid(client: PostgresClient, table: string): Promise<number | undefined> {
  const { rows } = await client.query('SELECT to_regclass($1)::oid AS oid', [table])
  return (rows[0] as { oid: number | null }).oid ?? undefined
}

/** Creates a table that another process may create at the same moment. */
export async function createOnce(client: PostgresClient, statement: string): Promise<void> {
  try {
    await client.query(statement)
  } catch (error) {
    // The table exists by now, or the type of its rows: which one is found first depends on the moment.
    const { code } = error as { code?: string }
    if (!['42P07', '42710', '23505'].includes(String(code))) throw error
  }
}

/** Looks up the types of the options, in order. */
async function typesOf(
  where: string,
  client: PostgresClient,
  { columns }: Table<never>,
): Promise<readonly FoundType[]> {
  const found: FoundType[] = []
  for (const { name, type } of columns) {
    const { rows } = await client
      .query(
        `SELECT t.oid::regtype::text AS type, t.typcategory AS category, t.typarray <> 0 AS "hasArrays",
           coalesce(e.typname, t.typname) IN ('json', 'jsonb') AS "isJson"
         FROM (SELECT to_regtype($1) AS oid) AS given LEFT JOIN pg_type t ON t.oid = given.oid
         LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'`,
        [type],
      )
      // A text that is no type at all is an error of its syntax, or an unknown type, as the version of the server has it.
      .catch((error: unknown) => {
        if ((error as { code?: string }).code === '42601') return { rows: [] }
        throw error
      })
    const first = (rows as FoundType[])[0]
    if (first?.type == null) throw unknownType(where, name, type)
    found.push(first)
  }
  return found
}

function unknownType(where: string, column: string, type: string): DStreamError {
  const serial = /serial$/i.test(type) ? '. A column that numbers itself is left out of columns' : ''
  return new DStreamError(
    'bad-option',
    `${where}: the type of the column ${JSON.stringify(column)} must be a type that PostgreSQL knows, as 'bigint', not ` +
      `${JSON.stringify(type)}${serial}`,
  )
}

async function columnsOf(client: PostgresClient, oid: number): Promise<readonly FoundColumn[]> {
  const { rows } = await client.query(
    `SELECT attname AS name, atttypid::regtype::text AS type,
       attnotnull AND NOT atthasdef AND attidentity = '' AS "isRequired",
       attgenerated <> '' OR attidentity = 'a' AS "isGenerated"
     FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [oid],
  )
  return rows as FoundColumn[]
}

function columnFaults(
  { columns, isUpsert }: Table<never>,
  types: readonly FoundType[],
  found: readonly FoundColumn[],
): string[] {
  const byName = new Map(found.map((column) => [column.name, column]))
  const wanted = new Set(columns.map(({ name }) => name))
  const faults = columns.flatMap(({ name }, i) => {
    const { type } = types[i]!
    const column = byName.get(name)
    if (column === undefined) {
      const near = nearest(name, [...byName.keys()])
      return [`it has no column ${quoted(name)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`]
    }
    if (column.type !== type) return [`its column ${quoted(name)} is ${column.type} and not ${type}`]
    return column.isGenerated ? [`its column ${quoted(name)} is generated and takes no values`] : []
  })
  const missing = found.filter(({ name, isRequired }) => isRequired && !wanted.has(name))
  const verb = isUpsert ? 'a row that upsert adds' : 'a row'
  return [
    ...faults,
    ...missing.map(
      ({ name }) => `its column ${quoted(name)} is NOT NULL without a default, and ${verb} has no value for it`,
    ),
  ]
}

async function privilegeFaults(client: PostgresClient, oid: number, { isUpsert }: Table<never>): Promise<string[]> {
  // ON CONFLICT reads the row that it finds.
  const needed = isUpsert ? ['INSERT', 'UPDATE', 'SELECT'] : ['INSERT']
  const { rows } = await client.query(
    `SELECT privilege, current_user AS user FROM unnest($2::text[]) AS privilege
     WHERE NOT has_any_column_privilege($1::oid, privilege)`,
    [oid, needed],
  )
  return (rows as { privilege: string; user: string }[]).map(
    ({ privilege, user }) => `the user ${quoted(user)} has no right to ${privilege} on it`,
  )
}

async function hasUniqueIndex(client: PostgresClient, oid: number, key: readonly string[]): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_index i
     WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
       AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
            FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS k LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k)
         = (SELECT array_agg(name ORDER BY name COLLATE "C") FROM unnest($2::text[]) AS name)`,
    [oid, key],
  )
  return rows.length > 0
}
