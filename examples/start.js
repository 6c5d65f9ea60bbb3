// @ts-check
// `npm start`: a simulated forum, the scraper, its feed and a job in one terminal. `npm start -- auteurs` picks the job.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const jobs = ['stickers', 'auteurs', 'pseudo', 'wordcount', 'topics']
const usage = `usage: npm start -- [${jobs.join('|')}|all]   (SCRAPER_PORT, BATCH_MS and PSEUDO are read from the environment)`
function here(/** @type {string} */ path) {
  return fileURLToPath(new URL(path, import.meta.url))
}

const chosen = process.argv[2] ?? 'stickers'
if (process.argv.length > 3 || !(jobs.includes(chosen) || chosen === 'all'))
  fail(`there is no job "${chosen}". ${usage}`, 2)
const running = chosen === 'all' ? jobs : [chosen]
const port = Number(process.env['SCRAPER_PORT'] || 6667)
if (!(Number.isInteger(port) && port > 0 && port < 65_536))
  fail(`SCRAPER_PORT must be a port; got "${process.env['SCRAPER_PORT']}".`, 2)
if (!(await isFree(port))) {
  fail(
    `port ${port}, for the feed, is in use. Choose another: SCRAPER_PORT=${port + 10} npm start${chosen === 'stickers' ? '' : ` -- ${chosen}`}`,
    1,
  )
}
if (
  !['dstream', 'jvc-receiver', 'jvc-scraper'].every((name) => existsSync(here(`../packages/${name}/dist/index.js`)))
) {
  const { status } = spawnSync(process.execPath, [here('../tools/build.mjs'), '--if-stale'], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

// The simulated forum starts over at each run, so the checkpoints of the jobs do too.
const memory = mkdtempSync(join(tmpdir(), 'dstream-start-'))
/** @type {import('node:child_process').ChildProcess[]} */
const children = []
/** @type {import('node:child_process').ChildProcess[]} */
let workers = []
/** @type {number | undefined} */
let stoppedAt
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    // npm and the terminal may both tell us; a later second time means: at once.
    if (stoppedAt !== undefined && Date.now() - stoppedAt > 1000) children.forEach((child) => child.kill('SIGKILL'))
    else void stop(0)
  })
}

// npm may be ended without a word to us: its shell passes nothing on.
const { ppid } = process
setInterval(() => {
  if (process.ppid !== ppid) void stop(0)
}, 500).unref()

const scraper = run(here('../packages/jvc-scraper/bin/jvc-scraper.js'), ['--simulate', '--port', String(port)], {})
await isListening(port)
console.log(`\nTables follow every ${Number(process.env['BATCH_MS'] || 3000) / 1000} s. Ctrl-C ends everything.\n`)
workers = running.map((job) => {
  const env = { SCRAPER_HOST: '127.0.0.1', SCRAPER_PORT: String(port), CHECKPOINT_DIR: join(memory, job) }
  return run(here(`./${job}.js`), [], env, running.length > 1 ? job : undefined)
})

/**
 * Starts a program of its own, in a group of its own: Ctrl-C reaches only this one, which stops the others in order. If
 * this one is killed, the others notice and stop too.
 *
 * @param {string} file @param {string[]} args @param {Record<string, string>} env @param {string} [label]
 */
function run(file, args, env, label) {
  const stdout = label === undefined ? 'inherit' : 'pipe'
  const child = spawn(
    process.execPath,
    ['--import', new URL('./with-parent.js', import.meta.url).href, file, ...args],
    {
      stdio: ['ignore', stdout, 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, ...env },
    },
  )
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => console.log(`${label?.padEnd(9)} | ${line}`))
  children.push(child)
  child.once('exit', (code) => {
    if (stoppedAt === undefined) void stop(code || 1)
  })
  return child
}

/** Jobs first, so that they have read what the scraper has sent. @param {number} code */
async function stop(code) {
  if (stoppedAt !== undefined) return
  stoppedAt = Date.now()
  await Promise.all(workers.map(ended))
  await ended(scraper)
  rmSync(memory, { recursive: true, force: true })
  process.exit(code)
}

/** @param {import('node:child_process').ChildProcess} child */
async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** @param {number} port */
async function isListening(port) {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  console.error(`npm start: ${message}`)
  process.exit(code)
}
