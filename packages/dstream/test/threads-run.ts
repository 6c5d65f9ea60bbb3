import { Seconds, type DStream, type StreamingContextOptions } from 'dstream'
import { TestContext } from 'dstream/testing'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

export type Rows = readonly (readonly number[])[]
export type DefineAll = (numbers: DStream<number>, t: TestContext) => Readonly<Record<string, DStream<unknown>>>
export type Options = Partial<StreamingContextOptions> & WorkerFaults & { readonly numPartitions?: number }

/** Runs batches of numbers through several streams, whose stages go to `threads` − 1 workers as well. */
export async function runAll(rows: Rows, define: DefineAll, threads: number | undefined, options: Options = {}) {
  const { endsBefore, seen, numPartitions = 4, ...given } = options
  const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
    const t = new TestContext({ batchInterval: Seconds(1), threads, ...given }, workers && { workers })
    const streams = Object.entries(define(t.input(rows, { numPartitions }), t))
    return { t, outs: streams.map(([name, stream]) => [name, t.output(stream)] as const) }
  }
  const workers = loopbackWorkers(() => make().t.ssc, { ...(endsBefore && { endsBefore }), ...(seen && { seen }) })
  const { t, outs } = make(workers)
  const error = await t.run(rows.length).catch((e: unknown) => e)
  const tasks = tasksOf(t.ssc)
  const { skippedRecords } = t.ssc.totals
  const errors = t.errors.map(({ output, operator, error }) => [output, operator, String(error)])
  await t.stop().catch(() => undefined)
  const batches = Object.fromEntries(outs.map(([name, out]) => [name, out.batches]))
  return { batches, tasks, error, errors, skippedRecords, started: workers.started() }
}
