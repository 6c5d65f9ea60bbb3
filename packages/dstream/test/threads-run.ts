import { Seconds, type DStream, type State, type StreamingContextOptions } from 'dstream'
import { TestContext } from 'dstream/testing'
import type { AnyFunction } from '../src/rdd/plan/lineage.js'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

export type Rows = readonly (readonly number[])[]
export type DefineAll = (numbers: DStream<number>, t: TestContext) => Readonly<Record<string, DStream<unknown>>>
export type Options = Partial<StreamingContextOptions> &
  WorkerFaults & {
    readonly numPartitions?: number
    /** The function whose text has those of the job. */
    readonly definition?: AnyFunction | undefined
  }

export const add = (a: number, b: number): number => a + b
export const byDigit = (n: number): [number, number] => [Math.abs(n) % 10, n]
export const byName = (n: number): [string, number] => [`n${Math.abs(n) % 7}`, n]
export const many: readonly number[] = Array.from({ length: 400 }, (_, i) => (i * 7919) % 1009)

export interface Seen {
  readonly count: number
  readonly last: readonly number[]
}

/** A function for `mapWithState` that updates the state of a key, looks at it, removes it and times it out. */
export function follow(key: unknown, n: number | undefined, state: State<Seen>): unknown {
  if (state.isTimingOut()) return { key, out: state.get() }
  const { count, last } = state.getOption() ?? { count: 0, last: [] }
  if (n! % 11 === 3) {
    if (state.exists()) state.remove()
    return undefined
  }
  // Looks without a change.
  if (n! % 5 === 1) return [key, count]
  // Adds a key again that was removed in the same batch, where more records come.
  state.update({ count: count + 1, last: [...last, n!].slice(-3) })
  return [key, count + 1, last]
}

/** Operators that combine by key, right behind the stream that they are given. */
export const mapSides: Readonly<Record<string, (numbers: DStream<number>) => DStream<unknown>>> = {
  combineByKey: (s) =>
    s.mapToPair(byName).combineByKey(
      (n) => [n],
      (all, n) => [...all, n],
      (a, b) => [...a, ...b],
    ),
  distinct: (s) => s.map((n) => n % 17).distinct(),
  runningReduceByKey: (s) => s.mapToPair(byName).runningReduceByKey(add),
  updateStateByKey: (s) =>
    s.mapToPair(byDigit).updateStateByKey((values: number[], sum: number | undefined) => values.reduce(add, sum ?? 0)),
  reduceByKeyAndWindow: (s) => s.mapToPair(byName).reduceByKeyAndWindow(add, Seconds(2), Seconds(1)),
  'a mutated combiner': (s) =>
    s
      .mapToPair((n): [number, { sum: number }] => [n % 4, { sum: n }])
      .reduceByKey((a, b) => {
        a.sum += b.sum
        return a
      }),
}

/** The options of a context, and what tests say of the job. */
export type JobOptions = Partial<StreamingContextOptions> & Pick<Options, 'numPartitions' | 'definition'>

/** Makes a job of several streams over batches of numbers, whose stages go to what `runner` names. */
export function jobOf(
  rows: Rows,
  define: DefineAll,
  { definition, numPartitions = 4, ...options }: JobOptions,
  runner: Pick<NonNullable<ConstructorParameters<typeof TestContext>[1]>, 'workers' | 'cluster'> = {},
) {
  const t = new TestContext({ batchInterval: Seconds(1), ...options }, { definition, ...runner })
  const streams = Object.entries(define(t.input(rows, { numPartitions }), t))
  return { t, outs: streams.map(([name, stream]) => [name, t.output(stream)] as const) }
}

/** Runs a job through its batches, and ends it. Returns what it has done. */
export async function runJob({ t, outs }: ReturnType<typeof jobOf>, { length }: Rows) {
  const error: unknown = await t.run(length).catch((e: unknown) => e)
  const tasks = tasksOf(t.ssc)
  const { skippedRecords } = t.ssc.totals
  const errors = t.errors.map(({ output, operator, error }) => [output, operator, String(error)])
  await t.stop().catch(() => undefined)
  const batches = Object.fromEntries(outs.map(([name, out]) => [name, out.batches]))
  return { batches, tasks, error, errors, skippedRecords }
}

/** Runs batches of numbers through several streams, whose stages go to `threads` − 1 workers as well. */
export async function runAll(rows: Rows, define: DefineAll, threads: number | undefined, options: Options = {}) {
  const { endsBefore, seen, leastBytes, packing, given, replied, ...others } = options
  const faults = Object.entries({ endsBefore, seen, leastBytes, packing, given, replied }).filter(
    ([, f]) => f !== undefined,
  )
  const jobOptions: JobOptions = { threads, ...others }
  const workers = loopbackWorkers(() => jobOf(rows, define, jobOptions).t.ssc, Object.fromEntries(faults))
  const ended = await runJob(jobOf(rows, define, jobOptions, { workers }), rows)
  return { ...ended, started: workers.started() }
}
