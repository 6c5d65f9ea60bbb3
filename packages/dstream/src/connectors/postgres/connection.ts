import type { ConnectionOptions } from 'node:tls'
import { badOption } from '../../base/errors/options.js'
import { loadPackage } from '../../base/optional-package.js'
import { pgMissing } from './errors.js'

/** The settings of a connection to PostgreSQL, as `pg` knows them; those that are left out come from `PGHOST`, `PGUSER` and so on. */
export interface PostgresConnection {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: string | (() => string | Promise<string>) | undefined
  readonly database?: string | undefined
  readonly ssl?: boolean | ConnectionOptions | undefined
  /** Every other setting of a client of `pg`. */
  readonly [setting: string]: unknown
}

/** The methods of a client of `pg` that are called here. */
export interface PostgresClient {
  query(statement: string, values?: any[]): Promise<{ rows: any[]; rowCount: number | null }>
  release(error?: Error | boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** A pool of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  readonly options?: { readonly host?: any; readonly port?: any; readonly database?: any } | undefined
}

/** The options by which a connector finds PostgreSQL. */
export interface PostgresOptions {
  /**
   * The URL of the database, `postgres://user:password@host:5432/database`, or the settings of a client of `pg`. Default: the
   * environment variables `PGHOST`, `PGUSER` and so on.
   */
  readonly connection?: string | PostgresConnection | undefined
  /** A pool of `pg` in place of `connection`. It stays open when the job ends. */
  readonly pool?: PostgresPool | undefined
}

/** A source of connections, with the place that it leads to. */
export interface Connections {
  readonly pool: PostgresPool
  /** The address for error messages. It is never the URL, which may hold a password. */
  readonly where: string
  close(): Promise<void>
}

/** Checks the options of a connection, and returns the function that makes it. @throws `bad-option` */
export function connectionsOf(where: string, options: PostgresOptions, timeoutMs: number): () => Promise<Connections> {
  const { connection, pool } = options
  if (pool !== undefined) {
    if (connection !== undefined) throw badOption(where, 'pool', 'left out where a connection is given', 'both')
    if (typeof (pool as PostgresPool | null)?.connect !== 'function') {
      throw badOption(where, 'pool', 'a Pool of pg', pool)
    }
    return () => Promise.resolve({ pool, where: addressOf(pool.options ?? {}), close: () => Promise.resolve() })
  }
  const isText = typeof connection === 'string' && connection !== ''
  const isObject = typeof connection === 'object' && connection !== null && !Array.isArray(connection)
  if (connection !== undefined && !isText && !isObject) {
    throw badOption(
      where,
      'connection',
      'a URL as postgres://user:password@host:5432/database, or settings',
      connection,
    )
  }
  return () =>
    openPool(where, typeof connection === 'string' ? { connectionString: connection } : connection, timeoutMs)
}

interface PG {
  readonly Pool: new (
    settings: object,
  ) => PostgresPool & { end(): Promise<void>; on(event: 'error', f: () => void): void }
  readonly Client: new (settings: object) => NonNullable<PostgresPool['options']>
}

/** Loads `pg`. Only this function does: dstream itself does not need it. */
export async function loadPg(where: string, load: () => Promise<object> = () => import('pg')): Promise<PG> {
  return (await loadPackage('pg', load, (cause) => pgMissing(where, cause))) as PG
}

async function openPool(where: string, given: object | undefined, timeoutMs: number): Promise<Connections> {
  const { Pool, Client } = await loadPg(where)
  const settings = {
    application_name: 'dstream',
    keepAlive: true,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: 0,
    ...given,
    max: 1,
  }
  const pool = new Pool(settings)
  // A connection that breaks while it is idle is made again when it is needed.
  pool.on('error', () => undefined)
  // A client that never connects knows what the environment and the URL say.
  return { pool, where: addressOf(new Client(settings)), close: () => pool.end() }
}

function addressOf({ host, port, database }: NonNullable<PostgresPool['options']>): string {
  if (typeof host !== 'string') return 'the given pool'
  const address = host.startsWith('/') ? host : `${host}:${port ?? 5432}`
  return typeof database === 'string' ? `${address}/${database}` : address
}
