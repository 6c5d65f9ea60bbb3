import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { csv } from 'dstream/csv'
import { readFileSink } from 'dstream/sinks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../test/free-port.js'

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dstream-example-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

function start(file: string, env: Record<string, string>) {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [path], { env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (out += String(text)))
  return {
    until: (condition: () => boolean): Promise<void> =>
      vi.waitFor(
        () => {
          if (!condition()) throw new Error(`not yet: ${out.slice(-2000)}`)
        },
        { timeout: 120_000, interval: 20 },
      ),
    shows: (text: string): boolean => out.includes(text),
    stop: async (): Promise<void> => {
      const exit = once(child, 'exit')
      child.kill('SIGINT')
      expect(await exit, out).toEqual([0, null])
    },
    kill: async (): Promise<void> => {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

const line = (status: number): string =>
  `127.0.0.1 - - [29/Nov/2026:10:00:00 +0000] "GET /a\\"b HTTP/1.1" ${status} 12 "-" "curl"\n`

test('access-log.js follows a log through its rotation, and calls the webhook with each rate of errors', async () => {
  const dir = await folder()
  const calls = new Map<string, { requests: number; errors: number }[]>()
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += String(piece)))
    request.on('end', () => {
      calls.set(String(request.headers['idempotency-key']), JSON.parse(body) as { requests: number; errors: number }[])
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const log = join(dir, 'access.log')
  await writeFile(log, line(200) + line(500) + 'nonsense\n')
  const env = {
    LOG: log,
    WEBHOOK: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    CHECKPOINT: join(dir, 'checkpoint'),
    BATCH_MS: '100',
    PERIOD_MS: '200',
    LIMIT: '0',
  }
  const sum = () =>
    [...calls.values()]
      .flat()
      .reduce((a, { requests, errors }) => ({ requests: a.requests + requests, errors: a.errors + errors }), {
        requests: 0,
        errors: 0,
      })
  const first = start('access-log.js', env)
  await first.until(() => sum().requests === 2)
  await rename(log, `${log}.1`)
  await appendFile(log, line(503))
  await first.until(() => sum().requests === 3)
  await first.kill()
  await appendFile(log, line(200) + line(404))
  const second = start('access-log.js', env)
  await second.until(() => sum().requests >= 5)
  await second.stop()
  expect(sum()).toEqual({ requests: 5, errors: 2 })
})

test('http-clicks.js counts each click once, over a kill and a repeated request', async () => {
  const dir = await folder()
  const port = await freePort()
  const env = { PORT: String(port), OUT: join(dir, 'out'), CHECKPOINT: join(dir, 'checkpoint'), BATCH_MS: '100' }
  const click = async (page: string, key: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const body = JSON.stringify({ page })
    return vi.waitFor(
      async () => (await fetch(`http://127.0.0.1:${port}/clicks`, { method: 'POST', headers, body })).status,
      { timeout: 120_000, interval: 50 },
    )
  }
  const first = start('http-clicks.js', env)
  expect([await click('/', 'a'), await click('/b', 'b')]).toEqual([202, 202])
  await first.kill()
  const second = start('http-clicks.js', env)
  expect([await click('/', 'a'), await click('/', 'c')]).toEqual([202, 202])
  await second.until(() => second.shows('/: 2'))
  await second.stop()
  const last = new Map<string, string>()
  const format = csv<{ page: string; clicks: string }>()
  for await (const { records } of readFileSink(env.OUT, { format })) {
    for (const { page, clicks } of records) last.set(page, clicks)
  }
  expect(Object.fromEntries(last)).toEqual({ '/': '2', '/b': '1' })
})
