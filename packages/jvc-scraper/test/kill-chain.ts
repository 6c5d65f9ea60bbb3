import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startSimulator, type Simulator } from 'jvc-scraper/simulator'
import { freePort } from '../../../test/free-port.js'
import { RedisServer } from '../../../test/redis-server.js'
import { Client, until } from './test-chain.js'

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

export interface KillOptions {
  readonly seed: number
  /** In all; published in portions. */
  readonly posts: number
  /** Begins with the forum's own faults, see the simulator. */
  readonly faults: string
  /** Keeps bookmarks and log in a real Redis, which is killed too; else in files. */
  readonly redis: boolean
  /** The number of kills. */
  readonly kills: number
  /** Only the job is ended: four times with SIGKILL at any moment of its life, then once with SIGTERM, and so on. */
  readonly jobOnly?: boolean
}

/** The outcome of a kill chain. */
export interface KillResult {
  readonly simulator: Simulator
  /** The posts that a client with cursors received over all runs of the scraper. */
  readonly received: Client['posts']
  /** The job's count of each post. */
  readonly counted: ReadonlyMap<string, number>
  /** The job's count of each word. */
  readonly words: ReadonlyMap<string, number>
  readonly gaps: number
}

/** Returns a small seeded generator, so that the same programs are killed in each run. */
function randomOf(seed: number): () => number {
  let state = seed + 0x6d2b79f5
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A program that can be killed and started again. */
class Program {
  readonly #file: string
  readonly #args: string[]
  readonly #env: Record<string, string>
  #child: ChildProcess | undefined
  #said = ''

  constructor(file: string, args: string[], env: Record<string, string>) {
    this.#file = file
    this.#args = args
    this.#env = env
  }

  start(): void {
    const { DSTREAM_CI: _, ...inherited } = process.env
    this.#child = spawn(process.execPath, [this.#file, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...inherited, ...this.#env },
    })
    this.#child.stderr?.on('data', (chunk) => (this.#said = (this.#said + String(chunk)).slice(-2000)))
  }

  /** @throws when it has ended by itself, with its last words */
  async kill(): Promise<void> {
    if (typeof this.#child?.exitCode !== 'number') return this.end()
    throw new Error(`${this.#file} ended by itself with ${this.#child.exitCode}: ${this.#said}`)
  }

  /** @throws when it does not end with code 0 */
  async stop(): Promise<void> {
    const child = this.#child!
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
    if (child.exitCode !== 0) throw new Error(`${this.#file} stopped with ${child.exitCode}: ${this.#said}`)
  }

  async end(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
}

/** Publishes posts while scraper, job and Redis are killed again and again; ends when the job has counted everything. */
export async function killChain({ seed, posts, faults, redis, kills, jobOnly }: KillOptions): Promise<KillResult> {
  const random = randomOf(seed)
  const folder = await mkdtemp(join(tmpdir(), 'kill-chain-'))
  const out = join(folder, 'counts.json')
  const port = await freePort()
  const simulator = await startSimulator({ seed, rate: 0, faults })
  const server = redis ? await RedisServer.start() : undefined
  const stores = server === undefined ? ['--data', join(folder, 'data')] : []
  const args = [
    '--forum',
    simulator.forumUrl,
    '--from',
    'start',
    '--port',
    String(port),
    '--health-port',
    '0',
    '--list-every',
    '0.1',
    '--pace',
    '2000',
    ...stores,
  ]
  const scraper = new Program(
    path('../bin/jvc-scraper.js'),
    args,
    server === undefined ? {} : { REDIS_URL: server.url },
  )
  const job = new Program(path('./count-posts.mjs'), [], {
    SCRAPER_PORT: String(port),
    OUT: out,
    CHECKPOINT_DIR: join(folder, 'checkpoint'),
  })
  const reader = new Reader(port)
  const counts = async (file = out): Promise<Map<string, number>> =>
    new Map(JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as [string, number][])
  scraper.start()
  job.start()
  try {
    for (let kill = 0; kill < kills; kill++) {
      const before = reader.posts.length
      simulator.control({ do: 'publish', count: Math.ceil(posts / kills) })
      // At any time: sometimes at once, sometimes when some of it has arrived.
      const arrived = before + Math.floor(random() * (posts / kills))
      await until(() => reader.posts.length >= arrived, 60_000).catch(() => {})
      const victim = random()
      if (jobOnly === true) {
        if (kill % 5 === 4) {
          const { size } = await counts()
          await untilSoon(async () => (await counts()).size > size)
          await job.stop()
        } else {
          // From the start of the process to many batches later.
          await delay(victim * 1500)
          await job.kill()
        }
        job.start()
      } else if (server !== undefined && victim < 0.3) {
        await server.kill()
        await server.restart()
      } else if (victim < 0.6) {
        await job.kill()
        job.start()
      } else {
        await scraper.kill()
        scraper.start()
      }
    }
    const wanted = (): string[] =>
      simulator
        .truth()
        .filter(({ deletedAt }) => deletedAt === null)
        .map(({ id }) => id)
    await until(() => new Set(reader.posts.map(({ id }) => id)).size >= wanted().length, 120_000)
    await untilSoon(async () => {
      const seen = await counts()
      return wanted().every((id) => seen.has(id))
    })
    return {
      simulator,
      received: reader.posts,
      counted: await counts(),
      words: await counts(`${out}.words`),
      gaps: reader.gaps,
    }
  } finally {
    reader.close()
    await job.end()
    await scraper.end()
    await server?.close()
    await simulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Polls a condition for up to a minute; the test itself reports what is missing then. */
async function untilSoon(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end && !(await isSo());) await delay(100)
}

/** A client that comes back with its cursor whenever the scraper is gone. */
class Reader {
  readonly #port: number
  readonly posts: Client['posts'] = []
  gaps = 0
  #client: Client | undefined
  #cursor = ''
  #closed = false

  constructor(port: number) {
    this.#port = port
    void this.#run()
  }

  close(): void {
    this.#closed = true
    this.#client?.socket.destroy()
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const client = (this.#client = new Client(this.#port, this.#cursor))
      client.socket.on('error', () => {})
      const taken = { posts: 0, gaps: 0 }
      const take = (): void => {
        // Only posts whose cursor has arrived count; the line after it may have been cut off.
        this.posts.push(...client.posts.slice(taken.posts, client.cursors.length))
        taken.posts = client.cursors.length
        this.#cursor = client.cursors.at(-1) ?? this.#cursor
        this.gaps += client.gaps.length - taken.gaps
        taken.gaps = client.gaps.length
      }
      client.socket.on('data', take)
      await once(client.socket, 'close').catch(() => {})
      take()
      await delay(30)
    }
  }
}

/** Counts the words of the posts of the feed, as the job must have counted them. */
export function wordsOf(posts: Client['posts']): ReadonlyMap<string, number> {
  const words = new Map<string, number>()
  for (const { message } of posts) for (const word of message.split(/\s+/)) words.set(word, (words.get(word) ?? 0) + 1)
  return words
}
