import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../test/free-port.js'
import { wordsOf } from './text.js'
import { startSimulator, type Simulator, type TruthPost } from 'jvc-scraper/simulator'

// The five jobs as programs, beside the real scraper reading a simulated forum: what they print is what was published.

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

let simulator: Simulator
let scraper: Program
let folder: string
let port: number

class Program {
  readonly child: ChildProcess
  out = ''
  err = ''

  constructor(file: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env } })
    this.child.stdout?.on('data', (chunk) => (this.out += String(chunk)))
    this.child.stderr?.on('data', (chunk) => (this.err += String(chunk)))
  }

  async until(condition: (program: this) => boolean): Promise<void> {
    const look = (): void => {
      if (!condition(this)) throw new Error(`not yet:\n${this.out.slice(-1500)}\n${this.err.slice(-1500)}`)
    }
    await vi.waitFor(look, { timeout: 120_000, interval: 50 })
  }

  /** As Ctrl-C does. @returns the exit code */
  async interrupt(): Promise<number | null> {
    const exit = once(this.child, 'exit')
    this.child.kill('SIGINT')
    return ((await exit) as [number | null])[0]
  }
}

/** The n largest totals, largest first. */
function top(n: number, things: string[]): number[] {
  const totals = new Map<string, number>()
  for (const thing of things) totals.set(thing, (totals.get(thing) ?? 0) + 1)
  return [...totals.values()].sort((a, b) => b - a).slice(0, n)
}

/** The totals of the last whole table that was printed. */
function lastTable({ out }: Program): number[] {
  const table = out.split(/-{20,}\nTime: \d+ ms\n-{20,}\n/).at(-1) ?? ''
  return [...table.matchAll(/^\(.*,(\d+)\)$/gm)].map(([, total]) => Number(total))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examples-'))
  // Several topics of one title.
  simulator = await startSimulator({ seed: 11, rate: 0, faults: 'same-title=0.5' })
  simulator.control({ do: 'publish', count: 700 })
  const args = [
    '--forum',
    simulator.forumUrl,
    '--from',
    'start',
    '--port',
    '0',
    '--feed-log',
    'memory',
    '--bookmarks',
    'memory',
  ]
  scraper = new Program(path('../packages/jvc-scraper/bin/jvc-scraper.js'), [...args, '--pace', '1000'])
  await scraper.until(({ err }) => err.includes('the feed is on'))
  port = Number(/the feed is on [\d.]+:(\d+)/.exec(scraper.err)?.[1])
})

afterAll(async () => {
  await scraper.interrupt()
  await simulator.close()
  await rm(folder, { recursive: true, force: true })
})

/** The settings of one job. */
function settings(name: string): Record<string, string> {
  return {
    SCRAPER_HOST: '127.0.0.1',
    SCRAPER_PORT: String(port),
    BATCH_MS: '250',
    CHECKPOINT_DIR: join(folder, name),
  }
}

function job(name: string, env: Record<string, string> = {}): Program {
  return new Program(path(`./${name}.js`), [], { ...settings(name), ...env })
}

test.each<[string, number, (post: TruthPost) => readonly string[]]>([
  ['stickers', 15, ({ stickers }) => stickers.filter((url) => url.startsWith('https://image.noelshack.com'))],
  ['auteurs', 10, ({ auteur }) => [auteur]],
  ['wordcount', 15, ({ message }) => wordsOf(message)],
  ['topics', 10, ({ topicId }) => [topicId]],
])('%s prints the top %i of everything that was published, and ends on Ctrl-C', async (name, n, things) => {
  const program = job(name)
  const expected = top(n, simulator.truth().flatMap(things))
  await program.until((p) => JSON.stringify(lastTable(p)) === JSON.stringify(expected))
  expect(await program.interrupt()).toBe(0)
})

test('pseudo prints every post of the authors, in whatever case they are given', async () => {
  const [pseudo = ''] = [...new Set(simulator.truth().map(({ auteur }) => auteur))]
  const posts = simulator.truth().filter(({ auteur }) => auteur === pseudo || auteur.startsWith('Mr'))
  expect(new Set(posts.map(({ auteur }) => auteur)).size).toBeGreaterThan(1)
  const program = job('pseudo', { PSEUDO: `${pseudo.toUpperCase()}, /^mr-/i` })
  await program.until(({ out }) => posts.every(({ hour, topic }) => out.includes(`${hour}  ${topic}`)))
  expect(program.out.match(/^\d+ ms {2}/gm)).toHaveLength(posts.length)
  expect(await program.interrupt()).toBe(0)
})

test('rising, which is TypeScript, runs by tsx and prints the topics that rise', async () => {
  const program = new Program('--import', ['tsx', path('./rising.ts')], settings('rising'))
  const titles = new Set(simulator.truth().map(({ topic }) => topic))
  const lines = ({ out }: Program): RegExpMatchArray[] => [...out.matchAll(/^(.+): (\d+) posts, \d+ before$/gm)]
  await program.until((p) => lines(p).length > 0)
  for (const [line, topic = '', now] of lines(program)) {
    expect(titles, line).toContain(topic)
    expect(Number(now), line).toBeGreaterThan(0)
  }
  expect(await program.interrupt()).toBe(0)
})

test('all five run in one process, with one board that has their tables', async () => {
  const uiPort = await freePort()
  const program = new Program(path('./all.js'), [], {
    SCRAPER_HOST: '127.0.0.1',
    SCRAPER_PORT: String(port),
    BATCH_MS: '250',
    CHECKPOINTS: join(folder, 'all'),
    UI_PORT: String(uiPort),
    PICTURES: simulator.url,
    LABELS: '1',
    PSEUDO: '/^mr/i',
  })
  const url = `http://127.0.0.1:${uiPort}`
  const posts = simulator.truth()
  const stickers = posts.flatMap((post) => post.stickers.filter((url) => url.startsWith('https://image.noelshack.com')))
  const expected = {
    'Top stickers': top(24, stickers),
    'Top authors': top(
      15,
      posts.map(({ auteur }) => auteur),
    ),
    Words: top(
      15,
      posts.flatMap(({ message }) => wordsOf(message)),
    ),
    Topics: top(
      15,
      posts.map(({ topicId }) => topicId),
    ),
  }
  await program.until(({ err }) => err.includes(`The page of the job is at ${url}`))
  const read = async (path: string) => (await fetch(`${url}${path}`)).json() as Promise<any[]>
  const shown = async () => {
    const names = (await read('/api/v1/applications')).map(({ name }) => name as string)
    expect(names.sort()).toEqual(['auteurs', 'pseudo', 'stickers', 'topics', 'wordcount'])
    const panels = (await Promise.all(names.map((name) => read(`/api/v1/applications/${name}/board`)))).flat()
    const cells = (name: string) => panels.find((panel) => panel.name === name).batches.at(-1)?.rows ?? []
    const last = (name: string) => cells(name).map((row: { cells: unknown[] }) => row.cells.at(-1))
    return Object.fromEntries(Object.keys(expected).map((name) => [name, last(name)]))
  }
  await vi.waitFor(async () => expect(await shown()).toEqual(expected), { timeout: 60_000, interval: 200 })
  const board = await read('/api/v1/applications/stickers/board')
  const pictures = board.find(({ name }) => name === 'Top stickers')
  const picture = await fetch(pictures.batches[0].rows[0].cells[0])
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
  expect(program.out).toMatch(/^auteurs {3}\| \(/m)
  expect(await program.interrupt()).toBe(0)
})
