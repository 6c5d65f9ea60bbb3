import { Milliseconds, RDDContext, Seconds, StreamingContext, Time, type DirectSink, type Logger } from 'dstream'
import { postgresSink, type PostgresSinkOptions } from 'dstream/postgres'
import { sinkContract, TestContext, type SinkPlace } from 'dstream/testing'
import { Pool, type Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BreakingWay, type Cut } from '../../../test/breaking-way.js'
import { hasPostgres, PostgresServer } from '../../../../../test/postgres-server.js'
import { loadPg } from './connection.js'

const sc = new RDDContext()
type Count = [word: string, n: number]
function batch<T>(time: number, ...records: T[]) {
  return { time: new Time(time), rdd: sc.parallelize(records) }
}
function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}
const COUNTS = { table: 'counts', columns: { word: 'text', n: 'bigint' }, createTable: true } as const

describe.skipIf(!hasPostgres())('with a real PostgreSQL', () => {
  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await PostgresServer.start()
    client = await server.client()
  })
  afterAll(async () => {
    await client.end().catch(() => undefined)
    await server.close()
  })
  beforeEach(async () => {
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO public')
  })

  const sinkOf = (options: Partial<PostgresSinkOptions<Count>> = {}) =>
    postgresSink<Count>({ connection: server.url, ...COUNTS, ...options })
  const upsert = { mode: 'upsert', key: 'word' } as const
  async function opened<T = Count>(options: Partial<PostgresSinkOptions<T>> = {}): Promise<DirectSink<T>> {
    const sink = postgresSink<T>({ connection: server.url, ...COUNTS, ...options })
    await sink.open!()
    return sink
  }
  const rows = async (statement = 'SELECT word, n::int AS n FROM counts') =>
    (await client.query<Record<string, unknown>>(statement)).rows.map((row) => Object.values(row))
  const replaceClient = async (): Promise<void> => {
    client = await server.client()
  }

  describe('sinkContract', () => {
    const place =
      (options: Partial<PostgresSinkOptions<Count>>): (() => Promise<SinkPlace<Count>>) =>
      async () => ({
        sink: () => sinkOf(options),
        record: (n) => [`word ${n}`, n],
        // Rows of one transaction have one batch.
        read: async () => (await rows('SELECT word, n::int AS n FROM counts ORDER BY xmin::text::bigint')) as Count[],
        takeAway: async () => {
          await server.kill()
          return async () => {
            await server.restart()
            await replaceClient()
          }
        },
      })
    const cases = (options: Partial<PostgresSinkOptions<Count>>) =>
      sinkContract(place(options)).map(({ name, run }): [string, () => Promise<void>] => [name, run])
    test.each(cases({}))('append: %s', (_, run) => run())
    test.each(cases(upsert))('upsert: %s', (_, run) => run())
  })

  test('upsert: the last record of a key counts, within a batch and over batches', async () => {
    const sink = await opened(upsert)
    await sink.write(batch<Count>(1000, ['a', 1], ['b', 2], ['a', 3]))
    await sink.write(batch<Count>(2000, ['b', 4], ['c', 5]))
    await sink.close!()
    expect(await rows('SELECT word, n::int FROM counts ORDER BY word')).toEqual([['a', 3], ['b', 4], ['c', 5]]) // prettier-ignore
  })

  test('upsert: keys of several columns are one where PostgreSQL says so, and a table may be all key', async () => {
    const sink = await opened<[string, string]>({
      columns: { price: 'numeric', item: 'text' },
      mode: 'upsert',
      key: ['item', 'price'],
    })
    await sink.write(batch<[string, string]>(1000, ['1', 'a'], ['1.0', 'a'], ['2', 'a']))
    await sink.write(batch<[string, string]>(2000, ['1.00', 'a']))
    await sink.close!()
    expect(await rows('SELECT price::int FROM counts ORDER BY price')).toEqual([[1], [2]])
  })

  test.each<[type: string, value: unknown, asText: string | null]>([
    ['text', 'a "b" \\ {c}, NULL', 'a "b" \\ {c}, NULL'],
    ['text', 'NULL', 'NULL'],
    ['text', '', ''],
    ['text', undefined, null],
    ['bigint', 2n ** 62n, String(2n ** 62n)],
    ['numeric(10, 2)', '1.005', '1.01'],
    ['double precision', Number.NaN, 'NaN'],
    ['double precision', -Infinity, '-Infinity'],
    ['boolean', false, 'false'],
    ['timestamptz', new Date('2026-02-03T04:05:06.789Z'), '2026-02-03 04:05:06.789+00'],
    ['timestamp', new Date('2026-02-03T04:05:06.789Z'), '2026-02-03 04:05:06.789'],
    ['timestamptz', new Time(1000), '1970-01-01 00:00:01+00'],
    ['bigint', new Time(1000), '1000'],
    ['date', '2026-02-03', '2026-02-03'],
    ['bytea', Uint8Array.of(0, 255, 34), '\\x00ff22'],
    ['jsonb', { a: ['"', null, 1.5] }, '{"a": ["\\"", null, 1.5]}'],
    ['jsonb', 'text', '"text"'],
    ['jsonb', [1, 2], '[1, 2]'],
    ['json', null, null],
    ['text', { a: 1 }, '{"a":1}'],
    ['text[]', ['a', null, 'b,"c"'], '{a,NULL,"b,\\"c\\""}'],
    ['integer[]', [[1, 2], [3, 4]], '{{1,2},{3,4}}'], // prettier-ignore
    ['integer[]', [], '{}'],
    ['jsonb[]', [{ a: 1 }, [2]], '{"{\\"a\\": 1}",[2]}'],
    ['uuid', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '6f9619ff-8b86-d011-b42d-00c04fc964ff'],
    ['inet', '10.0.0.1', '10.0.0.1/32'],
  ])('a %s takes %o', async (type, value, asText) => {
    const sink = await opened<unknown[]>({ columns: { c: type } })
    await client.query("SET timezone = 'UTC'")
    await sink.write(batch(1000, [value]))
    await sink.close!()
    expect(await rows('SELECT c::text FROM counts')).toEqual([[asText]])
  })

  test.each<[what: string, type: string, value: unknown, said: RegExp]>([
    ['a text in a number', 'bigint', 'x', /invalid input syntax for type bigint/],
    ['a number that is too large', 'smallint', 70_000, /out of range/],
    ['NUL in a text', 'text', 'a\0b', /invalid byte sequence/],
    ['a function', 'text', () => 1, /"c" is a function/],
    ['a Map as JSON', 'jsonb', new Map(), /no Map and no Set/],
    ['a cycle', 'jsonb', cyclic(), /circular/],
    ['no date', 'timestamptz', new Date(NaN), /Invalid time value/],
    ['a row that a check refuses', 'integer CHECK (c < 10)', 10, /violates check constraint/],
  ])('%s is an error of its record, and nothing of its batch is written', async (_, type, value, said) => {
    await client.query(`CREATE TABLE counts (c ${type})`)
    const sink = await opened<unknown[]>({ columns: { c: type.split(' ')[0]! } })
    const good = Array.from({ length: 6000 }, () => [null])
    await expect(sink.write(batch<unknown[]>(1000, ...good, [value], [null], [value]))).rejects.toMatchObject({
      code: 'record-error',
      record: [value],
      message: expect.stringMatching(said),
    })
    expect(await rows('SELECT count(*)::int FROM counts')).toEqual([[0]])
    await sink.write(batch<unknown[]>(2000, [null]))
    await sink.close!()
    expect(await rows('SELECT count(*)::int FROM counts')).toEqual([[1]])
  })

  test('a key that is there twice is an error of its record', async () => {
    await client.query('CREATE TABLE counts (word text PRIMARY KEY, n bigint)')
    const sink = await opened()
    const words = Array.from({ length: 100 }, (_, i): Count => [`w${i % 77}`, i])
    await expect(sink.write(batch<Count>(1000, ...words))).rejects.toMatchObject({ record: ['w0', 77] })
    await sink.close!()
  })

  test.each<[what: string, row: ((record: unknown, time: Time) => never) | undefined, record: unknown, said: RegExp]>([
    [
      'a property of another name',
      undefined,
      { word: 'a', N: 1 },
      /has no property "n", and has "N".*\{ word: …, n: … \}/,
    ],
    ['too many values', undefined, ['a', 1, 2], /\["a", 1, 2\] has 3 values/],
    ['no row', undefined, 'a', /the row is "a"/],
    ['a function that throws', () => { throw new Error('no row for it') }, ['a', 1], /no row for it/], // prettier-ignore
  ])('a record with %s is refused in words', async (_, row, record, said) => {
    const sink = await opened<unknown>({ row })
    await expect(sink.write(batch(1000, record))).rejects.toMatchObject({
      code: 'record-error',
      message: expect.stringMatching(said),
    })
    await sink.close!()
  })

  test('a row may hold the time of its batch', async () => {
    const sink = await opened<string>({
      columns: { word: 'text', at: 'timestamptz' },
      row: (word, at) => ({ at, word }),
    })
    await sink.write(batch(1000, 'a'))
    await sink.close!()
    expect(await rows('SELECT word, at FROM counts')).toEqual([['a', new Date(1000)]])
  })

  const NO_TABLE = { createTable: false }
  test.each<[what: string, sql: string, options: Partial<PostgresSinkOptions<Count>>, wanted: string, said: RegExp]>([
    ['no table', '', NO_TABLE, 'table-missing', /no table counts.*\nCREATE TABLE counts \("word" text, "n" bigint\);$/],
    ['no table to upsert', '', { ...NO_TABLE, ...upsert }, 'table-missing', /"n" bigint, PRIMARY KEY \("word"\)\);$/],
    [
      'a column is missing',
      'CREATE TABLE counts (word text, N1 bigint)',
      {},
      'table-not-fitting',
      /no column "n"; did you mean "n1"\?/,
    ],
    [
      'another type',
      'CREATE TABLE counts (word text, n int)',
      {},
      'table-not-fitting',
      /column "n" is integer and not bigint/,
    ],
    [
      'a value is missing',
      'CREATE TABLE counts (word text, n bigint, x int NOT NULL, y int NOT NULL DEFAULT 1)',
      {},
      'table-not-fitting',
      /does not fit: its column "x" is NOT NULL without a default[^;]*$/,
    ],
    [
      'a generated column',
      'CREATE TABLE counts (word text, n bigint GENERATED ALWAYS AS (1) STORED)',
      {},
      'table-not-fitting',
      /"n" is generated/,
    ],
    [
      'no unique index',
      'CREATE TABLE counts (word text, n bigint)',
      upsert,
      'table-not-fitting',
      /unique index on word.*\nCREATE UNIQUE INDEX ON counts \("word"\);$/,
    ],
    [
      'a partial index',
      'CREATE TABLE counts (word text, n bigint); CREATE UNIQUE INDEX ON counts (word) WHERE n > 1',
      upsert,
      'table-not-fitting',
      /unique index/,
    ],
    [
      'an index on more',
      'CREATE TABLE counts (word text, n bigint, PRIMARY KEY (word, n))',
      upsert,
      'table-not-fitting',
      /unique index/,
    ],
    [
      'an unknown type',
      '',
      { columns: { word: 'txt', n: 'bigint' } },
      'bad-option',
      /type of the column "word" must be a type that PostgreSQL knows.*not "txt"/,
    ],
    ['no type at all', '', { columns: { word: 'text text', n: 'bigint' } }, 'bad-option', /not "text text"/],
    ['a serial', '', { columns: { word: 'text', n: 'bigserial' } }, 'bad-option', /left out of columns/],
    [
      'no schema',
      '',
      { ledger: 'elsewhere.batches' },
      'table-missing',
      /no table elsewhere\.batches for the times of batches.*\nCREATE TABLE elsewhere\.batches/,
    ],
    ['another table for the ledger', 'CREATE TABLE dstream_batches (a int)', {}, 'postgres-refused', /column "sink"/],
  ])('%s: the start is refused in words', async (_, sql, options, wanted, said) => {
    await client.query(sql)
    await expect(opened(options)).rejects.toMatchObject({
      code: wanted,
      message: expect.stringMatching(new RegExp(said, 's')),
    })
  })

  test('an index on the key with further columns beside it, in any order, is one', async () => {
    await client.query('CREATE TABLE counts (word text, n bigint, m int, UNIQUE (n, word) INCLUDE (m))')
    await (
      await opened({ mode: 'upsert', key: ['word', 'n'] })
    ).close!()
  })

  test('rights are checked at the start', async () => {
    await client.query('DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN; CREATE TABLE counts (word text PRIMARY KEY, n bigint)') // prettier-ignore
    await client.query('REVOKE ALL ON SCHEMA public FROM public; GRANT USAGE ON SCHEMA public TO weak')
    const connection = server.url.replace('dstream@', 'weak@')
    await expect(opened({ connection, ...upsert })).rejects.toMatchObject({
      message: expect.stringMatching(/"weak" has no right to INSERT on it; .*UPDATE on it; .*SELECT on it/),
    })
    await client.query('GRANT INSERT, UPDATE, SELECT ON counts TO weak')
    await expect(opened({ connection, ...upsert })).rejects.toMatchObject({
      code: 'table-missing',
      message: expect.stringMatching(
        /no table dstream_batches .*cannot be created: permission denied for schema public/,
      ),
    })
  })

  test('names and schemas are as SQL has them', async () => {
    await client.query('CREATE SCHEMA "My Shop"')
    const sink = await opened<{ 'a "b"': number }>({ table: '"My Shop"."T ""1"""', columns: { 'a "b"': 'integer' } })
    await sink.write(batch(1000, { 'a "b"': 7 }))
    await sink.close!()
    expect(await rows('SELECT "a ""b""" FROM "My Shop"."T ""1"""')).toEqual([[7]])
  })

  // ── the server is away ─────────────────────────────────────────────────────────────────────────────────────────────

  test.each<Cut['way']>(['request', 'reply'])(
    'a connection that breaks at any %s: each batch counts once',
    async (lost) => {
      const way = await BreakingWay.to(server.port)
      const connection = server.url.replace(String(server.port), String(way.port))
      const write = async (sink: DirectSink<Count>, time: number): Promise<void> => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await sink.write(batch<Count>(time, ['a', time], ['b', 1]))
          } catch (error) {
            // The one cut of each run is an absence that passes, at whatever piece it comes.
            expect([attempt, sink.isTransient!(error)]).toEqual([1, true])
          }
        }
      }
      const run = async (cut: Cut | undefined): Promise<void> => {
        await client.query('DROP TABLE IF EXISTS counts, dstream_batches')
        Object.assign(way.pieces, { request: 0, reply: 0 })
        way.cut = cut
        const sink = await opened({ connection })
        for (const time of [1000, 2000]) await write(sink, time)
        await sink.close!()
        expect(await rows('SELECT count(*)::int, sum(n)::int FROM counts'), JSON.stringify(cut)).toEqual([[4, 3002]])
        expect(way.cut, `${JSON.stringify(cut)} was reached`).toBeUndefined()
      }
      await run(undefined)
      const pieces = way.pieces[lost]
      expect(pieces).toBeGreaterThan(10)
      // The number of pieces may differ from run to run, so the last ones may not be reached.
      for (let piece = 0; piece < pieces - 2; piece++) {
        for (const half of [false, true]) await run({ way: lost, piece, half })
      }
      await way.close()
    },
  )

  test('a half-open connection: the attempt ends in time, and its locks do not keep the next one', async () => {
    const way = await BreakingWay.to(server.port)
    const connection = server.url.replace(String(server.port), String(way.port))
    const sink = await opened({ connection, timeout: Milliseconds(700) })
    await sink.write(batch<Count>(1000, ['a', 1]))
    // The transaction stands still with the lock of the ledger, on a connection that neither side knows to be gone.
    way.stall()
    await expect(sink.write(batch<Count>(2000, ['a', 2]))).rejects.toMatchObject({
      code: 'postgres-away',
      message: expect.stringContaining('no answer within 700 ms'),
    })
    await writeUntilDone(sink, 2000)
    await sink.close!()
    await way.close()
    expect(await rows()).toEqual([['a', 1], ['a', 2]]) // prettier-ignore
  })

  async function writeUntilDone(sink: DirectSink<Count>, time: number): Promise<void> {
    for (;;) {
      try {
        return await sink.write(batch<Count>(time, ['a', time / 1000]))
      } catch (error) {
        if (!sink.isTransient!(error)) throw error
      }
    }
  }

  test('a slow way is only slow', async () => {
    const way = await BreakingWay.to(server.port)
    way.delayMs = 5
    const sink = await opened({ connection: server.url.replace(String(server.port), String(way.port)) })
    await sink.write(batch<Count>(1000, ['a', 1]))
    await sink.close!()
    await way.close()
    expect(await rows()).toEqual([['a', 1]])
  })

  test('the server is away at the start: it is waited for, and the log says so', async () => {
    await server.kill()
    const lines: string[] = []
    const logger = { warn: (_: object, line: string) => void lines.push(line) } as Logger
    const sink = sinkOf()
    const opening = sink.open!({ job: 'j', output: 'o', wrapStorage: (storage) => storage, logger })
    await server.restart()
    await replaceClient()
    await opening
    await sink.close!()
    expect(lines).toEqual([
      expect.stringMatching(/the table counts.*127\.0\.0\.1:\d+\/postgres is away.*It is waited for\.$/),
    ])
  })

  test('the server stays away: the start fails in words, and the context is stopped', async () => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1), logger: silent() })
    ssc
      .constantStream(ssc.sc.parallelize<Count>([['a', 1]]))
      .to(sinkOf({ connection: 'postgres://dstream@127.0.0.1:1/postgres', startTimeout: Milliseconds(1) }))
    await expect(ssc.start()).rejects.toMatchObject({
      code: 'postgres-away',
      message: expect.stringMatching(/127\.0\.0\.1:1\/postgres is away \(connect ECONNREFUSED/),
    })
    expect(ssc.getState()).toBe('STOPPED')
  })

  test.each<[string, (url: string) => string, RegExp]>([
    ['a wrong password', (url) => url.replace('dstream@', 'locked:secret@'), /password authentication failed/],
    ['no password', (url) => url.replace('dstream@', 'locked@'), /password must be a string/],
    ['no such user', (url) => url.replace('dstream@', 'stranger@'), /role "stranger" does not exist/],
    ['no such database', (url) => url.replace('/postgres', '/shop'), /database "shop" does not exist/],
  ])('%s is refused at once, and the password is not shown', async (_, change, said) => {
    await client.query(`DROP ROLE IF EXISTS locked; CREATE ROLE locked LOGIN PASSWORD 'right'`)
    const error: unknown = await opened({ connection: change(server.url), startTimeout: Seconds(600) }).catch((e: unknown) => e) // prettier-ignore
    expect(error).toMatchObject({ code: 'postgres-refused', message: expect.stringMatching(said) })
    expect((error as Error).message).not.toContain('secret')
  })

  test.each(['57P01', '53300', '40P01', '53100', '55P03'])('SQLSTATE %s passes by itself', async (state) => {
    const sink = await opened()
    await client.query(`
      CREATE FUNCTION fail() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$ LANGUAGE plpgsql;
      CREATE TRIGGER fail BEFORE INSERT ON counts EXECUTE FUNCTION fail()`)
    const error: unknown = await sink.write(batch<Count>(1000, ['a', 1])).catch((e: unknown) => e)
    expect([error, sink.isTransient!(error)]).toEqual([code('postgres-away'), true])
    await sink.close!()
  })

  // ── two of one kind ────────────────────────────────────────────────────────────────────────────────────────────────

  test('two processes with one job: the one that was started last writes, and the other one is told', async () => {
    const first = await opened()
    await first.write(batch<Count>(1000, ['a', 1]))
    const second = await opened()
    await expect(first.write(batch<Count>(2000, ['a', 2]))).rejects.toEqual(code('sink-overtaken'))
    await second.write(batch<Count>(2000, ['a', 2]))
    await Promise.all([first.close!(), second.close!()])
    expect(await rows()).toEqual([['a', 1], ['a', 2]]) // prettier-ignore
  })

  test('two sinks on one table have ids of their own', async () => {
    const sinks = await Promise.all(['one', 'two'].map((id) => opened({ id })))
    for (const sink of sinks) await sink.write(batch<Count>(1000, ['a', 1]))
    for (const sink of sinks) await sink.close!()
    expect(await rows()).toEqual([['a', 1], ['a', 1]]) // prettier-ignore
    expect(await rows('SELECT sink, batch_time::int FROM dstream_batches ORDER BY sink')).toEqual([['one', 1000], ['two', 1000]]) // prettier-ignore
  })

  test('many processes create the table and the ledger at one moment', async () => {
    const sinks = await Promise.all(Array.from({ length: 8 }, (_, i) => opened({ id: `sink ${i}` })))
    for (const sink of sinks) await sink.close!()
    expect(await rows('SELECT count(*)::int FROM dstream_batches')).toEqual([[8]])
  })

  test('a sink that is open, or not open, is told from one that is', async () => {
    const sink = sinkOf()
    await expect(sink.write(batch<Count>(1000))).rejects.toEqual(code('sink-not-open'))
    await sink.open!()
    await expect(sink.open!()).rejects.toEqual(code('sink-in-use'))
    await sink.close!()
    await sink.open!()
    await sink.close!()
  })

  test('a pool of the program is used, and stays open', async () => {
    const pool = new Pool({ connectionString: server.url, max: 2 })
    const sink = await opened({ connection: undefined, pool })
    await sink.write(batch<Count>(1000, ['a', 1]))
    await sink.close!()
    expect([(await pool.query('SELECT 1 AS one')).rowCount, pool.totalCount, pool.idleCount]).toEqual([1, 1, 1])
    await pool.end()
  })

  test('a commit is durable, whatever the database says', async () => {
    await client.query('ALTER DATABASE postgres SET synchronous_commit = off')
    try {
      await client.query(`CREATE TABLE counts (word text, n bigint);
        CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN NEW.word = current_setting('synchronous_commit'); RETURN NEW; END $$ LANGUAGE plpgsql;
        CREATE TRIGGER note BEFORE INSERT ON counts FOR EACH ROW EXECUTE FUNCTION note()`)
      const sink = await opened()
      await sink.write(batch<Count>(1000, ['a', 1]))
      await sink.close!()
    } finally {
      await client.query('ALTER DATABASE postgres RESET synchronous_commit')
    }
    expect(await rows()).toEqual([['on', 1]])
  })

  test('a record that is refused stops the job with it, and onFailure skip goes on', async () => {
    const jobOf = (onFailure: 'stop' | 'skip'): TestContext => {
      const t = new TestContext({ batchInterval: Seconds(1), onFailure })
      t.input<Count>([[['a', 1]], [['b', 'x' as never]], [['c', 3]]]).to(sinkOf())
      return t
    }
    await expect(jobOf('stop').run()).rejects.toMatchObject({ code: 'postgres-refused' })
    await client.query('DROP TABLE counts, dstream_batches')
    const t = jobOf('skip')
    await t.run().catch(() => undefined)
    await t.run(2)
    await t.stop()
    expect(await rows()).toEqual([['a', 1], ['c', 3]]) // prettier-ignore
  })
})

describe('refused at once:', () => {
  const good = { table: 'counts', columns: { n: 'bigint' } }
  test.each<[string, unknown, string]>([
    ['no options', undefined, 'bad-option'],
    ['no columns', { table: 'a' }, 'bad-option'],
    ['columns without one', { table: 'a', columns: {} }, 'bad-option'],
    ['a statement for a table', { ...good, table: 'a; DROP TABLE b' }, 'bad-option'],
    ['a statement for a type', { ...good, columns: { n: "int DEFAULT 'x'" } }, 'bad-option'],
    ['an unknown option', { ...good, tabel: '' }, 'unknown-option'],
    ['upsert without a key', { ...good, mode: 'upsert' }, 'bad-option'],
    ['a key that is no column', { ...good, mode: 'upsert', key: ['m'] }, 'bad-option'],
    ['a key for append', { ...good, key: 'n' }, 'bad-option'],
    ['another mode', { ...good, mode: 'replace' }, 'bad-option'],
    ['a bare number for a time', { ...good, timeout: 5 }, 'not-a-duration'],
    ['a pool and a connection', { ...good, connection: 'postgres://x', pool: new Pool() }, 'bad-option'],
    ['a pool of another kind', { ...good, pool: {} }, 'bad-option'],
    ['a connection of another kind', { ...good, connection: 5432 }, 'bad-option'],
  ])('%s', (_, options, wanted) => {
    expect(() => postgresSink(options as never)).toThrow(code(wanted))
  })

  test('a program without pg, with the command that installs it', async () => {
    const missing = Object.assign(new Error("Cannot find package 'pg' imported from x"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    const other = Object.assign(new Error("Cannot find package 'pg-types'"), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(loadPg('postgresSink', () => Promise.reject(missing))).rejects.toMatchObject({
      code: 'pg-missing',
      message: expect.stringContaining('npm install pg'),
    })
    await expect(loadPg('postgresSink', () => Promise.reject(other))).rejects.toBe(other)
  })
})

function cyclic(): object {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

function silent(): Logger {
  return { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
}
