import fc from 'fast-check'
import { expect } from 'vitest'
import { Milliseconds, Receiver, Seconds, type Codec, type DStream } from 'dstream'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { lineCodec } from '../src/base/lines/line-codec.js'
import { turn } from '../src/testing/turn.js'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

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
export class Hand extends Receiver<string> {
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
export const sum = (a: number, b: number): number => a + b
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
  'two readers of a stream': (lines) => {
    const both = pairs(lines)
    return both.reduceByKey(sum).join(both.groupByKey())
  },
  'a reader and a window of a stream': (lines) => {
    const both = pairs(lines)
    return both.groupByKey().join(both.window(Seconds(2)).reduceByKey(sum))
  },
  'below a transform': (lines) => pairs(lines.transform((rdd) => rdd.map((line) => `${line}0`))).reduceByKey(sum),
  'below mapPartitions': (lines) => pairs(lines.mapPartitions((all) => [...all])).reduceByKey(sum),
}

interface Given {
  readonly chain: Chain
  /** For each batch its blocks: those that come early, and those that come right before the tick. */
  readonly batches: readonly { readonly early: readonly BlockOfLines[]; readonly late: readonly BlockOfLines[] }[]
  readonly options: Partial<TestContextOptions>
}

/** Runs a job, whose stages go to `threads` − 1 workers as well. Returns everything that its user can see. */
async function seen(job: Given, own: Pick<TestContextOptions, 'eager' | 'threads'>) {
  return (await run(job, own)).seen
}

async function run(
  { chain, batches, options }: Given,
  own: Pick<TestContextOptions, 'eager' | 'threads'>,
  faults: WorkerFaults = {},
) {
  const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
    const given: TestContextOptions = {
      batchInterval: Seconds(1),
      retry: { attempts: 2 },
      onFailure: 'skip',
      ...options,
      ...own,
    }
    const t = new TestContext(given, workers && { workers })
    const hand = new Hand()
    return { t, hand, out: t.output(chain(t.ssc.receiverStream(hand))) }
  }
  const workers =
    own.threads === undefined ? undefined : loopbackWorkers(() => make().t.ssc, { leastBytes: 0, ...faults })
  const { t, hand, out } = make(workers)
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
  const seen = { batches: out.batches, partitions: out.partitions, times: out.times, progress, errors }
  return { seen, onWorkers: tasksOf(t.ssc).onWorkers }
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

/** Law: blocks that are worked on before their batch give what they give in it. */
export async function earlyWorkIsUnseen(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(given, async (job) => {
      expect(await seen(job, {})).toEqual(await seen(job, { eager: false }))
    }),
    { numRuns },
  )
}

/** Law: a sum by key is that of a loop over the lines, to the bit. */
export async function sumsAreThoseOfALoop(numRuns: number): Promise<void> {
  const plain = fc.record({
    chain: fc.constant(chains['reduceByKey']!),
    batches: fc.array(batch, { minLength: 4, maxLength: 7 }),
    options: fc.constant({ onRecordError: 'skip' as const }),
  })
  await fc.assert(
    fc.asyncProperty(plain, async (job) => {
      const wanted = job.batches.map(({ early, late }) => sumsOf([...early, ...late]))
      expect((await seen(job, { eager: true })).batches.slice(0, wanted.length)).toEqual(wanted)
    }),
    { numRuns },
  )
}

/** Leaves out what a failed batch has counted: a worker may have read on behind the record that failed it. */
function ofWholeBatches({ progress, ...rest }: Awaited<ReturnType<typeof seen>>): unknown {
  const isWhole = rest.errors.length === 0
  return {
    ...rest,
    progress: progress.map(({ numInputRecords, skippedRecords, ...batch }) => ({
      ...batch,
      counts: isWhole && { numInputRecords, skippedRecords },
    })),
  }
}

/**
 * Law: any number of threads gives what one gives, to the bit, whether workers begin before the batch or with it, and whatever ends
 * them. Without threads, a sum of a key is made in another order.
 */
export async function threadsAreUnseen(numRuns: number): Promise<void> {
  let tasks = 0
  const options = fc.record({ threads: fc.integer({ min: 2, max: 4 }), eager: fc.boolean() })
  const lastFrame = fc.option(fc.nat(12))
  await fc.assert(
    fc.asyncProperty(given, options, lastFrame, async (job, own, last) => {
      let frames = 0
      const faults = last === null ? {} : { endsBefore: () => frames++ === last }
      const { seen: byMany, onWorkers } = await run(job, own, faults)
      expect(ofWholeBatches(byMany)).toEqual(ofWholeBatches(await seen(job, { threads: 1 })))
      tasks += onWorkers
    }),
    { numRuns },
  )
  expect(tasks).toBeGreaterThan(numRuns)
}

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
