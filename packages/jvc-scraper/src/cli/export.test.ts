import { Writable } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { afterEach, describe, expect, test } from 'vitest'
import { decodePost, furtherFields, postFields, type Post } from 'jvc-receiver/feed'
import { startSimulator, type Simulator, type SimulatorOptions, type TruthPost } from 'jvc-scraper/simulator'
import { fields, group, until } from '../../test/test-chain.js'
import { main } from '../main.js'
import { parseSpan } from './date-range.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ rate: 0, seed: 21, topics: 4, history: 500, ...options })
  closers.push(() => simulator.close())
  return simulator
}

/** Runs the program to its end. */
async function run(line: string, stdout?: Writable) {
  const said = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        said[name] += String(chunk)
        setImmediate(done)
      },
    })
  const host = { env: {}, stdout: stdout ?? into('out'), stderr: into('err'), stop: new AbortController().signal }
  const code = await main(`--once --pace 10000 ${line}`.split(' '), host)
  await until(() => !host.stderr.writableNeedDrain && host.stderr.writableLength === 0)
  return { code, ...said }
}

const postsOf = (out: string): Post[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => decodePost(line))
const byId = (a: { id: string }, b: { id: string }): number => Number(a.id) - Number(b.id)
const expectPosts = (posts: readonly Post[], truth: readonly TruthPost[]): void =>
  expect(posts.map(fields).sort(byId)).toEqual(truth.map(fields).sort(byId))

describe('--once --output', () => {
  test('jsonl: every post of the forum on standard output, progress on standard error', async () => {
    const simulator = await simulate()
    const { code, out, err } = await run(`--output jsonl --forum ${simulator.forumUrl}`)
    expect(code).toBe(0)
    expectPosts(postsOf(out), simulator.truth())
    expect(err).toMatch(/everything was read {2}posts=500/)
  })

  test('csv: a head and a row per post, whatever the posts hold', async () => {
    const simulator = await simulate()
    const { code, out } = await run(`--output csv --forum ${simulator.forumUrl}`)
    expect(code).toBe(0)
    const rows = parse(out, { columns: true }) as Record<string, string>[]
    expect(Object.keys(rows[0] ?? {})).toEqual([...postFields, ...furtherFields])
    const posts = rows.map(({ stickers = '', ...row }) => ({ ...row, stickers: stickers.split(' ').filter(Boolean) }))
    expectPosts(posts as unknown as Post[], simulator.truth())
    const quotes = rows.flatMap((row) => (row['quotes'] === '' ? [] : (JSON.parse(row['quotes'] ?? '') as unknown[])))
    expect(quotes).toContainEqual({ auteur: expect.any(String), hour: expect.any(String), at: expect.any(Number) })
  })

  test.each(['csv', 'jsonl'])('%s: nothing in the range is a head alone, or nothing', async (format) => {
    const simulator = await simulate()
    const { code, out } = await run(`--output ${format} --until 2001-01-01 --forum ${simulator.forumUrl}`)
    expect([code, out]).toEqual([0, format === 'csv' ? `${[...postFields, ...furtherFields].join()}\n` : ''])
  })

  test.each([1, 3])('--topic: one topic by the address of its page %i, from its first post on', async (page) => {
    const simulator = await simulate()
    const topics = group(simulator.truth())
    const longest = [...topics.values()].reduce((a, b) => (b.length > a.length ? b : a))
    expect(longest.length).toBeGreaterThan(60)
    const url = `${simulator.url}/forums/42-51-${longest[0]?.topicId}-${page}-0-1-0-x.htm`
    const { code, out } = await run(`--output jsonl --topic ${url}`)
    expect(code).toBe(0)
    expect(postsOf(out).map(fields)).toEqual(longest.map(fields))
  })

  test('--since and --until: the posts between, both seconds included', async () => {
    const simulator = await simulate()
    const truth = simulator.truth()
    const [since, until] = [truth[150]?.at ?? 0, truth[350]?.at ?? 0]
    const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+/, '')
    const range = `--since ${iso(since)} --until ${iso(until)}`
    const { code, out } = await run(`--output jsonl ${range} --forum ${simulator.forumUrl}`)
    expect(code).toBe(0)
    const wanted = truth.filter(({ at }) => at >= since && at <= until)
    expect(wanted.length).toBeGreaterThanOrEqual(201)
    expectPosts(postsOf(out), wanted)
  })

  test('a topic that is not there: exit 3, and nothing on standard output', async () => {
    const simulator = await simulate()
    const { code, out, err } = await run(`--output jsonl --topic ${simulator.url}/forums/42-51-1-1-0-1-0-x.htm`)
    expect([code, out]).toEqual([3, ''])
    expect(err).toContain('not everything was read')
  })

  test('a reader that leaves, as head does, ends the program with 0', async () => {
    const simulator = await simulate()
    const head = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
    const { code } = await run(`--output jsonl --forum ${simulator.forumUrl}`, head)
    expect(code).toBe(0)
  })

  test.each([
    ['--output xml', '--output must be jsonl or csv; got "xml"'],
    [
      '--output csv --since yesterday',
      '--since must be a date such as 2026-07-27 or 2026-07-27T14:30:00; got "yesterday"',
    ],
    ['--output csv --since 2026-02-30', '--since must be a date'],
    [
      '--output csv --since 2026-07-27 --until 2026-07-26',
      '--until lies before --since; got 2026-07-26 and 2026-07-27',
    ],
    ['--output csv --since 2026-07-27 --from start', '--since says where to begin. Leave out --from'],
    ['--output csv --topic http://x/y', '--topic must be the address of a topic, such as'],
    ['--output csv --bookmarks file', '--bookmarks is for the feed, and --output opens none'],
    ['--topic http://x/y', '--topic goes with --output only'],
  ])('%s is refused', async (line, message) => {
    const { code, err } = await run(line)
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('a date of the command line', () => {
  test.each([
    ['2026-07-27', Date.UTC(2026, 6, 26, 22), 24 * 3600],
    ['2026-01-15', Date.UTC(2026, 0, 14, 23), 24 * 3600],
    // The clocks are changed: 23 and 25 hours.
    ['2026-03-29', Date.UTC(2026, 2, 28, 23), 23 * 3600],
    ['2026-10-25', Date.UTC(2026, 9, 24, 22), 25 * 3600],
    ['2026-12-31', Date.UTC(2026, 11, 30, 23), 24 * 3600],
    ['2026-07-27 14:30', Date.UTC(2026, 6, 27, 12, 30), 60],
    ['2026-07-27T14:30:15', Date.UTC(2026, 6, 27, 12, 30, 15), 1],
    ['2026-07-27T14:30:15Z', Date.UTC(2026, 6, 27, 14, 30, 15), 1],
    ['2026-07-27T14:30+0530', Date.UTC(2026, 6, 27, 9, 0), 60],
  ])('%s', (text, from, seconds) => {
    expect(parseSpan(text)).toEqual({ from, to: from + seconds * 1000 })
  })

  test.each(['', '2026', '2026-13-01', '2026-02-29', '2026-07-27T25:00', '27/07/2026', '2026-07-27T14:30+99:99'])(
    '%j is none',
    (text) => expect(parseSpan(text)).toBeUndefined(),
  )
})
