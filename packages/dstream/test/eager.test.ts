import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Milliseconds, Receiver, Seconds, type Codec, type DStream, type StreamingContextOptions } from 'dstream'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { lineCodec } from '../src/base/lines/line-codec.js'
import { turn } from '../src/testing/turn.js'

/** Lines, not counted before they are decoded; those that begin with `!` do not decode. */
const uncounted: Codec<string> = {
  id: 'uncounted-lines',
  *decode(bytes, bad) {
    for (const line of lineCodec.decode(bytes, bad)) {
      if (line.startsWith('!')) bad(new TextEncoder().encode(line), new Error('not a line'))
      else yield line
    }
  },
}

/** Stores what the test gives it. */
class Hand extends Receiver<string> {
  override readonly codecs = [lineCodec, uncounted]
  onStart(): void {}
  onStop(): void {}
  give({ records, as }: BlockOfLines): Promise<void> {
    if (as === 'records') return this.storeBlock(records)
    const bytes = new TextEncoder().encode(`${records.join('\n')}\n`)
    return this.storeBytes(bytes, as === 'lines' ? lineCodec : uncounted)
  }
}

interface BlockOfLines {
  readonly records: readonly string[]
  readonly as: 'lines' | 'uncounted' | 'records'
}

type Pairs = DStream<[string, number]>
type Chain = (lines: DStream<string>) => DStream<unknown>

const parse = (line: string): readonly [string, number] => {
  const [key, number] = line.split(' ')
  if (key === 'poison') throw new Error('poison')
  return [key!, Number(number)]
}
const sum = (a: number, b: number): number => a + b
const minus = (a: number, b: number): number => a - b

function pairs(lines: DStream<string>): Pairs {
  return lines
    .filter((line) => line !== 'drop 1')
    .flatMap((line) => (line.startsWith('twice') ? [line, line] : [line]))
    .mapToPair(parse)
    .mapValues((n) => n / 3)
}

/** Every operator that folds by key, over sources and over steps. */
const chains: Readonly<Record<string, Chain>> = {
  reduceByKey: (lines) => pairs(lines).reduceByKey(sum),
  'reduceByKey in three partitions': (lines) => pairs(lines).reduceByKey(sum, { numPartitions: 3 }),
  'countByValue of a source': (lines) => lines.countByValue(),
  distinct: (lines) => lines.map((line) => line.slice(0, 3)).distinct(),
  groupByKey: (lines) => pairs(lines).groupByKey(),
  runningReduceByKey: (lines) => pairs(lines).runningReduceByKey(sum),
  updateStateByKey: (lines) => pairs(lines).updateStateByKey<number>((values, old = 0) => values.reduce(sum, old)),
  reduceByKeyAndWindow: (lines) => pairs(lines).reduceByKeyAndWindow(sum, Seconds(3)),
  'reduceByKeyAndWindow with inverse': (lines) => pairs(lines).reduceByKeyAndWindow(sum, minus, Seconds(3)),
  countByValueAndWindow: (lines) => lines.countByValueAndWindow(Seconds(2)),
  combineByKey: (lines) =>
    pairs(lines).combineByKey(
      (n) => [n],
      (all, n) => [...all, n],
      (a, b) => [...a, ...b],
    ),
  'below a tap': (lines) => pairs(lines.tap(() => {})).reduceByKey(sum),
  'two readers of a source': (lines) => lines.union(lines).countByValue(),
  'below a transform': (lines) => pairs(lines.transform((rdd) => rdd.map((line) => `${line}0`))).reduceByKey(sum),
  'below mapPartitions': (lines) => pairs(lines.mapPartitions((all) => [...all])).reduceByKey(sum),
}

interface Given {
  readonly chain: Chain
  /** For each batch its blocks: those that come early, and those that come right before the tick. */
  readonly batches: readonly { readonly early: readonly BlockOfLines[]; readonly late: readonly BlockOfLines[] }[]
  readonly options: Partial<TestContextOptions>
}

/** Runs a job. Returns everything that its user can see. */
async function seen({ chain, batches, options }: Given, eager: boolean | undefined) {
  const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 2 }, onFailure: 'skip', ...options, eager })
  const hand = new Hand()
  const out = t.output(chain(t.ssc.receiverStream(hand)))
  await t.ssc.start()
  for (const { early, late } of batches) {
    for (const block of early) {
      await hand.give(block)
      await turn()
    }
    await t.advance(Milliseconds(900))
    await Promise.all(late.map((block) => hand.give(block)))
    await t.advance(Milliseconds(100)).catch(() => undefined)
  }
  await t.stop()
  const progress = t.ssc.recentProgress.map(({ batchTime, numInputRecords, skippedRecords, outputs }) => ({
    batchTime,
    numInputRecords,
    skippedRecords,
    outputs,
  }))
  const errors = t.errors.map(({ error, ...rest }) => ({ ...rest, error: String(error) }))
  return { batches: out.batches, partitions: out.partitions, times: out.times, progress, errors }
}

const line = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'c', 'twice', '1', '2'), fc.nat(9)).map((parts) => parts.join(' ')),
  },
  { weight: 1, arbitrary: fc.constantFrom('drop 1', 'poison 1', '! 1') },
)
const block: fc.Arbitrary<BlockOfLines> = fc.record({
  records: fc.array(line, { minLength: 1, maxLength: 6 }),
  as: fc.constantFrom('lines', 'lines', 'uncounted', 'records'),
})
const batch = fc.record({ early: fc.array(block, { maxLength: 3 }), late: fc.array(block, { maxLength: 2 }) })
const given: fc.Arbitrary<Given> = fc.record({
  chain: fc.constantFrom(...Object.values(chains)),
  batches: fc.array(batch, { minLength: 4, maxLength: 7 }),
  options: fc.record({
    onRecordError: fc.constantFrom('fail' as const, 'skip' as const),
    defaultParallelism: fc.constantFrom(1, 2),
  }),
})

test('early work changes nothing that can be seen', async () => {
  await fc.assert(
    fc.asyncProperty(given, async (job) => {
      expect(await seen(job, undefined)).toEqual(await seen(job, false))
    }),
    { numRuns: 150 },
  )
}, 120_000)

test('a sum by key is that of a loop over the lines, to the bit', async () => {
  const plain = fc.record({
    chain: fc.constant(chains['reduceByKey']!),
    batches: fc.array(batch, { minLength: 4, maxLength: 7 }),
    options: fc.constant({ onRecordError: 'skip' as const }),
  })
  await fc.assert(
    fc.asyncProperty(plain, async (job) => {
      const wanted = job.batches.map(({ early, late }) => sumsOf([...early, ...late]))
      expect((await seen(job, true)).batches.slice(0, wanted.length)).toEqual(wanted)
    }),
    { numRuns: 50 },
  )
}, 120_000)

function sumsOf(blocks: readonly BlockOfLines[]): [string, number][] {
  const sums = new Map<string, number>()
  for (const { records, as } of blocks) {
    for (const line of records) {
      if (line === 'drop 1' || line.startsWith('poison') || (line.startsWith('!') && as === 'uncounted')) continue
      const [key, number] = line.split(' ')
      for (let i = 0; i < (key === 'twice' ? 2 : 1); i++) sums.set(key!, (sums.get(key!) ?? 0) + Number(number) / 3)
    }
  }
  return [...sums]
}

/** The virtual times at which a step of a job is called, batch by batch; one block comes in the middle of each. */
async function callTimes(
  define: (lines: DStream<string>, called: () => void, t: TestContext) => void,
  options: Partial<StreamingContextOptions> = {},
): Promise<number[][]> {
  const t = new TestContext({ batchInterval: Seconds(1), ...options })
  const hand = new Hand()
  const calls: number[][] = []
  define(t.ssc.receiverStream(hand), () => calls.at(-1)!.push(nowMs), t)
  let nowMs = 0
  await t.ssc.start()
  for (let second = 0; second < 4; second++) {
    calls.push([])
    await t.advance(Milliseconds(500))
    nowMs = 500
    await hand.give({ records: ['a 1'], as: 'lines' })
    for (let i = 0; i < 3; i++) await turn()
    nowMs = 1000
    await t.advance(Milliseconds(500))
  }
  await t.stop()
  return calls
}

const early = [[1000], [500], [500], [500]]
const atTheTick = [[1000], [1000], [1000], [1000]]
type Define = Parameters<typeof callTimes>[0]
const counting: Define = (lines, called) =>
  lines
    .map((text) => (called(), text))
    .countByValue()
    .print()
const jobs: [string, Define, number[][], Partial<StreamingContextOptions>?][] = [
  ['a chain to a reduction by key', counting, early],
  ['a chain to a reduction by key, with eager: false', counting, atTheTick, { eager: false }],
  ['a chain to a reduction by key, with backpressure', counting, atTheTick, { backpressure: true }],
  ['a state', (lines, called) => lines.mapToPair((text): [string, number] => (called(), [text, 1])).runningReduceByKey(sum).print(), early],
  ['a tap', (lines, called) => lines.tap(called).countByValue().print(), atTheTick],
  ['a step below a tap', (lines, called) => lines.tap(() => {}).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step above a tap', (lines, called) => lines.map((text) => (called(), text)).tap(() => {}).countByValue().print(), atTheTick],
  ['a transform', (lines, called) => lines.transform((rdd) => rdd.map((text) => (called(), text))).countByValue().print(), atTheTick],
  ['a step below a transform', (lines, called) => lines.transform((rdd) => rdd).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step below mapPartitions', (lines, called) => lines.mapPartitions((all) => all).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step without a reduction', (lines, called) => lines.map((text) => (called(), text)).print(), atTheTick],
  ['a step of a stream with two readers', (lines, called) => {
    const mapped = lines.map((text) => (called(), text))
    mapped.countByValue().print()
    mapped.print()
  }, atTheTick],
  ['a reduction in foreachRDD', (lines, called) => {
    const step = (text: string): [string, number] => (called(), [text, 1])
    lines.foreachRDD((rdd) => rdd.mapToPair(step).reduceByKey(sum).collect())
  }, atTheTick],
  ['a reduction in transform', (lines, called) => {
    const step = (text: string): [string, number] => (called(), [text, 1])
    lines.transform((rdd) => rdd.mapToPair(step).reduceByKey(sum)).print()
  }, atTheTick],
] // prettier-ignore
test.each(jobs)('%s: when it runs', async (_, define, wanted, options) => {
  expect(await callTimes(define, options)).toEqual(wanted)
})

test('an accumulator is never added to early, even where the function catches the error', async () => {
  const values: number[] = []
  const calls = await callTimes((lines, called, t) => {
    const hits = t.ssc.sc.longAccumulator('hits')
    const add = (): void => {
      try {
        hits.add(1)
      } catch {
        return
      }
      called()
    }
    lines
      .map((text) => (add(), text))
      .countByValue()
      .foreachRDD(async (rdd) => void values.push((await rdd.collect()).length, hits.value))
  })
  expect(calls).toEqual(atTheTick)
  expect(values.slice(0, 8)).toEqual([1, 1, 1, 2, 1, 3, 1, 4])
})

test('a view of a state is never read early', async () => {
  const read: (number | undefined)[] = []
  await callTimes((lines, _, t) => {
    const totals = t.input([['a 1'], ['a 1'], ['a 1'], ['a 1']]).mapToPair((text): [string, number] => [text, 1]).runningReduceByKey(sum) // prettier-ignore
    totals.print()
    lines
      .map((text) => (read.push(totals.snapshot().get(text)), text))
      .countByValue()
      .print()
  })
  expect(read.filter((n) => n !== undefined)).toEqual([1, 2, 3])
})

test('objects that the program has emitted wait for the batch', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  class Objects extends Receiver<{ n: number }> {
    onStart(): void {}
    onStop(): void {}
  }
  const receiver = new Objects()
  const out = t.output(t.ssc.receiverStream(receiver).map(({ n }) => n).countByValue()) // prettier-ignore
  await t.run(2)
  const record = { n: 1 }
  await receiver.storeBlock([record])
  await turn()
  record.n = 2
  await t.run(1)
  expect(out.batches.at(-1)).toEqual([[2, 1]])
  await t.stop()
})

test.each([1, 'yes', null])('eager: %s is refused', (eager) => {
  expect(() => new TestContext({ batchInterval: Seconds(1), eager: eager as never })).toThrow(
    'eager must be true or false',
  )
})

test('eager beside threads is refused: the order of additions would depend on what was idle', () => {
  expect(() => new TestContext({ batchInterval: Seconds(1), eager: true, threads: 1 })).toThrow(
    'eager must be false or absent where threads are given',
  )
})
