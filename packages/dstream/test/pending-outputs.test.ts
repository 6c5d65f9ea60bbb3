import { Seconds, Time, type DStream, type State } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

// An output that could not run because a function above it threw gets its batches in the next run of the program, in order.

/** Throws on record b while the fault lasts. */
type Fragile = (record: string) => string
type Define = (stream: DStream<string>, fragile: Fragile) => DStream<string>

function pairOf(record: string): [string, number] {
  return [record, 1]
}
function text(pairs: readonly (readonly [string, unknown])[]) {
  return pairs.map(([key, value]) => `${key}${String(value)}`)
}
function countOf(key: string, value: number | undefined, state: State<number>): string {
  state.update((state.getOption() ?? 0) + (value ?? 0))
  return `${key}${state.get()}`
}

const jobs: Record<string, Define> = {
  'a map': (s, f) => s.map(f),
  'a map below a map': (s, f) =>
    s
      .map((x) => x)
      .map(f)
      .filter(() => true),
  'a transform': (s, f) => s.transform(async (rdd) => ((await rdd.collect()).forEach(f), rdd)),
  'a map below a window': (s, f) => s.window(Seconds(2)).map(f),
  'a map above a window': (s, f) => s.map(f).window(Seconds(2)),
  'a map below a state': (s, f) =>
    s
      .mapToPair(pairOf)
      .mapWithState(countOf)
      .map((x) => f(x[0]!) + x[1]!),
  'a map above a state': (s, f) => s.map(f).mapToPair(pairOf).mapWithState(countOf),
  'the function of a state': (s, f) => s.mapToPair(pairOf).mapWithState((k: string, v: number | undefined, state: State<number>) => countOf(f(k), v, state)), // prettier-ignore
  'a map below a running reduction': (s, f) =>
    s.mapToPair(pairOf).runningReduceByKey((a, b) => a + b).transform(async (rdd) => rdd.context.parallelize(text(await rdd.collect()))).map((x) => f(x[0]!) + x[1]!), // prettier-ignore
  'a map above one side of a join': (s, f) =>
    s.map(f).mapToPair(pairOf).join(s.mapToPair(pairOf)).map(([key]) => key), // prettier-ignore
  'a map below an incremental window': (s, f) =>
    s.mapToPair(pairOf).reduceByKeyAndWindow((a, b) => a + b, (a, b) => a - b, Seconds(2), undefined, { filterFunc: ([, n]) => n > 0 }).map(([key]) => f(key)), // prettier-ignore
}

const rows = ['a', 'b', 'c', 'a', 'd', 'e']

type Seen = [time: number, records: string[]]

interface Life {
  /** The row before which it ends; it begins after the last batch of the life before. */
  readonly until: number
  /** The fault lasts for the whole life, or for its first `broken` batches. */
  readonly broken: boolean | number
}

/** Returns the output's batches, life by life. A life ends when the job stops. */
async function run(define: Define, lives: readonly Life[], onFailure: 'stop' | 'skip' = 'stop'): Promise<Seen[][]> {
  const storage = memoryStorage()
  const all: Seen[][] = []
  let time = 0
  for (const { until, broken } of lives) {
    const seen: Seen[] = []
    let batch = 0
    const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(time), onFailure })
    const source = t.source<string>()
    const fragile: Fragile = (record) => {
      if (record === 'b' && (broken === true || (broken !== false && batch <= broken))) throw new Error('broken')
      return record
    }
    define(source.stream, fragile).foreachRDD(async (rdd, at) => {
      seen.push([at.milliseconds, (await rdd.collect()).sort()])
    })
    for (const row of rows.slice(time / 1000, until)) {
      source.push(row)
      batch++
      await t.run(1).catch(() => undefined)
      time = t.ssc.engine!.ticker.nextMs - 1000
      if (t.ssc.getState() === 'STOPPED') break
    }
    await t.ssc.stop()
    all.push(seen)
  }
  return all
}

test.each(Object.entries(jobs))('%s that is mended in the next run: every batch once, in order', async (_, define) => {
  const expected = (await run(define, [{ until: 6, broken: false }])).flat()
  expect(expected).toHaveLength(6)
  // The job stops at the batch of b.
  const lives = await run(define, [
    { until: 6, broken: true },
    { until: 6, broken: false },
  ])
  expect(lives[0]).toEqual(expected.slice(0, 1))
  expect(lives.flat()).toEqual(expected)
})

test.each(Object.entries(jobs))('%s that stays broken for a second life', async (_, define) => {
  const expected = (await run(define, [{ until: 6, broken: false }])).flat()
  const lives = await run(define, [
    { until: 6, broken: true },
    { until: 3, broken: true },
    { until: 6, broken: false },
  ])
  expect(lives[1]).toEqual([])
  expect(lives.flat()).toEqual(expected)
})

test.each(['a map above a state', 'the function of a state'])(
  '%s that is skipped: the output waits for the state and gets every batch once it has passed',
  async (name) => {
    const expected = (await run(jobs[name]!, [{ until: 6, broken: false }])).flat()
    const lives = await run(jobs[name]!, [{ until: 6, broken: 3 }], 'skip')
    expect(lives.flat()).toEqual(expected)
  },
)
