import { badOption } from '../../base/errors/options.js'

/** An open database: of `node:sqlite`, `better-sqlite3`, `libsql` or `bun:sqlite`, whose methods that are called here are alike. */
export interface SqliteDatabase {
  exec(statements: string): unknown
  prepare(statement: string): SqliteStatement
}

/** A prepared statement. */
export interface SqliteStatement {
  run(...values: any[]): unknown
  get(...values: any[]): unknown
  all(...values: any[]): unknown[]
}

/** @throws `bad-option` for what is no database */
export function checkDatabase(where: string, database: SqliteDatabase): SqliteDatabase {
  const { exec, prepare } = (database ?? {}) as Partial<SqliteDatabase>
  if (typeof exec === 'function' && typeof prepare === 'function') return database
  throw badOption(where, 'database', 'an open database of node:sqlite, better-sqlite3, libsql or bun:sqlite', database)
}

/** The primary result codes of SQLite that matter here. */
const CODES: Readonly<Record<string, number>> = {
  BUSY: 5,
  LOCKED: 6,
  FULL: 13,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
}

/** Returns the primary result code of an error, which each library has under another name. */
function codeOf(error: unknown): number | undefined {
  const { errcode, rawCode, errno, code } = (error ?? {}) as Record<string, unknown>
  const number = [errcode, rawCode, errno].find((value) => typeof value === 'number' && value > 0)
  if (typeof number === 'number') return number & 0xff
  const name = /^SQLITE_([A-Z]+)/.exec(String(code))?.[1]
  return name === undefined ? undefined : CODES[name]
}

/** Whether an error passes by itself: another connection has the lock, or the disk is full. */
export function isPassing(error: unknown): boolean {
  return [CODES['BUSY'], CODES['LOCKED'], CODES['FULL']].includes(codeOf(error) ?? -1)
}

/** Whether SQLite refuses a value or a row. */
export function isAboutARow(error: unknown): boolean {
  return [CODES['TOOBIG'], CODES['CONSTRAINT'], CODES['MISMATCH']].includes(codeOf(error) ?? -1)
}

/**
 * Runs `work` in one transaction, without giving other code of the process a turn: the connection is the program's, and
 * whatever it did meanwhile would be part of the transaction.
 */
export function transaction<R>(database: SqliteDatabase, work: () => R): R {
  const restore = makeDurable(database)
  try {
    database.exec('BEGIN IMMEDIATE')
    let isCommitted = false
    try {
      const result = work()
      database.exec('COMMIT')
      isCommitted = true
      return result
    } finally {
      if (!isCommitted) rollback(database)
    }
  } finally {
    restore()
  }
}

/** SQLite has rolled back by itself after some errors; the error that led here says more than that of a second rollback. */
function rollback(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    // Nothing is left to roll back.
  }
}

/**
 * Lets a commit be on the disk before it counts, and returns the function that restores the setting of the program: the
 * engine forgets a batch that is committed. In the mode WAL, `synchronous = NORMAL` would lose the last commits in a power cut.
 */
function makeDurable(database: SqliteDatabase): () => void {
  const level = Number((database.prepare('PRAGMA synchronous').get() as { synchronous: number | bigint }).synchronous)
  if (level >= 2) return () => undefined
  database.exec('PRAGMA synchronous = 2')
  return () => void database.exec(`PRAGMA synchronous = ${level}`)
}
