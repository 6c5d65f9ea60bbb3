// The sink of PostgreSQL, beside a bare multi-row insert: the same rows in the same batches, a transaction each.
import { Milliseconds, StreamingContext } from 'dstream'
import { postgresSink } from 'dstream/postgres'
import pg from 'pg'
import { tsImport } from 'tsx/esm/api'
import { silent } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const { hasPostgres, PostgresServer } = await tsImport('../test/postgres-server.ts', import.meta.url)
if (!hasPostgres()) process.exit(0)

const BATCHES = 20
const ROWS = 5000

const server = await PostgresServer.start()
const client = new pg.Client({ connectionString: server.url })
await client.connect()

const batches = Array.from({ length: BATCHES }, (_, b) =>
  Array.from({ length: ROWS }, (_, i) => ({ id: b * ROWS + i, word: `word ${i % 997}`, price: i / 7 })),
)
let tables = 0
const table = async () => {
  const name = `rows${++tables}`
  await client.query(`CREATE TABLE ${name} (id bigint, word text, price double precision)`)
  return name
}
const mustHoldAll = async (name) => {
  const { rows } = await client.query(`SELECT count(*)::int AS n FROM ${name}`)
  if (rows[0].n !== BATCHES * ROWS) throw new Error(`${name} holds ${rows[0].n} rows`)
}

const placeholders = Array.from({ length: ROWS }, (_, i) => `($${3 * i + 1},$${3 * i + 2},$${3 * i + 3})`).join()
const byHand = async () => {
  const name = await table()
  for (const rows of batches) {
    await client.query('BEGIN')
    const values = rows.flatMap(({ id, word, price }) => [id, word, price])
    await client.query(`INSERT INTO ${name} (id, word, price) VALUES ${placeholders}`, values)
    await client.query('COMMIT')
  }
  await mustHoldAll(name)
}

const job = async () => {
  const name = await table()
  // Shorter than a write, so that no time passes between two batches.
  const ssc = new StreamingContext({ batchInterval: Milliseconds(5), appName: name, logger: silent })
  const sink = postgresSink({
    connection: server.url,
    table: name,
    columns: { id: 'bigint', word: 'text', price: 'double precision' },
    mode: 'append',
  })
  ssc.queueStream(batches.slice()).to(sink)
  let completed = 0
  const done = new Promise((resolve) =>
    ssc.on(
      'batchCompleted',
      ({ batchInfo }) => void (batchInfo.numRecords > 0 && ++completed === BATCHES && resolve()),
    ),
  )
  await ssc.start()
  await done
  await ssc.stop({ gracefully: true })
  await mustHoldAll(name)
}

const times = await alternately({ 'by hand': byHand, dstream: job }, { rounds: 7, warmUps: 2 })
const rate = (name) => (BATCHES * ROWS) / median(times[name])
report(`PostgreSQL, ${BATCHES} batches of ${ROWS} rows`, [
  { name: 'multi-row inserts by hand', value: rate('by hand'), unit: 'K rows/s' },
  { name: 'postgresSink', value: rate('dstream'), unit: 'K rows/s' },
  { name: 'postgresSink against by hand', value: ratio(times, 'dstream', 'by hand'), unit: '×', atLeast: 0.85 },
])

await client.end()
await server.close()
