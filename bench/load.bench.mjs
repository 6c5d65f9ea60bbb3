// The scraper under load: 60 topics, 50 requests a second, ten clients that read at once, one that reads slowly and one that
// does not read at all. MINUTES=10 for a long look at its memory.
import { fork, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median, report } from './measure.mjs'

const minutes = Number(process.env.MINUTES ?? 0.5)
const port = Number(process.env.PORT ?? 26667)
const good = 10
const logMiB = 4

const cli = fileURLToPath(new URL('../packages/jvc-scraper/bin/jvc-scraper.js', import.meta.url))
const forum = fork(fileURLToPath(new URL('load-forum.mjs', import.meta.url)))
const { url: simulator, forumUrl } = await new Promise((resolve) => forum.once('message', resolve))
const options = {
  forum: forumUrl,
  from: 'start',
  pace: 50,
  workers: 60,
  'list-every': 1,
  'log-size': logMiB,
  'max-pages-back': 500,
  port,
  'health-port': port + 1,
  'log-level': 'warn',
}
const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
const scraper = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
const status = async () => (await fetch(`${simulator}/__control`)).json()
for (;;) {
  const healthy = await fetch(`http://127.0.0.1:${port + 1}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (healthy) break
  await setTimeout(100)
}

/** Connects, asks for all that the log holds, and notes when each post came: by its id, and by its place in the log. */
const client = () => {
  const seen = new Map()
  const at = []
  const socket = createConnection(port, '127.0.0.1', () => socket.write('{"resume":""}\n'))
  createInterface({ input: socket }).on('line', (line) => {
    const { id, cursor } = JSON.parse(line)
    const now = Date.now()
    seen.set(id, now)
    at[Number(cursor.split(':')[1])] = now
  })
  return { socket, seen, at }
}
const clients = Array.from({ length: good }, client)
// Reads 64 KiB a second: less than what is published.
const slow = createConnection(port, '127.0.0.1').pause()
slow.on('error', () => {})
const sip = setInterval(() => slow.read(64 * 1024), 1000)
const stalled = createConnection(port, '127.0.0.1').pause()
stalled.on('error', () => {})

await setTimeout(3000)
const from = Date.now()
const before = await status()
const memory = []
/** How many posts the log held, and when. */
const looks = []
while (Date.now() - from < minutes * 60_000) {
  const asked = Date.now()
  const { log } = await (await fetch(`http://127.0.0.1:${port + 1}/health`)).json()
  looks.push({ at: asked, next: log.next })
  memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${scraper.pid}/status`, 'utf8'))?.[1]) / 1024)
  await setTimeout(100)
}
const perSecond = (((await status()).requests - before.requests) * 1000) / (Date.now() - from)

// No new posts; what the forum has shown is on its way, and then with all good clients.
await fetch(`${simulator}/__control?do=pause`, { method: 'POST' })
let posts
let missing
for (let left = 60; left > 0; left--) {
  posts = (await (await fetch(`${simulator}/__truth`)).text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  missing = clients.flatMap(({ seen }) => posts.filter(({ id }) => !seen.has(id))).length
  if (missing === 0) break
  await setTimeout(1000)
}
const delays = clients.flatMap(({ at }) => looks.map((look) => Math.max(0, (at[look.next - 1] ?? Infinity) - look.at)))

clearInterval(sip)
for (const socket of [...clients.map(({ socket }) => socket), slow, stalled]) socket.destroy()
const ended = new Promise((resolve) => scraper.once('exit', resolve))
scraper.kill('SIGTERM')
const code = await ended
forum.disconnect()
if (code !== 0) throw new Error(`The scraper ended with ${code}.`)

const half = Math.floor(memory.length / 2)
report(`${minutes} min of a feed, ${posts.length} posts: ${good} good clients, a slow and a stalled one`, [
  { name: 'requests to the forum', value: perSecond, unit: 'per s' },
  { name: 'posts that good clients have not received', value: missing, atMost: 0 },
  { name: 'from the log to a good client, median', value: median(delays), unit: 'ms' },
  { name: 'from the log to a good client, longest', value: Math.max(...delays), unit: 'ms', atMost: 1000 },
  { name: `memory of the scraper, a log of ${logMiB} MiB, first half`, value: Math.max(...memory.slice(0, half)), unit: 'MiB' }, // prettier-ignore
  { name: '  second half', value: Math.max(...memory.slice(half)), unit: 'MiB' },
])
