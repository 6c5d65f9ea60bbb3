import { Seconds, splitsOf, type SourceSplit, type SplitSource, type Time } from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'

type Offsets = Record<string, number>
interface Part extends SourceSplit {
  readonly from: number
  readonly until: number
}

/** Logs by name, of which each batch takes at most two records. */
class Logs implements SplitSource<string, Offsets, Part> {
  readonly reads: string[] = []
  readonly signals: AbortSignal[] = []
  closed = false
  constructor(readonly logs: Record<string, string[]>) {}
  initial(): Offsets {
    return {}
  }
  plan(from: Offsets): Offsets {
    const until = Object.entries(this.logs).map(([name, log]) => [name, Math.min((from[name] ?? 0) + 2, log.length)])
    return Object.fromEntries(until) as Offsets
  }
  splits(from: Offsets, until: Offsets): Part[] {
    return Object.entries(until).map(([name, end]) => ({
      name,
      from: from[name] ?? 0,
      until: end,
      atEnd: end === this.logs[name]!.length,
    }))
  }
  read({ name, from, until }: Part, { signal }: { readonly signal: AbortSignal }): string[] {
    this.reads.push(`${name} ${from}-${until}`)
    this.signals.push(signal)
    return this.logs[name]!.slice(from, until)
  }
  ended(position: Offsets): boolean {
    return Object.entries(this.logs).every(([name, log]) => position[name] === log.length)
  }
  close(): void {
    this.closed = true
  }
}

function logs(): Logs {
  return new Logs({ a: ['a0', 'a1', 'a2'], b: ['b0'] })
}

interface Seen {
  readonly records: string[][]
  readonly splits: (readonly SourceSplit[] | undefined)[]
}

function watched(t: TestContext, source: Logs): Seen {
  const seen: Seen = { records: [], splits: [] }
  t.ssc.fromSource(source).foreachRDD(async (rdd, _: Time) => {
    seen.records.push(await rdd.collect())
    seen.splits.push(splitsOf(rdd))
  })
  return seen
}

test('each split is a partition, and its name and end are told', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const seen = watched(t, logs())
  const partitions = t.output(t.ssc.fromSource(logs()).mapPartitionsWithIndex((i, records) => [...records].map((record) => `${i}:${record}`))) // prettier-ignore
  await t.run(3)
  expect(seen.records).toEqual([['a0', 'a1', 'b0'], ['a2'], []])
  expect(partitions.batches).toEqual([['0:a0', '0:a1', '1:b0'], ['0:a2'], []])
  expect(seen.splits.map((splits) => splits?.map(({ name, atEnd }) => [name, atEnd]))).toEqual([
    [['a', false], ['b', true]], // prettier-ignore
    [['a', true], ['b', true]], // prettier-ignore
    undefined,
  ])
  expect(t.ssc.lastProgress!.sources[0]).toMatchObject({ metadata: { ended: true } })
  await t.stop()
})

test('the RDD of another stream has no splits', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const seen: unknown[] = []
  t.ssc.fromSource(logs()).map((x) => x).foreachRDD((rdd) => void seen.push(splitsOf(rdd))) // prettier-ignore
  await t.run(1)
  expect(seen).toEqual([undefined])
})

test('a source that has ended is planned no more', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  let plans = 0
  const source = {
    initial: () => 0,
    plan: (from: number) => (plans++, from + 1),
    read: (from: number) => [from],
    ended: (position: number) => position === 2,
  }
  const out = t.output(t.ssc.fromSource(source))
  await t.run(5)
  expect([out.batches, plans]).toEqual([[[0], [1], [], [], []], 2])
})

test('a batch that is run again reads the splits that were logged, whatever the source would plan now', async () => {
  const first = logs()
  const t = new TestContext({ batchInterval: Seconds(1) })
  watched(t, first)
  const grown = logs()
  grown.logs['a']!.push('a3', 'a4')
  grown.logs['c'] = ['c0']
  const next = await t.crashAndRecover((again) => watched(again, grown), { at: 'batch:evaluated' })
  await next.run(2)
  expect(next.defined.records).toEqual([['a0', 'a1', 'b0'], ['a2', 'a3', 'c0'], ['a4']])
  expect(grown.reads.slice(0, 2)).toEqual(first.reads)
  await next.stop()
})

test('the signal of a reading is aborted when the context is closed', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const source = logs()
  watched(t, source)
  await t.run(1)
  expect(source.signals.map(({ aborted }) => aborted)).toEqual([false, false])
  await t.ssc.stop()
  expect([source.closed, ...source.signals.map(({ aborted }) => aborted)]).toEqual([true, true, true])
})

describe('splits that are none', () => {
  test.each<[string, unknown]>([
    ['no list', {}],
    ['one without a name', [{ from: 0 }]],
    ['undefined among them', [undefined]],
    ['two of one name', [{ name: 'a' }, { name: 'a' }]],
  ])('%s: reported in words, and the next batch tries again', async (_, bad) => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const source = logs()
    const good = source.splits.bind(source)
    let calls = 0
    source.splits = (from, until) => (calls++ === 0 ? (bad as Part[]) : good(from, until))
    const seen = watched(t, source)
    await t.run(2)
    const reports = t.events.filter(({ type }) => type === 'receiverError')
    expect(JSON.stringify(reports)).toMatch(/splits returned .* each with a name of its own/)
    expect(seen.records).toEqual([[], ['a0', 'a1', 'b0']])
    await t.stop()
  })
})
