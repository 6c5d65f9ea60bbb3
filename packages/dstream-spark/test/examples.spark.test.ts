import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Post } from 'jvc-receiver/feed'
import { wordsOf } from '../../../examples/text.js'
import { FeedRelay, simulatedPosts } from './feed-relay.js'
import { endJobs, startJob, type Ended } from './run-job.js'

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

/** Runs a job until it has printed a text, ends it as Ctrl-C does, and resolves to all that it has printed. */
function run(
  file: string,
  options: readonly string[] | undefined,
  last: string,
  env: Readonly<Record<string, string>> = {},
) {
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
    if (isAsked || !text.includes(last)) return
    isAsked = true
    child.kill('SIGINT')
  })
  return ended
}

/** Runs a job on Spark, and counts the tasks that Spark's own log says to have ended well. */
async function runOnSpark(master: string, ...[file, last, env]: [string, string, Readonly<Record<string, string>>?]) {
  const log = mkdtempSync(join(folder, 'events-'))
  const conf = ['spark.eventLog.enabled=true', 'spark.eventLog.compress=false', `spark.eventLog.dir=file://${log}`]
  const ended = await run(file, ['--master', master, ...conf.flatMap((setting) => ['--conf', setting])], last, env)
  const names = readdirSync(log, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const events = names.flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
  const tasks = events.filter(
    (event) => event.includes('"SparkListenerTaskEnd"') && event.includes('"Reason":"Success"'),
  )
  return { ...ended, sparkTasks: tasks.length }
}

/** The tasks of the start, with which the workers of both cores are loaded. */
const WARMING = 2
const STICKERS = 'https://image.noelshack.com'
const example = (name: string): string => join(root, 'examples', `${name}.js`)

type Counted = readonly [name: string, n: number, count: (post: Post) => readonly string[]]
const counted: readonly Counted[] = [
  ['stickers', 15, ({ stickers }) => stickers.filter((url) => url.startsWith(STICKERS))],
  ['auteurs', 10, ({ auteur }) => [auteur]],
  ['wordcount', 15, ({ message }) => wordsOf(message)],
  ['topics', 10, ({ topicId }) => [topicId!]],
]

describe('each batch of a job of the forum is that of a plain loop over the posts until then', () => {
  test.each<[...Counted, string]>([
    ...counted.map((job): [...Counted, string] => [...job, 'local[2]']),
    [...counted[0]!, 'local-cluster[2,1,1024]'],
  ])('%s', async (name, n, count, master) => {
    const titles = new Map(posts.map(({ topicId, topic }) => [topicId, topic]))
    const expected = tables(n, count, (key) => (name === 'topics' ? titles.get(key)! : key))
    const here = await run(example(name), undefined, expected.at(-1)!)
    const there = await runOnSpark(master, example(name), expected.at(-1)!)
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    for (const ended of [here, there]) {
      const found = printedTables(ended)
      expect(found.length).toBeGreaterThan(4)
      expect(firstWrong(found, expected)).toBeUndefined()
      expect(found.at(-1)).toBe(expected.at(-1))
    }
    expect(there.errors).toContain('map sides on the cluster: reduceByKey#1')
    expect(there.sparkTasks).toBeGreaterThan(WARMING)
    expect(there.errors).not.toMatch(/dstream (?:error|warn)/)
  })
})
