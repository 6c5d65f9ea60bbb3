import { Milliseconds, Seconds, StateSpec, Time, type DStream, type Duration, type State } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import { holdsOverLives } from './next-life-law.js'

// What may change between two lives of a job, and what then happens: the rows of the table in docs/recovery.md.

type Pair = [string, number]
type Define = (words: DStream<string>, t: TestContext) => DStream<unknown>

interface Life {
  readonly define: Define
  readonly interval?: Duration
  readonly options?: Partial<TestContextOptions>
  /** The rows of its batches. */
  readonly rows: readonly (readonly string[])[]
  /** Ends with a crash at this step of one more batch, which has the last row. */
  readonly crashAt?: string
  /** Its batches fail, and so does nothing else. */
  readonly fails?: true
  /** How long nothing runs before this life. */
  readonly away?: Duration
}

interface Given {
  readonly time: number
  readonly records: unknown[]
}

/** Runs the lives one after the other; returns what the output was given, life by life. */
async function live(lives: readonly Life[]): Promise<Given[][]> {
  let storage: MemoryStorage = memoryStorage()
  const all: Given[][] = []
  let nowMs = 0
  for (const { define, interval = Seconds(1), options, rows, crashAt, fails, away } of lives) {
    nowMs += away?.milliseconds ?? 0
    const startTime = new Time(nowMs)
    const onFailure = fails === true ? 'skip' : 'stop'
    const t = new TestContext({ batchInterval: interval, onFailure, ...options, storage, startTime })
    const source = t.source<string>()
    const given: Given[] = []
    all.push(given)
    define(source.stream, t).foreachRDD(async (rdd, { milliseconds: time }) => {
      given.push({ time, records: (await rdd.collect()).sort() })
    })
    const whole = crashAt === undefined ? rows : rows.slice(0, -1)
    for (const row of whole) {
      source.push(...row)
      if (fails === true) await expect(t.run(1)).rejects.toThrow()
      else await t.run(1)
    }
    nowMs = t.ssc.engine?.store.committed ?? nowMs
    if (crashAt === undefined) await t.ssc.stop()
    else {
      source.push(...rows.at(-1)!)
      const next = await t.crashAndRecover(() => undefined, { at: crashAt })
      storage = next.storage as MemoryStorage
      nowMs += interval.milliseconds
    }
  }
  return all
}

function ones(words: DStream<string>): DStream<Pair> {
  return words.mapToPair((word): Pair => [word, 1])
}
function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}

/** Returns `n` batches of one record each. */
function rowsOf(n: number, word = 'a'): string[][] {
  return Array.from({ length: n }, () => [word])
}
function counts(given: readonly Given[]): unknown[] {
  return given.map(({ records }) => records[0])
}
function timesOf(given: readonly Given[]): number[] {
  return given.map(({ time }) => time)
}
function counted(seconds: number, slide?: Duration): Define {
  return (words) => words.countByWindow(Seconds(seconds), slide).uid('count')
}
function sums(seconds: number): Define {
  return (words) => ones(words).reduceByKeyAndWindow(add, subtract, Seconds(seconds)).uid('sums')
}

test.each<[string, (words: DStream<string>) => DStream<unknown>]>([
  ['states', (words) => ones(words).updateStateByKey<number>((n, old = 0) => old + n.length, { numPartitions: 3 }).uid('states')],
  ['reductions', (words) => ones(words).reduceByKey(add, { numPartitions: 3 }).uid('sums')],
  ['records without a partitioner', (words) => words.map((word) => word).uid('words')],
])('a window of %s has the partitions that it has without an end', async (_, before) => {
  const define: Define = (words) => before(words).window(Seconds(3)).glom()
  const rows = [['a', 'b', 'c'], ['d', 'e', 'a'], ['f', 'b'], ['g', 'a', 'h'], ['c']]
  const [whole] = await live([{ define, rows }])
  for (let n = 1; n < rows.length; n++) {
    const lives = await live([
      { define, rows: rows.slice(0, n) },
      { define, rows: rows.slice(n) },
    ])
    expect(lives.flat()).toEqual(whole)
  }
}) // prettier-ignore

describe('an incremental window in the next life', () => {
  test('missed batches skipped: it holds nothing that has left it', async () => {
    const define: Define = (words) => words.countByValueAndWindow(Seconds(2))
    const [, second] = await live([
      { define, rows: [['a'], ['a']] },
      { define, rows: [[], ['b']], away: Seconds(10), options: { missedBatches: 'skip' } },
    ])
    expect(second).toEqual([
      { time: 13000, records: [] },
      { time: 14000, records: [['b', 1]] },
    ])
  })

  test('missed batches skipped: it keeps what its length still covers', async () => {
    const [, second] = await live([
      { define: counted(5), rows: rowsOf(4) },
      { define: counted(5), rows: rowsOf(5), away: Seconds(2), options: { missedBatches: 'skip' } },
    ])
    expect(timesOf(second!)).toEqual([7000, 8000, 9000, 10000, 11000])
    expect(counts(second!)).toEqual([3, 3, 3, 4, 5])
  })

  test.each<[string, Define, Define, unknown[]]>([
    ['a shorter length', counted(3), counted(1), [1, 1, 1]],
    ['a greater length, from what the shorter one has kept', counted(2), counted(4), [4, 4, 4]],
    ['another length of reduceByKeyAndWindow', sums(3), sums(1), [['a', 1], ['a', 1], ['a', 1]]], // prettier-ignore
    ['a longer slide', counted(4), counted(4, Seconds(2)), [4, 4]],
    ['a slide of the interval again', counted(4, Seconds(2)), counted(4), [4, 4, 4]],
  ])('%s', async (_, before, after, expected) => {
    const n = expected.length === 2 ? 4 : expected.length
    const [, second] = await live([
      { define: before, rows: rowsOf(6) },
      { define: after, rows: rowsOf(n) },
    ])
    expect(counts(second!)).toEqual(expected)
  })

  test('of a new window on a stream that another window reads, it counts what that one counts', async () => {
    const plain: Define = (words) => words.window(Seconds(4)).count()
    const both: Define = (words) => {
      const kept = plain(words, undefined as never)
      return kept.union(words.countByWindow(Seconds(4)))
    }
    const [, second] = await live([
      { define: plain, rows: rowsOf(5) },
      { define: both, rows: rowsOf(5) },
    ])
    expect(second!.map(({ records }) => records)).toEqual(Array.from({ length: 5 }, () => [4, 4]))
  })

  test('a key whose data has left keeps the rest of its value', async () => {
    const [, second] = await live([
      { define: sums(2), rows: [['a'], ['b']] },
      { define: sums(2), rows: [['b'], []], away: Seconds(9), options: { missedBatches: 'skip' } },
    ])
    expect(second!.map(({ records }) => records)).toEqual([
      [['a', 0], ['b', 1]], // prettier-ignore
      [['a', 0], ['b', 1]], // prettier-ignore
    ])
  })
})

describe('a plain window in the next life', () => {
  test.each([
    ['a shorter one drops batches', 4, 2, [2, 2, 2]],
    ['a longer one holds what the shorter one has kept, and fills up', 2, 5, [3, 4, 5, 5]],
  ])('%s', async (_, before, after, expected) => {
    const plain = (seconds: number): Define => {
      return (words) => words.window(Seconds(seconds)).count()
    }
    const [, second] = await live([
      { define: plain(before), rows: rowsOf(6) },
      { define: plain(after), rows: rowsOf(expected.length) },
    ])
    expect(counts(second!)).toEqual(expected)
  })
})

describe('another slide in the next life', () => {
  test('a batch that was begun has the outputs of its own slide', async () => {
    const [first, second] = await live([
      { define: counted(4, Seconds(2)), rows: rowsOf(3), crashAt: 'batch:allocated' },
      { define: counted(4), rows: rowsOf(1) },
    ])
    expect([...first!, ...second!]).toEqual([
      { time: 2000, records: [2] },
      { time: 4000, records: [4] },
    ])
  })

  test('what a window has given at the former slide is all that a window below it holds of that time', async () => {
    const nested = (slide: Duration): Define => {
      return (words) => words.window(Seconds(2), slide).uid('inner').window(Seconds(4), slide).uid('outer').count()
    }
    const [, second] = await live([
      { define: nested(Seconds(2)), rows: rowsOf(6) },
      { define: nested(Seconds(1)), rows: rowsOf(4) },
    ])
    // At 7 s the windows of 4, 6 and 7 s; at 8 s those of 6, 7 and 8 s.
    expect(counts(second!)).toEqual([6, 6, 8, 8])
  })

  test('a window of one slide holds what a state above it has given at the former slide', async () => {
    const nested = (slide: Duration): Define => {
      return (words) =>
        ones(words)
          .reduceByKeyAndWindow(add, subtract, Seconds(1), slide)
          .uid('inner')
          .map(([, n]) => n)
          .uid('numbers')
          .window(Seconds(3), slide)
          .uid('outer')
    }
    const [, second] = await live([
      { define: nested(Seconds(3)), rows: rowsOf(3) },
      { define: nested(Seconds(1)), rows: rowsOf(3) },
    ])
    // At 4 s what the state gave at 3 and 4 s, at 5 s that of 3, 4 and 5 s.
    expect(second!.map(({ records }) => records)).toEqual([
      [1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ])
  })

  test('a new window over a state holds the batches of this life', async () => {
    const before: Define = (words) => {
      words.window(Seconds(4)).foreachRDD(() => undefined)
      return ones(words).runningReduceByKey(add).uid('totals')
    }
    const after: Define = (words, t) => (before(words, t) as DStream<Pair>).window(Seconds(4)).map(([, n]) => n)
    const [, second] = await live([
      { define: before, rows: rowsOf(5) },
      { define: after, rows: rowsOf(2) },
    ])
    expect(second!.map(({ records }) => records)).toEqual([[6], [6, 7]])
  })
})

describe('another batch interval in the next life', () => {
  const totals: Define = (words) => ones(words).runningReduceByKey(add).uid('totals')

  test.each(['batch:allocated', 'batch:evaluated', 'commit:before-append'])(
    'a batch that was begun at a crash (%s) is run at its own time, off the new grid',
    async (crashAt) => {
      const [, second] = await live([
        { define: totals, interval: Milliseconds(100), rows: [['a'], ['a'], Array<string>(10).fill('a')], crashAt },
        { define: totals, interval: Milliseconds(250), rows: [[], ['a']] },
      ])
      expect(second).toEqual([
        { time: 300, records: [['a', 12]] },
        { time: 500, records: [['a', 12]] },
        { time: 750, records: [['a', 13]] },
      ])
    },
  )

  test('batch times are multiples of the interval, whatever the first interval was', async () => {
    const [, second] = await live([
      { define: totals, interval: Milliseconds(700), rows: [['a']] },
      { define: totals, interval: Milliseconds(300), rows: [['a'], []] },
    ])
    expect(timesOf(second!)).toEqual([900, 1200])
  })

  test('what an operator has yet to pass is passed at its own times, over two changes', async () => {
    let broken = true
    const passed: number[] = []
    const fragile: Define = (words) =>
      ones(words)
        .mapWithState(
          StateSpec.function((word: string, _: number | undefined, state: State<number>, time: Time): Pair => {
            if (broken) throw new Error('away')
            if (!passed.includes(time.milliseconds)) passed.push(time.milliseconds)
            state.update((state.getOption() ?? 0) + 1)
            return [word, state.get()]
          }),
        )
        .uid('fragile')
    const [, , third] = await live([
      { define: fragile, interval: Milliseconds(100), rows: [['a'], ['a', 'b'], ['a']], fails: true },
      { define: fragile, interval: Milliseconds(250), rows: [['b'], ['b']], fails: true },
      {
        define: (words, t) => {
          broken = false
          return fragile(words, t)
        },
        interval: Milliseconds(30),
        rows: [['b']],
      },
    ])
    expect(passed).toEqual([100, 200, 300, 500, 750, 780])
    expect(third!.at(-1)).toEqual({ time: 780, records: [['b', 4]] })
  })

  test.each<[string, Define]>([
    ['a plain window', (words) => words.window(Seconds(1)).count()],
    ['a window without uid and slide', (words) => words.countByWindow(Seconds(1))],
    ['a window with a slide of its own', (words) => words.countByWindow(Seconds(1), Milliseconds(500))],
  ])('%s holds the batches of both intervals that its length covers', async (_, define) => {
    const [, second] = await live([
      { define, interval: Milliseconds(100), rows: rowsOf(20) },
      { define, interval: Milliseconds(250), rows: rowsOf(6) },
    ])
    const wanted = new Map([[2250, 9], [2500, 7], [2750, 6], [3000, 4], [3250, 4], [3500, 4]]) // prettier-ignore
    const found = second!.map(({ time, records }) => [time, records[0]])
    expect(found).toEqual([...wanted].filter(([time]) => timesOf(second!).includes(time)))
    expect(found.length).toBeGreaterThan(2)
  })

  test('a window counts no batches that a shorter one in between has dropped', async () => {
    const counted = (window: number, slide: number): Define => (words) =>
      words.countByWindow(Seconds(window), Seconds(slide)).uid('counted') // prettier-ignore
    const [, , third] = await live([
      { define: counted(4, 1), rows: rowsOf(4) },
      { define: counted(1, 3), away: Seconds(3), options: { missedBatches: 'skip' }, rows: rowsOf(2), crashAt: 'batch:allocated' }, // prettier-ignore
      { define: counted(4, 5), rows: rowsOf(1) },
    ])
    expect(third!.map(({ time, records }) => [time, records[0]])).toEqual([[9000, 2], [10_000, 3]]) // prettier-ignore
  })

  test('a window whose slide is the new interval is the same window', async () => {
    const define: Define = (words) => words.countByWindow(Seconds(1), Milliseconds(500))
    const [, second] = await live([
      { define, interval: Milliseconds(250), rows: rowsOf(8) },
      { define, interval: Milliseconds(500), rows: rowsOf(3) },
    ])
    expect(second!.map(({ time, records }) => [time, records[0]])).toEqual([[2500, 3], [3000, 2], [3500, 2]]) // prettier-ignore
  })
})

describe('a clock that is behind the last commit', () => {
  async function restart(onClockBehind: 'wait' | 'continue') {
    const storage = memoryStorage()
    const options = { batchInterval: Seconds(1), storage }
    const first = new TestContext({ ...options, startTime: new Time(60_000) })
    first.input([['a']]).print()
    await first.run(2)
    await first.ssc.stop()
    const lines: string[] = []
    const silent = (): void => undefined
    const logger = { debug: silent, info: silent, error: silent, warn: (_: object, line: string) => void lines.push(line) } // prettier-ignore
    const t = new TestContext({ ...options, startTime: new Time(50_000), onClockBehind, logger })
    const times: number[] = []
    t.input([['a']]).foreachRDD((_, { milliseconds }) => void times.push(milliseconds))
    await t.advance(Seconds(5))
    const behind = t.events.filter(({ type }) => type === 'clockBehind')
    await t.advance(Seconds(8))
    await t.ssc.stop()
    return { lines, behind, times }
  }

  test('by default batches wait for it, and say so', async () => {
    const { lines, behind, times } = await restart('wait')
    expect(lines).toEqual([expect.stringMatching(/^The clock is 13000 ms behind the next batch, that of 63000 ms\. No batch runs before/)]) // prettier-ignore
    expect(behind).toEqual([{ type: 'clockBehind', time: 50_000, nextBatchTime: 63_000 }])
    expect(times).toEqual([63_000])
  })

  test("with 'continue' they go on from the last time, one every interval", async () => {
    const { lines, times } = await restart('continue')
    expect(lines).toEqual([expect.stringContaining('Batches go on one every interval, ahead of the clock.')])
    expect(times).toEqual(Array.from({ length: 14 }, (_, i) => 63_000 + 1000 * i))
  })
})

test('law: whatever changes, each batch counts once, and a window holds no other batches than its length covers, and each of those of this life', () =>
  holdsOverLives(100))

test('what a window has kept of an earlier life is in the snapshots of a later one', async () => {
  const define = (t: TestContext) =>
    t.output(
      t
        .input(['a', 'b', 'a', 'c', 'a'].map((word) => [word]))
        .mapToPair((word): Pair => [word, 1])
        .runningReduceByKey((a, b) => a + b)
        .checkpoint(Seconds(1))
        .window(Seconds(5)),
    ).batches
  const undisturbed = new TestContext({ batchInterval: Seconds(1) })
  const expected = define(undisturbed)
  await undisturbed.run(5)
  await undisturbed.ssc.stop()

  const storage = memoryStorage()
  const found = []
  for (const batches of [2, 2, 1]) {
    const t = new TestContext({ batchInterval: Seconds(1), storage })
    const outputs = define(t)
    await t.run(batches)
    await t.ssc.stop()
    found.push(...outputs)
    // A life with its snapshots reads nothing of the commits before them.
    expect((await storage.list('snapshots/')).some((file) => file.endsWith('.snapshot'))).toBe(true)
  }
  expect(found).toEqual(expected)
})
