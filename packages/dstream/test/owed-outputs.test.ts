import { Seconds, Time, type DStream, type State } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

// An output that did not run because a function above it threw gets its data in the next run of the program.

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

type Seen = [time: number, records: string[]]

/** Returns the output's batches, run by run. The fault lasts for a whole run, or for its first `broken` batches. */
async function run(define: Define, lives: readonly { rows: string[]; broken: boolean | number }[]): Promise<Seen[][]> {
  const storage = memoryStorage()
  const all: Seen[][] = []
  let time = 0
  for (const { rows, broken } of lives) {
    const seen: Seen[] = []
    let batch = 0
    const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(time) })
    const source = t.source<string>()
    const fragile: Fragile = (record) => {
      if (record === 'b' && (broken === true || (broken !== false && batch <= broken))) throw new Error('broken')
      return record
    }
    define(source.stream, fragile).foreachRDD(async (rdd, at) => {
      seen.push([at.milliseconds, (await rdd.collect()).sort()])
    })
    for (const row of rows) {
      source.push(row)
      batch++
      await t.run(1).catch(() => undefined)
      time += 1000
    }
    await t.ssc.stop()
    all.push(seen)
  }
  return all
}

function byTime(seen: readonly Seen[][]) {
  return seen.flat().sort(([a], [b]) => a - b)
}

test.each(Object.entries(jobs))('%s', async (_, define) => {
  const whole = [{ rows: ['a', 'b', 'c', 'a', 'd', 'e'], broken: false }]
  const expected = byTime(await run(define, whole))
  expect(expected).toHaveLength(6)
  const broken = await run(define, [
    { rows: ['a', 'b', 'c', 'a'], broken: true },
    { rows: ['d'], broken: false },
    { rows: ['e'], broken: false },
  ])
  expect(byTime(broken)).toEqual(expected)
  // The pending output runs once, in the run in which the fault is mended.
  expect(broken[2]).toEqual([expected[5]])
})

test.each(Object.entries(jobs))('%s that stays broken for a second life', async (_, define) => {
  const expected = byTime(await run(define, [{ rows: ['a', 'b', 'c', 'a', 'd', 'e', 'f'], broken: false }]))
  const broken = await run(define, [
    { rows: ['a', 'b', 'c', 'a'], broken: true },
    { rows: ['d', 'e'], broken: true },
    { rows: ['f'], broken: false },
  ])
  expect(byTime(broken)).toEqual(expected)
})

test.each(['a map above a state', 'the function of a state'])(
  '%s: paid as soon as the state has passed',
  async (name) => {
    const expected = byTime(await run(jobs[name]!, [{ rows: ['a', 'b', 'c', 'a', 'd', 'e', 'f'], broken: false }]))
    const broken = await run(jobs[name]!, [
      { rows: ['a', 'b', 'c', 'a'], broken: true },
      { rows: ['d', 'e', 'f'], broken: 1 },
    ])
    // The batch of d failed in this run, so its output is pending for the next.
    expect(byTime(broken)).toEqual(expected.filter(([time]) => time !== 5000))
  },
)
