import { isDeepStrictEqual } from 'node:util'
import { crashPoints, Seconds, type Duration, type DStream } from 'dstream'
import { aFunction, checkOptions } from '../base/options.js'
import { checkRows } from './check-arguments.js'
import { TestContext } from './test-context.js'

/** The options of `testRecovery`. */
export interface TestRecoveryOptions {
  /** The crash points; default `every-point`. */
  crashAt?: 'every-point' | readonly string[] | undefined
  /** The batch interval; default one second. */
  batchInterval?: Duration | undefined
}

/** The results of a job: for each output its last records by batch time, and the committed states. */
interface Trace {
  readonly outputs: ReadonlyMap<number, unknown>[]
  readonly states: unknown
}

/**
 * Runs a job once undisturbed, then once for each crash point and each batch: crashed there, started again on the same
 * storage, and run to its end. The records of each batch and the states must be the same. An output that runs twice for
 * a batch must give the same records twice. `define` builds the graph, with `t.output(…)` for each stream that is
 * compared.
 *
 * @example
 * await testRecovery((t, words) => {
 *   t.output(words.mapToPair((w) => [w, 1]).runningReduceByKey((a, b) => a + b))
 * }, [['a'], ['a', 'b'], ['b']])
 *
 * @throws an Error that names the crash point, the batch and the first difference
 */
export async function testRecovery<T>(
  define: (t: TestContext, input: DStream<T>) => void,
  batches: readonly (readonly T[])[],
  options: TestRecoveryOptions = {},
): Promise<{ runs: number; points: number }> {
  aFunction('testRecovery', 'define', define)
  checkRows('testRecovery', batches)
  checkOptions('testRecovery', options, ['crashAt', 'batchInterval'])
  const batchInterval = options.batchInterval ?? Seconds(1)
  const build = (t: TestContext): void => define(t, t.input(batches))
  const undisturbed = new TestContext({ batchInterval })
  build(undisturbed)
  await undisturbed.run()
  const expected = trace([undisturbed])
  await undisturbed.ssc.stop()

  const points = options.crashAt === undefined || options.crashAt === 'every-point' ? crashPoints : options.crashAt
  const reached = new Set<string>()
  let runs = 0
  for (const at of points) {
    for (let before = 0; before < batches.length; before++) {
      const contexts = await crashed(build, batchInterval, before, at)
      if (contexts === undefined) continue
      runs++
      reached.add(at)
      const difference = differ(expected, trace(contexts))
      await contexts.at(-1)!.ssc.stop()
      if (difference !== undefined) {
        throw new Error(`After a crash at "${at}" in batch ${before + 1}, ${difference}`)
      }
    }
  }
  return { runs, points: reached.size }
}

/**
 * Crashes a job in the batch after `before` batches and recovers it. Resolves to both contexts, or to `undefined` when
 * that batch does not reach the crash point.
 */
async function crashed(
  build: (t: TestContext) => void,
  batchInterval: Duration,
  before: number,
  at: string,
): Promise<TestContext[] | undefined> {
  const first = new TestContext({ batchInterval })
  build(first)
  if (before > 0) await first.run(before)
  try {
    const second = await first.crashAndRecover(build, { at })
    await second.run()
    return [first, second]
  } catch (error) {
    if (error instanceof Error && /did not reach the crash point/.test(error.message)) return undefined
    throw new Error(`After a crash at "${at}" in batch ${before + 1}, the job failed: ${String(error)}`, {
      cause: error,
    })
  }
}

function trace(contexts: readonly TestContext[]): Trace {
  const outputs = contexts[0]!.outputs.map((_, index) => {
    const recordsAt = new Map<number, unknown>()
    for (const context of contexts) {
      const output = context.outputs[index]!
      for (const [i, time] of output.times.entries()) {
        const records = output.batches[i]
        if (recordsAt.has(time) && !isDeepStrictEqual(recordsAt.get(time), records)) {
          throw new Error(
            `Output ${index} gave ${show(recordsAt.get(time))} for ${time} ms, and ${show(records)} when run again.`,
          )
        }
        recordsAt.set(time, records)
      }
    }
    return recordsAt
  })
  return { outputs, states: contexts.at(-1)!.ssc.engine?.states() }
}

function differ(expected: Trace, found: Trace): string | undefined {
  for (const [index, recordsAt] of expected.outputs.entries()) {
    for (const [time, records] of recordsAt) {
      const other = found.outputs[index]!.get(time)
      if (!isDeepStrictEqual(records, other)) {
        return `output ${index} gave ${show(other)} for the batch of ${time} ms instead of ${show(records)}.`
      }
    }
  }
  if (isDeepStrictEqual(expected.states, found.states)) return undefined
  return `the states are ${show(found.states)} instead of ${show(expected.states)}.`
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
