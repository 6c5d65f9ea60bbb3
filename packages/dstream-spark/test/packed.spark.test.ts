import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { findSpark } from '../src/submit/find-spark.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'dstream-packed-'))
afterAll(() => rmSync(project, { recursive: true }))

/** Five thousand words, the first of them most often. */
const lines = Array.from({ length: 1000 }, (_, i) => Array.from({ length: 5 }, (_, j) => `w${(i * j) % 23}`).join(' '))

/** Runs the program until its table of totals is complete, ends it as Ctrl-C does, and returns that table. */
async function table(command: readonly string[], total: string): Promise<string> {
  const child = spawn(process.execPath, command, {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SPARK_HOME: findSpark({ run: () => ({ status: 1, text: '' }) }).home },
  })
  let printed = ''
  // A second signal would end the job at once.
  let isAsked = false
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (isAsked || !printed.includes(total)) return
    isAsked = true
    child.kill('SIGINT')
  })
  const [code] = (await once(child, 'close')) as [number | null]
  expect(code).toBe(0)
  // The last batch has no words, and the totals of all.
  const from = printed.lastIndexOf(total)
  return printed.slice(from, printed.indexOf('\n\n', from))
}

test("README's first program prints the same tables from packed packages in an empty project", async () => {
  const tarballs = ['dstream', 'dstream-spark'].map((name) => {
    const out = execFileSync('npm', [
      'pack',
      join(root, 'packages', name),
      '--json',
      '--silent',
      '--pack-destination',
      project,
    ])
    return join(project, (JSON.parse(out.toString()) as [{ filename: string }])[0].filename)
  })
  writeFileSync(join(project, 'package.json'), '{ "private": true }')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--silent', ...tarballs], {
    cwd: project,
  })

  const server = createServer((socket) => socket.on('error', () => undefined).write(`${lines.join('\n')}\n`))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const program = /```js\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))![1]!
  writeFileSync(join(project, 'words.mjs'), program.replace("'localhost', 9999", `'127.0.0.1', ${port}`))

  const most = lines.flatMap((line) => line.split(' ')).filter((word) => word === 'w0').length
  const total = `(w0,${most})`
  const here = await table(['words.mjs'], total)
  const there = await table(['node_modules/.bin/dstream-spark', 'run', 'words.mjs', '--master', 'local[2]'], total)
  server.close()
  expect(there).toBe(here)
  expect(here.split('\n').length).toBeGreaterThanOrEqual(10)
})
