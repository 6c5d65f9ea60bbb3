import { crashPoints, Seconds, Time, type DStream, type Source, type SplitSource } from 'dstream'
import { aFunction } from '../../base/options.js'
import { TestContext } from '../test-context.js'
import { crashAt, mustEqual, type ContractCase } from './contract.js'

/** An origin of data that a source reads, empty at first. */
export interface SourceOrigin<T> {
  /** Returns a new source of this origin, as another process of the same job would make it. */
  source(): Source<T, any, any> | SplitSource<T, any, any, any>
  /** Returns the record number `n`, from 0; all differ. */
  record(n: number): T
  /** Adds records to the data; resolves when a source can read them. */
  append(records: readonly T[]): Promise<void>
  /** Removes the origin. */
  close?(): Promise<void>
}

const BATCHES = 3
const RECORDS = 4

/**
 * Returns the rules that every source with positions keeps, each as a case for a test runner. All records come once, a
 * batch that is run again has the same records whatever has arrived meanwhile, and the rate bounds a batch.
 *
 * @param make returns a new, empty origin for each case
 *
 * @example
 * const rules = sourceContract<number>(() => {
 *   const log: number[] = []
 *   return {
 *     source: () => ({
 *       initial: () => 0,
 *       plan: (from: number, limit = Infinity) => Math.min(from + limit, log.length),
 *       read: (from: number, until: number) => log.slice(from, until),
 *     }),
 *     record: (n) => n,
 *     append: (records) => Promise.resolve(void log.push(...records)),
 *   }
 * })
 * for (const { run } of rules) await run()
 */
export function sourceContract<T>(make: () => SourceOrigin<T> | Promise<SourceOrigin<T>>): readonly ContractCase[] {
  aFunction('sourceContract', 'make', make)
  const rule = (name: string, check: (origin: SourceOrigin<T>) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const origin = await make()
      try {
        await check(origin)
      } finally {
        await origin.close?.()
      }
    },
  })
  return [
    rule('every record comes once', once),
    rule('a batch without data is empty, and later data comes', afterNothing),
    rule('the rate bounds the records of a batch', bounded),
    rule('the same range gives the same records at every reading', readAgain),
    ...crashPoints.map((at) => rule(`a crash at ${at}: every record counts once`, (origin) => crashed(origin, at))),
  ]
}

function streamOf<T>(t: TestContext, origin: SourceOrigin<T>): DStream<T> {
  return t.ssc.fromSource(origin.source() as Source<T, unknown>)
}

function recordsOf<T>(origin: SourceOrigin<T>, batch: number): T[] {
  return Array.from({ length: RECORDS }, (_, i) => origin.record(batch * RECORDS + i))
}

function sorted(records: readonly unknown[]): unknown[] {
  return [...records].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function allOf<T>(origin: SourceOrigin<T>, batches = BATCHES): unknown[] {
  return sorted(Array.from({ length: batches }, (_, i) => recordsOf(origin, i)).flat())
}

async function once<T>(origin: SourceOrigin<T>): Promise<void> {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(streamOf(t, origin))
  await t.ssc.start()
  for (let i = 0; i < BATCHES; i++) {
    await origin.append(recordsOf(origin, i))
    await t.run(1)
  }
  await t.stop()
  mustEqual('The records of all batches', sorted(out.batches.flat()), allOf(origin))
}

async function afterNothing<T>(origin: SourceOrigin<T>): Promise<void> {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(streamOf(t, origin))
  await t.run(2)
  mustEqual('The batches without data', out.batches, [[], []])
  await origin.append(recordsOf(origin, 0))
  await t.run(1)
  await t.stop()
  mustEqual('The records of all batches', sorted(out.batches.flat()), allOf(origin, 1))
}

async function bounded<T>(origin: SourceOrigin<T>): Promise<void> {
  const t = new TestContext({ batchInterval: Seconds(1), maxRate: 2 })
  const out = t.output(streamOf(t, origin))
  await t.ssc.start()
  await origin.append(recordsOf(origin, 0))
  await t.run(RECORDS)
  await t.stop()
  const largest = Math.max(...out.batches.map((batch) => batch.length))
  if (largest > 2) throw new Error(`A batch has ${largest} records; the rate allows 2.`)
  mustEqual('The records of all batches', sorted(out.batches.flat()), allOf(origin, 1))
}

async function readAgain<T>(origin: SourceOrigin<T>): Promise<void> {
  const source = origin.source()
  const from: unknown = await source.initial()
  await origin.append(recordsOf(origin, 0))
  const until: unknown = await source.plan(from, undefined, new Time(1000))
  const splits = 'splits' in source ? await source.splits(from, until) : []
  const options = { signal: new AbortController().signal }
  const reading = async (): Promise<unknown[]> => {
    const records: unknown[] = []
    const parts = 'splits' in source ? splits.map((split) => source.read(split, options)) : [source.read(from, until, options)] // prettier-ignore
    for (const part of parts) for await (const record of await part) records.push(source.decode?.(record) ?? record)
    return records
  }
  const first = await reading()
  await origin.append(recordsOf(origin, 1))
  mustEqual('The second reading', await reading(), first)
  mustEqual('The records of the range', sorted(first), allOf(origin, 1))
  await source.close?.()
}

async function crashed<T>(origin: SourceOrigin<T>, at: string): Promise<void> {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const define = (again: TestContext) =>
    again.output(
      streamOf(again, origin)
        .mapToPair((record): [string, number] => [JSON.stringify(record), 1])
        .runningReduceByKey((a, b) => a + b),
    )
  define(t)
  await t.ssc.start()
  await origin.append(recordsOf(origin, 0))
  await t.run(1)
  await origin.append(recordsOf(origin, 1))
  const next = await crashAt(t, define, at)
  if (next === undefined) return
  await origin.append(recordsOf(origin, 2))
  await next.run(2)
  await next.stop()
  const counts = next.defined.batches.at(-1)!
  const wanted = sorted(allOf(origin).map((record) => [JSON.stringify(record), 1]))
  mustEqual('How often each record was counted', sorted(counts), wanted)
}
