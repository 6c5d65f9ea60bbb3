import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Milliseconds, RDDContext, Seconds, StreamingContext, Time, type DirectSink } from 'dstream'
import { sqliteQuery, sqliteSink, type SqliteDatabase, type SqliteSinkOptions } from 'dstream/sqlite'
import { sinkContract, TestContext, type SinkPlace } from 'dstream/testing'
import LibSql from 'libsql'
import { describe, expect, onTestFinished, test } from 'vitest'

const sc = new RDDContext()
type Count = [word: string, n: number]
function batch<T>(time: number, ...records: T[]) {
  return { time: new Time(time), rdd: sc.parallelize(records) }
}
function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}
const COUNTS = { table: 'counts', columns: { word: 'TEXT', n: 'INTEGER' }, createTable: true } as const
const UPSERT = { mode: 'upsert', key: 'word' } as const

type Opened = SqliteDatabase & { close(): void }
type Library = readonly [name: string, open: (path: string) => Opened]

/** The libraries that are here: Node has one of its own from version 22 on. */
function libraries(): Library[] {
  const found: Library[] = [['libsql', (path) => new LibSql(path) as unknown as Opened]]
  try {
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as {
      DatabaseSync: new (path: string) => Opened
    }
    found.push(['node:sqlite', (path) => new DatabaseSync(path)])
  } catch {
    // Node 20.
  }
  return found
}

describe.each(libraries())('on %s', (_, openAt) => {
  /** Opens a new database, with a second connection for looking in. */
  function made(): { database: Opened; other: Opened; path: string; close: () => void } {
    const folder = mkdtempSync(join(tmpdir(), 'dstream-sqlite-'))
    const path = join(folder, 'test.db')
    const [database, other] = [openAt(path), openAt(path)]
    const close = (): void => {
      for (const one of [database, other]) one.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return { database, other, path, close }
  }
  function place(): ReturnType<typeof made> {
    const all = made()
    onTestFinished(all.close)
    return all
  }
  async function opened<T = Count>(
    database: SqliteDatabase,
    options: Partial<SqliteSinkOptions<T>> = {},
  ): Promise<DirectSink<T>> {
    const sink = sqliteSink<T>({ database, ...COUNTS, startTimeout: Milliseconds(1), ...options })
    await sink.open!()
    return sink
  }
  const rows = (database: SqliteDatabase, statement = 'SELECT word, n FROM counts') =>
    database
      .prepare(statement)
      .all()
      .map((row) => Object.values(row as object) as unknown[])

  describe('sinkContract', () => {
    const contractPlace =
      (options: Partial<SqliteSinkOptions<Count>>): (() => SinkPlace<Count>) =>
      () => {
        const { database, other, close } = made()
        return {
          sink: () => sqliteSink<Count>({ database, ...COUNTS, ...options }),
          record: (n) => [`word ${n}`, n],
          read: () => Promise.resolve(rows(other, 'SELECT word, n FROM counts ORDER BY rowid') as Count[]),
          takeAway: () => {
            other.exec('BEGIN IMMEDIATE')
            return Promise.resolve(() => Promise.resolve(void other.exec('COMMIT')))
          },
          close: () => Promise.resolve(close()),
        }
      }
    const cases = (options: Partial<SqliteSinkOptions<Count>>) =>
      sinkContract(contractPlace(options)).map(({ name, run }): [string, () => Promise<void>] => [name, run])
    test.each(cases({}))('append: %s', (_name, run) => run())
    test.each(cases(UPSERT))('upsert: %s', (_name, run) => run())
  })

  test('upsert: the last record of a key counts, within a batch and over batches', async () => {
    const { database, other } = place()
    const sink = await opened(database, UPSERT)
    const many = Array.from({ length: 120 }, (_, i): Count => [`w${i % 7}`, i])
    await sink.write(batch<Count>(1000, ...many))
    await sink.write(batch<Count>(2000, ['w0', -1]))
    expect(rows(other, 'SELECT word, n FROM counts ORDER BY word')).toEqual([
      ['w0', -1],
      ...[113, 114, 115, 116, 117, 118].map((n, i) => [`w${i + 1}`, n]),
    ])
  })

  test.each<[type: string, value: unknown, asText: string | null, kind: string]>([
    ['TEXT', 'a "b"', 'a "b"', 'text'],
    ['TEXT', undefined, null, 'null'],
    ['TEXT', null, null, 'null'],
    ['INTEGER', 2n ** 62n, String(2n ** 62n), 'integer'],
    ['INTEGER', true, '1', 'integer'],
    ['REAL', 1.5, '1.5', 'real'],
    ['INTEGER', 3, '3', 'integer'],
    ['TEXT', new Date('2026-02-03T04:05:06.789Z'), '2026-02-03T04:05:06.789Z', 'text'],
    ['INTEGER', new Date(1000), '1000', 'integer'],
    ['INTEGER', new Time(1000), '1000', 'integer'],
    ['TEXT', new Time(1000), '1970-01-01T00:00:01.000Z', 'text'],
    ['TEXT', { a: [1, null] }, '{"a":[1,null]}', 'text'],
    ['BLOB', Uint8Array.of(104, 105), 'hi', 'blob'],
  ])('a column %s takes %o', async (type, value, asText, kind) => {
    const { database, other } = place()
    const sink = await opened<unknown[]>(database, { columns: { c: type } })
    await sink.write(batch(1000, [value]))
    expect(rows(other, 'SELECT CAST(c AS TEXT), typeof(c) FROM counts')).toEqual([[asText, kind]])
  })

  test.each<[what: string, type: string, value: unknown, said: RegExp]>([
    ['a row that a check refuses', 'INTEGER CHECK (c < 10)', 10, /CHECK constraint failed/],
    ['NaN', 'REAL', NaN, /SQLite has no NaN/],
    ['a whole number of more than 64 bits', 'INTEGER', 2n ** 63n, /does not fit into the 64 bits/],
    ['a function', 'TEXT', () => 1, /is a function/],
    ['a Map', 'TEXT', new Map(), /no Map and no Set/],
    ['no date', 'TEXT', new Date(NaN), /invalid Date/],
    ['a symbol', 'TEXT', Symbol('s'), /is a symbol/],
  ])('%s is an error of its record, and nothing of its batch is written', async (_what, type, value, said) => {
    const { database, other } = place()
    database.exec(`CREATE TABLE counts (c ${type})`)
    const sink = await opened<unknown[]>(database, { columns: { c: type.split(' ')[0]! } })
    const good = Array.from({ length: 130 }, () => [null])
    await expect(sink.write(batch<unknown[]>(1000, ...good, [value], [null], [value]))).rejects.toMatchObject({
      code: 'record-error',
      record: [value],
      message: expect.stringMatching(said),
    })
    await sink.write(batch<unknown[]>(2000, [null]))
    expect(rows(other, 'SELECT count(*) FROM counts')).toEqual([[1]])
  })

  const NO_TABLE = { createTable: false }
  test.each<[what: string, sql: string, options: Partial<SqliteSinkOptions<Count>>, wanted: string, said: RegExp]>([
    [
      'no table',
      '',
      NO_TABLE,
      'table-missing',
      /no table counts.*\nCREATE TABLE counts \("word" TEXT, "n" INTEGER\);$/,
    ],
    [
      'a column is missing',
      'CREATE TABLE counts (word TEXT, n1 INT)',
      {},
      'table-not-fitting',
      /no column "n"; did you mean "n1"\?/,
    ],
    [
      'another type',
      'CREATE TABLE counts (word TEXT, n VARCHAR(9))',
      {},
      'table-not-fitting',
      /column "n" is VARCHAR\(9\) and not INTEGER/,
    ],
    [
      'a value is missing',
      'CREATE TABLE counts (word TEXT, n INT, x INT NOT NULL, y INT NOT NULL DEFAULT 1)',
      {},
      'table-not-fitting',
      /does not fit: its column "x" is NOT NULL without a default[^;]*$/,
    ],
    [
      'a generated column',
      'CREATE TABLE counts (word TEXT, n INT AS (1))',
      {},
      'table-not-fitting',
      /"n" is generated/,
    ],
    [
      'no unique index',
      'CREATE TABLE counts (word TEXT, n INT)',
      UPSERT,
      'table-not-fitting',
      /\nCREATE UNIQUE INDEX "counts_word" ON "counts" \("word"\);$/,
    ],
    [
      'a partial index',
      'CREATE TABLE counts (word TEXT, n INT); CREATE UNIQUE INDEX i ON counts (word) WHERE n > 1',
      UPSERT,
      'table-not-fitting',
      /unique index/,
    ],
    ['no schema', '', { table: 'elsewhere.counts' }, 'sqlite-refused', /unknown database.*elsewhere/],
    ['another table for the ledger', 'CREATE TABLE dstream_batches (a INT)', {}, 'sqlite-refused', /sink/],
  ])('%s: the start is refused in words, and nothing is changed', async (_what, sql, options, wanted, said) => {
    const { database, other } = place()
    if (sql !== '') database.exec(sql)
    await expect(opened(database, options)).rejects.toMatchObject({
      code: wanted,
      message: expect.stringMatching(new RegExp(said, 's')),
    })
    expect(rows(other, 'SELECT count(*) FROM sqlite_schema')).toEqual([
      [sql === '' ? 0 : sql.includes('INDEX') ? 2 : 1],
    ])
  })

  test.each([
    'CREATE TABLE counts (word TEXT PRIMARY KEY, n INT)',
    'CREATE TABLE counts (word TEXT, n INT, UNIQUE (word))',
    'CREATE TABLE counts (Word text PRIMARY KEY, N bigint) WITHOUT ROWID',
    'CREATE TABLE counts (word TEXT PRIMARY KEY, n INTEGER) STRICT',
  ])('a table that fits: %s', async (sql) => {
    const { database, other } = place()
    database.exec(sql)
    const sink = await opened(database, UPSERT)
    await sink.write(batch<Count>(1000, ['a', 1], ['a', 2]))
    expect(rows(other)).toEqual([['a', 2]])
  })

  test('the number of a row may be its key', async () => {
    const { database, other } = place()
    database.exec('CREATE TABLE counts (n INTEGER PRIMARY KEY, word TEXT)')
    const sink = await opened<Count>(database, { columns: { word: 'TEXT', n: 'INT' }, mode: 'upsert', key: ['n'] })
    await sink.write(batch<Count>(1000, ['a', 1], ['b', 1]))
    expect(rows(other)).toEqual([['b', 1]])
  })

  test('while another connection has the lock, the batch waits, and so does a start', async () => {
    const { database, other } = place()
    const sink = await opened(database)
    other.exec('BEGIN IMMEDIATE')
    const error: unknown = await sink.write(batch<Count>(1000, ['a', 1])).catch((e: unknown) => e)
    expect([error, sink.isTransient!(error)]).toEqual([code('sqlite-busy'), true])
    await expect(opened(database)).rejects.toEqual(code('sqlite-busy'))
    const waiting = opened(database, { startTimeout: Seconds(600) })
    other.exec('COMMIT')
    const next = await waiting
    await next.write(batch<Count>(1000, ['a', 1]))
    expect(rows(other)).toEqual([['a', 1]])
  })

  test('a transaction that the program has left open is said', async () => {
    const { database } = place()
    const sink = await opened(database)
    database.exec('BEGIN')
    await expect(sink.write(batch<Count>(1000, ['a', 1]))).rejects.toMatchObject({
      code: 'sqlite-refused',
      message: expect.stringContaining('within a transaction'),
    })
    database.exec('ROLLBACK')
    await sink.write(batch<Count>(1000, ['a', 1]))
  })

  test('a commit is synced, and the setting of the program stays', async () => {
    const { database } = place()
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const levels: unknown[] = []
    const level = () => (database.prepare('PRAGMA synchronous').get() as { synchronous: number }).synchronous
    const exec = database.exec.bind(database)
    const watched: SqliteDatabase = {
      prepare: (statement) => database.prepare(statement),
      exec: (statement) => (statement === 'COMMIT' && levels.push(level()), exec(statement)),
    }
    const sink = await opened(watched)
    await sink.write(batch<Count>(1000, ['a', 1]))
    expect([...levels, level()]).toEqual([2, 2, 1])
  })

  test('two processes with one job: the one that was started last writes, and the other one is told', async () => {
    const { database, other } = place()
    const first = await opened(database)
    await first.write(batch<Count>(1000, ['a', 1]))
    const second = await opened(other)
    await expect(first.write(batch<Count>(2000, ['a', 2]))).rejects.toEqual(code('sink-overtaken'))
    await second.write(batch<Count>(2000, ['a', 2]))
    await second.write(batch<Count>(2000, ['a', 2]))
    expect(rows(other)).toEqual([['a', 1], ['a', 2]]) // prettier-ignore
  })

  test('a sink that is open, or not open, is told from one that is', async () => {
    const sink = sqliteSink<Count>({ database: place().database, ...COUNTS })
    await expect(sink.write(batch<Count>(1000))).rejects.toEqual(code('sink-not-open'))
    await sink.open!()
    await expect(sink.open!()).rejects.toEqual(code('sink-in-use'))
    await sink.close!()
    await sink.open!()
  })

  describe('sqliteQuery', () => {
    const sales: Count[][] = [[['tea', 1]], [['tea', 2]], [['tea', 3]]]

    test('is the static side of a join, and is read again by the batch at whose time it is too old', async () => {
      const { database } = place()
      database.exec(`CREATE TABLE items (item TEXT, price INT); INSERT INTO items VALUES ('tea', 10), ('air', 0)`)
      const t = new TestContext({ batchInterval: Seconds(1) })
      const row = ({ item, price }: { item: string; price: number }): Count => [item, price]
      const query = 'SELECT * FROM items WHERE price > ?'
      const prices = sqliteQuery(t.ssc, { database, query, values: [0], row, every: Seconds(2) })
      const out = t.output(t.inputPairs<string, number>(sales).join(prices))
      await t.run(1)
      database.exec('UPDATE items SET price = 20')
      await t.run()
      expect(out.batches).toEqual([[['tea', [1, 10]]], [['tea', [2, 10]]], [['tea', [3, 20]]]])
    })

    test('a query that SQLite refuses is an error of the batch, in words', async () => {
      const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
      t.output(sqliteQuery(t.ssc, { database: place().database, query: 'SELECT * FROM nowhere' }))
      await expect(t.run(1)).rejects.toMatchObject({
        code: 'sqlite-refused',
        message: expect.stringMatching(/Cannot read the rows of the query: SQLite says .*nowhere/),
      })
    })
  })
})

describe('refused at once:', () => {
  const database = { exec: () => {}, prepare: () => {} }
  const good = { database, table: 'counts', columns: { n: 'INT' } }
  test.each<[string, unknown, string]>([
    ['no options', undefined, 'bad-option'],
    ['no database', { ...good, database: undefined }, 'bad-option'],
    ['the path of a database', { ...good, database: 'counts.db' }, 'bad-option'],
    ['no columns', { database, table: 'a' }, 'bad-option'],
    ['a statement for a table', { ...good, table: 'a; DROP TABLE b' }, 'bad-option'],
    ['an unknown option', { ...good, databse: '' }, 'unknown-option'],
    ['upsert without a key', { ...good, mode: 'upsert' }, 'bad-option'],
  ])('%s', (_, options, wanted) => {
    expect(() => sqliteSink(options as never)).toThrow(code(wanted))
  })
  test('a query without one, and without a context', () => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    expect(() => sqliteQuery(ssc, { database } as never)).toThrow(code('bad-option'))
    expect(() => sqliteQuery({} as never, { database, query: 'SELECT 1' } as never)).toThrow(code('bad-option'))
  })
})
