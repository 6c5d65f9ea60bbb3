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

describe('a source that is opened and decodes', () => {
  const numbers = (texts: readonly string[]) => ({
    kind: 'readNumbers',
    name: 'Number',
    initial: () => 0,
    plan: () => texts.length,
    read: (from: number) => texts.slice(from),
    decode: (text: string): number => JSON.parse(text) as number,
  })

  test('its records are decoded, and its names are in the plan and in events', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const out = t.output(t.ssc.fromSource(numbers(['1', '2'])).map((n) => n + 1))
    await t.run(1)
    expect(out.batches).toEqual([[2, 3]])
    expect(t.ssc.explain()).toContain('readNumbers')
    await t.stop()
  })

  test('splits are decoded too, and stay the splits of the RDD', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const seen: unknown[] = []
    const source = {
      ...numbers([]),
      plan: (from: number) => from + 1,
      splits: (from: number) => [{ name: 'a', from }],
      read: ({ from }: { readonly name: string; readonly from: number }) => [String(from)],
    }
    const out = t.ssc.fromSource(source)
    out.foreachRDD(async (rdd) => void seen.push(splitsOf(rdd)?.[0]?.name, ...(await rdd.collect())))
    await t.run(2)
    expect(seen).toEqual(['a', 0, 'a', 1])
    await t.stop()
  })

  test('a record that does not decode is left out and counted under the source, or fails the batch', async () => {
    const skipping = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
    const out = skipping.output(skipping.ssc.fromSource(numbers(['1', 'two', '3'])))
    await skipping.run(1)
    expect(out.batches).toEqual([[1, 3]])
    expect(skipping.ssc.totals.skippedRecords).toEqual({ 'readNumbers#1': 1 })
    await skipping.stop()
    const failing = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
    failing.output(failing.ssc.fromSource(numbers(['1', 'two', '3'])))
    await expect(failing.run(1)).rejects.toThrow(SyntaxError)
  })

  test('it is opened before anything else, and again after a failure, which is reported', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const calls: string[] = []
    let fails = 2
    const source = {
      ...numbers(['1']),
      open: ({ name, report }: { name: string; report(message: string, error?: unknown): void }) => {
        calls.push(`open ${name}`)
        if (fails-- > 0) throw new Error('away')
        report('Something is odd', new Error('why'))
      },
      initial: () => (calls.push('initial'), 0),
    }
    const out = t.output(t.ssc.fromSource(source))
    await t.run(2)
    const messages = t.events.flatMap((event) => (event.type === 'receiverError' ? [event.receiverInfo.lastErrorMessage] : [])) // prettier-ignore
    expect(calls).toEqual(['open Number stream [0]', 'open Number stream [0]', 'open Number stream [0]', 'initial'])
    expect(messages.at(-1)).toBe('Something is odd')
    expect(out.batches).toEqual([[], [1]])
    await t.stop()
  })
})

test('splits whose reads reject fail their batch, whichever is looked at first, and never the process', async () => {
  const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const stream = t.ssc.fromSource({
    initial: () => 0,
    plan: (from: number) => from + 1,
    splits: () => [{ name: 'slow' }, { name: 'quick' }],
    read: async ({ name }: SourceSplit): Promise<string[]> => {
      if (name === 'slow') await turn().then(turn)
      throw new Error(`${name} is away`)
    },
  })
  t.output(stream)
  await expect(t.run(1)).rejects.toThrow('slow is away')
  await turn()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
  await t.ssc.stop()
})
