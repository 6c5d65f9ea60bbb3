// Posts one record a request to a port over so many connections, each waiting for its answer, and counts the answers.
import { Pool } from 'undici'

const [port, connections, requests] = process.argv.slice(2).map(Number)
const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
const headers = { 'content-type': 'application/json' }

let sent = 0
const lane = async () => {
  while (sent < requests) {
    const body = JSON.stringify({ page: `/page/${sent++ % 1000}`, at: sent })
    const { statusCode, body: answer } = await pool.request({ path: '/clicks', method: 'POST', headers, body })
    await answer.dump()
    if (statusCode !== 202) throw new Error(`The answer was ${statusCode}`)
  }
}
const begin = performance.now()
await Promise.all(Array.from({ length: connections }, lane))
process.send({ ms: performance.now() - begin })
await pool.close()
