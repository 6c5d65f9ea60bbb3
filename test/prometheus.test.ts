import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Milliseconds, StreamingContext } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { freePort } from './free-port.js'

// The metrics as a real Prometheus reads them, and the queries of the dashboard on what it has scraped.

/** Looks for Prometheus. In CI (`DSTREAM_CI`) the answer is yes, so that its tests fail when it is missing. */
function hasPrometheus(): boolean {
  const found = ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0)
  if (found || process.env['DSTREAM_CI']) return true
  console.warn('No prometheus on the PATH: its tests are left out. apt-get install prometheus')
  return false
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const dashboard = fileURLToPath(new URL('../docs/grafana-dashboard.json', import.meta.url))

describe.skipIf(!hasPrometheus())('Prometheus', () => {
  let ssc: StreamingContext
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dstream-prometheus-'))
    ssc = new StreamingContext({
      appName: 'words',
      batchInterval: Milliseconds(100),
      storage: memoryStorage(),
      logger: silent,
      onFailure: 'skip',
      retry: { attempts: 1 },
      ui: { port: 0 },
    })
    const rows = ssc.rateStream(1000)
    async function* forever(): AsyncGenerator<number> {
      for (let i = 0; ; i++) yield await new Promise<number>((resolve) => setTimeout(resolve, 5, i))
    }
    const pairs = ssc
      .fromAsyncIterable(forever())
      .union(rows)
      .mapToPair((n) => [n % 7, 1])
    pairs
      .updateStateByKey((values, total: number | undefined) => (total ?? 0) + values.length)
      .foreachRDD(() => undefined)
    let batches = 0
    rows.foreachRDD(() => {
      if (++batches % 5 === 0) throw new Error('away')
    })
    await ssc.start()
  })
  afterAll(async () => {
    await ssc.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('promtool finds nothing to say about the metrics', async () => {
    const text = await (await fetch(`${ssc.uiUrl}/metrics`)).text()
    // Names of Node's own metrics are prom-client's.
    const own = text.split('\n').filter((line) => /^(# (HELP|TYPE) )?dstream_/.test(line))
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: `${own.join('\n')}\n`,
      encoding: 'utf8',
    })
    expect({ said: stdout + stderr, status }).toEqual({ said: '', status: 0 })
  })

  test('every query of the dashboard gives something for a job that has run', async () => {
    const port = await freePort()
    const config = join(folder, 'prometheus.yml')
    const job = { job_name: 'dstream', static_configs: [{ targets: [new URL(ssc.uiUrl!).host] }] }
    await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }))
    const listen = `--web.listen-address=127.0.0.1:${port}`
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, listen]
    const server = spawn('prometheus', args, { stdio: 'ignore' })
    const ended = once(server, 'exit')
    try {
      const { panels } = JSON.parse(await readFile(dashboard, 'utf8')) as {
        panels: { title: string; targets: { expr: string }[] }[]
      }
      const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })))
      expect(queries.length).toBeGreaterThan(12)
      for (const { title, expr } of queries) {
        const query = expr.replaceAll('$app', '.*')
        // Nothing is behind in this job, so the condition is left out.
        await until(async () => (await ask(port, query.replace(/ > 0$/, ''))) > 0, `${title}: ${query}`)
      }
    } finally {
      server.kill()
      await ended
    }
  })
})

/** Returns the number of series that a query gives. */
async function ask(port: number, query: string): Promise<number> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data, error } = (await answer.json()) as { data?: { result: unknown[] }; error?: string }
    // It answers 503 while it starts.
    if (error !== undefined && answer.status === 400) throw new TypeError(`${query}: ${error}`)
    return data?.result.length ?? 0
  } catch (error) {
    if (error instanceof TypeError && error.message.includes(query)) throw error
    return 0
  }
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Nothing came of ${what}`)
}
