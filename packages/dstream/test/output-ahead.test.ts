import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Milliseconds, Seconds, Time, type DStream, type Sink } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

// A place that matches batches by their times must not take a batch of this run for one of an earlier run.

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dstream-ahead-'))
})
afterEach(() => rm(folder, { recursive: true }))

function store() {
  const held = new Map<number, unknown[]>()
  const sink: Sink<unknown> = {
    lastCommitted: () => (held.size === 0 ? undefined : new Time(Math.max(...held.keys()))),
    write: async ({ time, rdd }) => void held.set(time.milliseconds, await rdd.collect()),
  }
  return { held, sink, records: () => [...held.values()].flat() }
}

/** Runs a job from `startMs` on: one record a batch, then a stop. */
async function run(
  startMs: number,
  records: readonly string[],
  define: (stream: DStream<string>) => void,
  options: Partial<TestContextOptions> = {},
) {
  const warnings: string[] = []
  const silent = (): void => undefined
  const logger = { debug: silent, info: silent, error: silent, warn: (_: object, line: string) => void warnings.push(line) } // prettier-ignore
  const t = new TestContext({ batchInterval: Seconds(1), startTime: new Time(startMs), logger, ...options })
  const source = t.source<string>()
  define(source.stream)
  try {
    for (const record of records) {
      source.push(record)
      await t.run(1)
    }
  } finally {
    await t.ssc.stop()
  }
  return { warnings, next: t.ssc.engine!.ticker.nextMs }
}

test.each<[string, number, Partial<TestContextOptions>, number]>([
  ['a start within the interval of the last batch', 1500, {}, 4000],
  ['a clock two seconds back', 1000, {}, 4000],
  ['the same with a checkpoint that is discarded', 1500, { onExistingCheckpoint: 'discard' }, 4000],
  ['a clock that goes on', 3000, {}, 4000],
])('%s: all records of the second run arrive', async (_, startMs, options, first) => {
  const { sink, held, records } = store()
  const storage = options.onExistingCheckpoint === undefined ? {} : { storage: memoryStorage() }
  const define = (stream: DStream<string>): void => void stream.to(sink)
  await run(0, ['a', 'b', 'c'], define, { ...options, ...storage })
  const { warnings } = await run(startMs, ['d', 'e'], define, { ...options, ...storage })
  expect(records()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect([...held.keys()]).toEqual([1000, 2000, 3000, first, first + 1000])
  const moved = warnings.filter((line) => line.startsWith('to#1 holds the batch of 3000 ms, of an earlier run. '))
  expect(moved).toHaveLength(startMs < 3000 ? 1 : 0)
})

test('saveAsTextFiles replaces no directory of an earlier run', async () => {
  const define = (stream: DStream<string>): void => {
    stream.saveAsTextFiles(join(folder, 'words'), 'txt')
    stream.saveAsObjectFiles(join(folder, 'words'), 'bin')
  }
  await run(0, ['a', 'b'], define)
  const { warnings } = await run(500, ['c'], define)
  expect((await readdir(folder)).filter((name) => name.endsWith('txt')).sort()).toEqual(['words-1000.txt', 'words-2000.txt', 'words-3000.txt']) // prettier-ignore
  const lines = [1000, 2000, 3000].map((time) => readFile(join(folder, `words-${time}.txt/part-00000`), 'utf8'))
  expect(await Promise.all(lines)).toEqual(['a\n', 'b\n', 'c\n'])
  expect(warnings[0]).toContain('saveAsTextFiles#1 holds the batch of 2000 ms, of an earlier run.')
})

test('a job that goes on from its checkpoint goes on as ever', async () => {
  const { sink, records } = store()
  const storage = memoryStorage()
  const define = (stream: DStream<string>): void => void stream.to(sink)
  await run(0, ['a', 'b'], define, { storage })
  const { warnings } = await run(2000, ['c'], define, { storage })
  expect([records(), warnings]).toEqual([['a', 'b', 'c'], []])
})

/** The third record was written after the copy of the checkpoint was made. */
async function olderCopy(options: Partial<TestContextOptions>) {
  const { sink, held } = store()
  const storage = memoryStorage()
  const letters = ['a', 'b', 'c', 'd', 'e']
  const define = (t: TestContext): unknown =>
    t.ssc
      .fromSource({
        initial: () => 0,
        plan: (from) => Math.min(from + 1, letters.length),
        read: (from, until) => letters.slice(from, until),
      })
      .to(sink)
  const first = new TestContext({ batchInterval: Seconds(1), storage })
  define(first)
  await first.run(2)
  const copy = storage.crash()
  await first.ssc.stop()
  for (const [time, letter] of letters.slice(2, 4).entries()) held.set(3000 + 1000 * time, [letter])
  const next = new TestContext({ batchInterval: Seconds(1), storage: copy, startTime: new Time(4000), ...options })
  define(next)
  return { next, held, copy, define }
}

test('an older copy of the checkpoint is refused, and nothing is written', async () => {
  const { next, held, copy } = await olderCopy({})
  const files = copy.files()
  const before = [...held]
  await expect(next.run(2)).rejects.toMatchObject({
    code: 'output-ahead',
    message: expect.stringMatching(/^to#1 holds the batch of 4000 ms, and the checkpoint ends at the batch of 2000 ms/) as string, // prettier-ignore
  })
  expect([...held]).toEqual(before)
  expect(Object.keys(files).every((file) => file in copy.files())).toBe(true)
})

test("with onOutputAhead: 'continue' it goes on behind what the output holds, and loses nothing", async () => {
  const { next, held } = await olderCopy({ onOutputAhead: 'continue' })
  await next.run(3)
  await next.ssc.stop()
  // What the copy does not know is written once more.
  expect([...held]).toEqual([[1000, ['a']], [2000, ['b']], [3000, ['c']], [4000, ['d']], [5000, ['c']], [6000, ['d']], [7000, ['e']]]) // prettier-ignore
})

test('a batch that was begun is run at its own time before the first batch is moved', async () => {
  const { sink, held } = store()
  const first = new TestContext({ batchInterval: Seconds(1), storage: memoryStorage() })
  const define = (t: TestContext, records: readonly string[]): void => {
    const { stream, push } = t.source<string>()
    push(...records)
    stream.to(sink)
  }
  define(first, ['a'])
  await first.run(1)
  const options = { at: 'batch:allocated', downtime: Milliseconds(100) }
  held.set(5000, ['of another job'])
  const refused = await first.crashAndRecover((t) => define(t, ['b']), options)
  await expect(refused.run(1)).rejects.toMatchObject({ code: 'output-ahead' })
  const next = new TestContext({ batchInterval: Seconds(1), storage: refused.storage, startTime: new Time(2000), onOutputAhead: 'continue' }) // prettier-ignore
  const times: number[] = []
  const { stream } = next.source<string>()
  stream.to(sink)
  stream.foreachRDD((_, { milliseconds }) => void times.push(milliseconds))
  await next.run(1)
  await next.ssc.stop()
  expect(times).toEqual([2000, 6000])
})

test('the identity that a sink is told is that of the checkpoint; a run without one has its own', async () => {
  const told: unknown[] = []
  const sink: Sink<unknown> = {
    open: (host) => void told.push(host?.job),
    lastCommitted: () => undefined,
    write: () => Promise.resolve(),
  }
  const define = (stream: DStream<string>): void => void stream.to(sink)
  const storage = memoryStorage()
  const runs: Partial<TestContextOptions>[] = [{ storage }, { storage }, {}, {}, { storage, onExistingCheckpoint: 'discard' }, { storage }] // prettier-ignore
  for (const [i, options] of runs.entries()) await run(1000 * i, ['a'], define, options)
  const [first, second, third, fourth, discarded, last] = told
  expect([second, last]).toEqual([first, discarded])
  expect(new Set([first, third, fourth, discarded]).size).toBe(4)
  expect(told.every((job) => typeof job === 'string' && job.length > 20)).toBe(true)
})
