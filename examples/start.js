// @ts-check
// `npm start`: a simulated forum, the scraper, its feed and a job in one terminal. `npm start -- auteurs` picks the job.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const jobs = ['stickers', 'auteurs', 'pseudo', 'wordcount', 'topics']
const usage = `usage: npm start -- [${jobs.join('|')}|all]   (SCRAPER_PORT, UI_PORT, BATCH_MS and PSEUDO are read from the environment)`
function here(/** @type {string} */ path) {
  return fileURLToPath(new URL(path, import.meta.url))
}

const chosen = process.argv[2] ?? 'stickers'
if (process.argv.length > 3 || !(jobs.includes(chosen) || chosen === 'all'))
  fail(`there is no job "${chosen}". ${usage}`, 2)
const port = portIn('SCRAPER_PORT', 6667)
const uiPort = portIn('UI_PORT', 4040)
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

// The page shows the pictures of the simulated forum, so that nothing needs the internet.
const forumPort = await anyFreePort()
const forum = ['--simulate', '--simulator-port', String(forumPort), '--port', String(port)]
const scraper = run(here('../packages/jvc-scraper/bin/jvc-scraper.js'), forum, {})
await isListening(port)
console.log(`\nTables follow every ${Number(process.env['BATCH_MS'] || 3000) / 1000} s. Ctrl-C ends everything.\n`)
workers = [
  run(here(`./${chosen}.js`), [], {
    SCRAPER_HOST: '127.0.0.1',
    SCRAPER_PORT: String(port),
    UI_PORT: String(uiPort),
    PICTURES: `http://127.0.0.1:${forumPort}`,
    CHECKPOINTS: memory,
    ...(chosen === 'all' && { LABELS: '1' }),
  }),
]

/**
 * Starts a program of its own, in a group of its own: Ctrl-C reaches only this one, which stops the others in order. If
 * this one is killed, the others notice and stop too.
 *
 * @param {string} file @param {string[]} args @param {Record<string, string>} env
 */
function run(file, args, env) {
  const child = spawn(
    process.execPath,
    ['--import', new URL('./with-parent.js', import.meta.url).href, file, ...args],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, ...env },
    },
  )
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

/** @param {string} name @param {number} otherwise */
function portIn(name, otherwise) {
  const given = Number(process.env[name] || otherwise)
  if (Number.isInteger(given) && given > 0 && given < 65_536) return given
  return fail(`${name} must be a port; got "${process.env[name]}".`, 2)
}

/** @returns {Promise<number>} */
function anyFreePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(free))
    })
  })
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
