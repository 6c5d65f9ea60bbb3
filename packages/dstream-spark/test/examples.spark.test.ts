import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Post } from 'jvc-receiver/feed'
import { wordsOf } from '../../../examples/text.js'
import { freePort } from '../../../test/free-port.js'
import { FeedRelay, simulatedPosts } from './feed-relay.js'
import { endJobs, mustBeWell, startJob, type Ended } from './run-job.js'
import { eventLog, eventsIn } from './spark-events.js'

// The forum's jobs on a feed of recorded posts, embedded and on Spark. What is in a batch is up to the clock, so that each batch
// is held against a plain loop over the posts up to its last one: equal for both ways of running, batch by batch.

const root = fileURLToPath(new URL('../../..', import.meta.url))
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'dstream-examples-'))
let posts: readonly Post[]
let relay: FeedRelay
beforeAll(async () => {
  posts = await simulatedPosts(1500)
  relay = await FeedRelay.listen(posts)
})
afterEach(endJobs)
afterAll(() => {
  relay.close()
  rmSync(folder, { recursive: true })
})

/** Returns the rows that `print` shows of the largest totals, after each post. */
function tables(n: number, count: (post: Post) => readonly string[], row: (key: string) => string): string[] {
  const totals = new Map<string, number>()
  const table = (): string => {
    const sorted = [...totals].sort(([, a], [, b]) => b - a)
    const rows = sorted.slice(0, n).map(([key, total]) => `(${row(key)},${total})`)
    return [...rows, ...(sorted.length > n ? ['...'] : [])].join('\n')
  }
  return [
    table(),
    ...posts.map((post) => {
      for (const key of count(post)) totals.set(key, (totals.get(key) ?? 0) + 1)
      return table()
    }),
  ]
}

/** Returns the tables that a job has printed, in order. */
function printedTables({ printed }: Pick<Ended, 'printed'>): string[] {
  const [, ...found] = printed.join('\n').split(/-{20,}\nTime: \d+ ms\n-{20,}\n/)
  return found.map((text) => text.trim())
}

/** Returns the first table that is not that of as many posts as the one before it, or of more. */
function firstWrong(found: readonly string[], expected: readonly string[]): string | undefined {
  let at = 0
  return found.find((table) => {
    const next = expected.indexOf(table, at)
    at = Math.max(at, next)
    return next === -1
  })
}

interface Wanted {
  /** Whether the job has printed all that it will. */
  readonly isDone: (text: string) => boolean
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a job until it is done, ends it as Ctrl-C does, and resolves to all that it has printed. */
function run(file: string, options: readonly string[] | undefined, { isDone, env }: Wanted): Promise<Ended> {
  const settings = {
    SCRAPER_HOST: '127.0.0.1',
    SCRAPER_PORT: String(relay.port),
    BATCH_MS: '300',
    CHECKPOINT_DIR: mkdtempSync(join(folder, 'checkpoint-')),
    ...env,
  }
  const { child, ended } = startJob(file, options, { env: settings })
  let text = ''
  let isAsked = false
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    // A second signal would end the job at once.
    if (isAsked || !isDone(text)) return
    isAsked = true
    child.kill('SIGINT')
  })
  return ended
}

/** Runs a job on Spark, and counts the tasks that Spark's own log says to have ended well. */
async function runOnSpark(file: string, master: string, wanted: Wanted) {
  const log = mkdtempSync(join(folder, 'events-'))
  const ended = await run(file, ['--master', master, ...eventLog(log)], wanted)
  const tasks = eventsIn(log, 'TaskEnd').filter((event) => JSON.stringify(event).includes('"Reason":"Success"'))
  return { ...ended, sparkTasks: tasks.length }
}

/** The tasks of the start, with which the workers of both cores are loaded. */
const WARMING = 2
const STICKERS = 'https://image.noelshack.com'
const example = (name: string): string => join(root, 'examples', `${name}.js`)

/** Writes a job around one of the programs of README that begin with `posts`, and returns its file. */
function readmeJob(beginning: string): string {
  const programs = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```js\n([^]*?)```/g)].map(
    ([, text]) => text!,
  )
  const program = programs.find((text) => text.startsWith(`posts\n  .${beginning}`))!
  const file = join(folder, `${beginning}.mjs`)
  writeFileSync(
    file,
    `import { Milliseconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
const { SCRAPER_PORT, BATCH_MS, CHECKPOINT_DIR: checkpointDir } = process.env
const options = { appName: 'readme', batchInterval: Milliseconds(Number(BATCH_MS)), checkpointDir }
await StreamingContext.run(import.meta, options, (ssc) => {
const posts = ssc.receiverStream(new JvcReceiver({ host: '127.0.0.1', port: Number(SCRAPER_PORT) }))
${program}})
`,
  )
  return file
}

interface Counted {
  readonly name: string
  readonly file: () => string
  /** The rows of its table, and what it counts. */
  readonly rows: number
  readonly count: (post: Post) => readonly string[]
}
const stickersJob: Counted = {
  name: 'stickers',
  file: () => example('stickers'),
  rows: 15,
  count: ({ stickers }) => stickers.filter((url) => url.startsWith(STICKERS)),
}
const counted: readonly Counted[] = [
  stickersJob,
  { name: 'auteurs', file: () => example('auteurs'), rows: 10, count: ({ auteur }) => [auteur] },
  { name: 'wordcount', file: () => example('wordcount'), rows: 15, count: ({ message }) => wordsOf(message) },
  { name: 'topics', file: () => example('topics'), rows: 10, count: ({ topicId }) => [topicId!] },
  { name: 'README, as in Spark', file: () => readmeJob('filter'), rows: 15, count: ({ stickers }) => stickers },
  { name: 'README, shorter', file: () => readmeJob('flatMap'), rows: 10, count: ({ stickers }) => stickers },
]

/** What a job on Spark must not say: an error, a warning, or that a task had to be done again in the driver. */
const BAD = /dstream (?:error|warn)|(?:partition is|partitions of a map side are) combined in the driver/

describe('each batch of a job of the forum is that of a plain loop over the posts until then', () => {
  test.each<[string, string, Counted]>([
    ...counted.map((job): [string, string, Counted] => [job.name, 'local[2]', job]),
    [stickersJob.name, 'local-cluster[2,1,1024]', stickersJob],
  ])('%s on %s', async (name, master, { file, rows, count }) => {
    const titles = new Map(posts.map(({ topicId, topic }) => [topicId, topic]))
    const expected = tables(rows, count, (key) => (name === 'topics' ? titles.get(key)! : key))
    const isDone = (text: string): boolean => text.includes(expected.at(-1)!)
    const job = file()
    const here = await run(job, undefined, { isDone })
    const there = await runOnSpark(job, master, { isDone })
    mustBeWell(there)
    for (const ended of [here, there]) {
      const found = printedTables(ended)
      expect(found.length).toBeGreaterThan(4)
      expect(firstWrong(found, expected)).toBeUndefined()
      expect(found.at(-1)).toBe(expected.at(-1))
    }
    expect(there.errors).toMatch(/map sides on the cluster: (?:runningR|r)educeByKey#1/)
    expect(there.sparkTasks).toBeGreaterThan(WARMING)
    expect(there.errors).not.toMatch(BAD)
  })

  test('the posts of one author, which two outputs read', async () => {
    const pseudo = posts[0]!.auteur
    const times = posts.filter(({ auteur }) => auteur === pseudo).length
    const linesOf = (text: string): RegExpMatchArray | null => text.match(/^\d+ ms {2}/gm)
    const isDone = (text: string): boolean => linesOf(text)?.length === times
    const wanted = { isDone, env: { PSEUDO: pseudo } }
    const here = await run(example('pseudo'), undefined, wanted)
    const there = await runOnSpark(example('pseudo'), 'local[2]', wanted)
    mustBeWell(there)
    const withoutTimes = ({ printed }: Ended): string => printed.join('\n').replace(/^\d+ ms {2}/gm, '')
    expect(withoutTimes(there)).toBe(withoutTimes(here))
    expect(there.errors).toMatch(/shared streams on the cluster: filter#1; in the driver: foreachRDD#1, show#1/)
    expect(there.sparkTasks).toBeGreaterThan(WARMING)
    expect(there.errors).not.toMatch(BAD)
  })
})

describe('a job of which nothing runs on executors says so, and gives the same', () => {
  const NOTHING = /dstream warn: .* runs on Spark .*; nothing of it on the cluster; in the driver: /

  test('the access log', async () => {
    const log = join(folder, 'access.log')
    const statuses = Array.from({ length: 2000 }, (_, i) => [200, 404, 503, 301, 500][(i * 7) % 5]!)
    writeFileSync(
      log,
      statuses.map((status) => `::1 - - [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" ${status} 12\n`).join(''),
    )
    const sums = (text: string): number[] =>
      [...text.matchAll(/^(\d+) errors in (\d+) requests$/gm)].reduce(
        ([errors, requests], [, e, r]) => [errors! + Number(e), requests! + Number(r)],
        [0, 0],
      )
    const total = [statuses.filter((status) => status >= 500).length, statuses.length]
    const wanted = (checkpoint: string): Wanted => ({
      isDone: (text) => sums(text)[1]! >= statuses.length,
      env: { LOG: log, PERIOD_MS: '600', CHECKPOINT: join(folder, checkpoint) },
    })
    const here = await run(example('access-log'), undefined, wanted('log-here'))
    const there = await runOnSpark(example('access-log'), 'local[2]', wanted('log-there'))
    expect([here, there].map(({ printed }) => sums(printed.join('\n')))).toEqual([total, total])
    expect(there.errors).toMatch(NOTHING)
    mustBeWell(there)
  })

  test('clicks over HTTP', async () => {
    const clicks = ['/', '/a', '/', '/b', '/', '/a']
    const clicked = async (options: readonly string[] | undefined, name: string): Promise<Ended> => {
      const port = await freePort()
      const env = { PORT: String(port), OUT: join(folder, name), CHECKPOINT: join(folder, `${name}-checkpoint`) }
      const ended = run(example('http-clicks'), options, { isDone: (text) => text.includes('/: 3'), env })
      for (const [key, page] of clicks.entries()) {
        const headers = { 'content-type': 'application/json', 'idempotency-key': String(key) }
        const request = { method: 'POST', headers, body: JSON.stringify({ page }) }
        const send = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/clicks`, request)).status
        expect(await vi.waitFor(send, { timeout: 120_000, interval: 50 })).toBe(202)
      }
      return ended
    }
    const lastOf = ({ printed }: Ended): Record<string, string> =>
      Object.fromEntries([...printed.join('\n').matchAll(/^(\/.?): (\d+)$/gm)].map(([, page, n]) => [page!, n!]))
    const here = await clicked(undefined, 'clicks-here')
    const there = await clicked(['--master', 'local[2]'], 'clicks-there')
    expect(lastOf(there)).toMatchObject({ '/': '3' })
    expect(lastOf(here)).toMatchObject({ '/': '3' })
    expect(there.errors).toMatch(NOTHING)
    mustBeWell(there)
  })
})
