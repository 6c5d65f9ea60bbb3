import { Milliseconds, Seconds, StreamingContext, type Duration, type Logger } from 'dstream'
import { postgresQuery } from 'dstream/postgres'
import { TestContext } from 'dstream/testing'
import type { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasPostgres, PostgresServer } from '../../../../../test/postgres-server.js'

type Price = [item: string, price: number]
const sales: Price[][] = [[['tea', 1]], [['tea', 2]], [['tea', 3], ['cake', 1]]] // prettier-ignore

describe.skipIf(!hasPostgres())('postgresQuery, with a real PostgreSQL', () => {
  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await PostgresServer.start()
    client = await server.client()
    await client.query('CREATE TABLE items (item text, price int)')
  })
  afterAll(async () => {
    await client.end().catch(() => undefined)
    await server.close()
  })
  beforeEach(() => client.query(`TRUNCATE items; INSERT INTO items VALUES ('tea', 10)`))

  const lines: string[] = []
  const logger = { debug: () => {}, info: () => {}, warn: (_: object, line: string) => void lines.push(line), error: () => {} } satisfies Logger // prettier-ignore
  const joined = (every?: Duration) => {
    const t = new TestContext({ batchInterval: Seconds(1), logger })
    const prices = postgresQuery(t.ssc, {
      connection: server.url,
      query: 'SELECT item, price FROM items WHERE price > $1 ORDER BY item',
      values: [0],
      row: ({ item, price }): Price => [item as string, price as number],
      ...(every === undefined ? {} : { every }),
      startTimeout: Milliseconds(1),
    })
    return { t, out: t.output(t.inputPairs<string, number>(sales).join(prices)) }
  }

  test('is the static side of a join, read once', async () => {
    const { t, out } = joined()
    await t.run(1)
    await client.query('UPDATE items SET price = 20')
    await t.run()
    expect(out.batches).toEqual([[['tea', [1, 10]]], [['tea', [2, 10]]], [['tea', [3, 10]]]])
  })

  test('is read again by the batch at whose time it is too old', async () => {
    const { t, out } = joined(Seconds(2))
    await t.run(1)
    await client.query(`UPDATE items SET price = 20; INSERT INTO items VALUES ('cake', 5)`)
    await t.run()
    expect(out.batches).toEqual([[['tea', [1, 10]]], [['tea', [2, 10]]], [['cake', [1, 5]], ['tea', [3, 20]]]]) // prettier-ignore
  })

  test('keeps its rows while the server is away, says so, and is read again when it is back', async () => {
    const { t, out } = joined(Seconds(1))
    await t.run(1)
    await server.kill()
    lines.length = 0
    await t.run(1)
    await server.restart()
    client = await server.client()
    await client.query('UPDATE items SET price = 20')
    await t.run()
    expect(out.batches).toEqual([[['tea', [1, 10]]], [['tea', [2, 10]]], [['tea', [3, 20]]]])
    expect(lines).toEqual([
      expect.stringMatching(/^The query of postgresQuery could not be read again; its rows are 1000 ms old/),
    ])
  })

  test('a first reading that fails is an error of the batch, in words', async () => {
    const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
    t.output(postgresQuery(t.ssc, { connection: server.url, query: 'SELECT * FROM nowhere' }))
    await expect(t.run(1)).rejects.toMatchObject({
      code: 'postgres-refused',
      message: expect.stringMatching(
        /Cannot read the rows of the query: PostgreSQL at .*relation "nowhere" does not exist/,
      ),
    })
  })

  test('a row is an object of its columns, unless a function makes another of it', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const out = t.output(
      postgresQuery<{ item: string }>(t.ssc, { connection: server.url, query: 'SELECT item FROM items' }),
    )
    await t.run(1)
    expect(out.batches).toEqual([[{ item: 'tea' }]])
  })
})

describe('refused at once:', () => {
  const ssc = new StreamingContext({ batchInterval: Seconds(1) })
  test.each<[string, unknown, unknown, string]>([
    ['no context', {}, { query: 'SELECT 1' }, 'bad-option'],
    ['no query', ssc, {}, 'bad-option'],
    ['an unknown option', ssc, { query: 'SELECT 1', sql: '' }, 'unknown-option'],
    ['values that are none', ssc, { query: 'SELECT 1', values: 1 }, 'bad-option'],
    ['a row that is no function', ssc, { query: 'SELECT 1', row: 'a' }, 'bad-option'],
    ['a bare number for a time', ssc, { query: 'SELECT 1', every: 5 }, 'not-a-duration'],
  ])('%s', (_, context, options, wanted) => {
    expect(() => postgresQuery(context as never, options as never)).toThrow(expect.objectContaining({ code: wanted }))
  })
})
