import { isDeepStrictEqual } from 'node:util'
import { crashPoints, Seconds, type Duration, type DStream } from 'dstream'
import { aFunction, checkOptions } from '../base/options.js'
import { checkRows } from './check-arguments.js'
import { TestContext } from './test-context.js'

/** What `testRecovery` can be told. */
export interface TestRecoveryOptions {
  /** Where to cut; default `every-point`. */
  crashAt?: 'every-point' | readonly string[] | undefined
  /** Default one second. */
  batchInterval?: Duration | undefined
}

/** What a job has left behind: per output the last word on each batch time, and the committed states. */
interface Trace {
  readonly outputs: ReadonlyMap<number, unknown>[]
  readonly states: unknown
}

/**
 * Runs a job once undisturbed, then once for each crash point and each batch: cut there, started again on the same
 * storage, and run to the end. What it gave for each batch, and its states, must be the same; an output that runs twice
 * for a batch must give the same twice. `define` builds the graph, with `t.output(…)` for what is to be compared.
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
      const lives = await crashed(build, batchInterval, before, at)
      if (lives === undefined) continue
      runs++
      reached.add(at)
      const difference = differ(expected, trace(lives))
      await lives.at(-1)!.ssc.stop()
      if (difference !== undefined) {
        throw new Error(`After a crash at "${at}" in batch ${before + 1}, ${difference}`)
      }
    }
  }
  return { runs, points: reached.size }
}

/** The two lives of a job that is cut in its batch after `before` ones; `undefined` when that batch has no such point. */
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
    if (error instanceof Error && /did not come to the crash point/.test(error.message)) return undefined
    throw new Error(`After a crash at "${at}" in batch ${before + 1}, the job failed: ${String(error)}`, {
      cause: error,
    })
  }
}

function trace(lives: readonly TestContext[]): Trace {
  const outputs = lives[0]!.outputs.map((_, place) => {
    const said = new Map<number, unknown>()
    for (const life of lives) {
      const output = life.outputs[place]!
      for (const [i, time] of output.times.entries()) {
        const records = output.batches[i]
        if (said.has(time) && !isDeepStrictEqual(said.get(time), records)) {
          throw new Error(
            `Output ${place} gave ${show(said.get(time))} for ${time} ms, and ${show(records)} when run again.`,
          )
        }
        said.set(time, records)
      }
    }
    return said
  })
  return { outputs, states: lives.at(-1)!.ssc.engine?.states() }
}

function differ(expected: Trace, found: Trace): string | undefined {
  for (const [place, said] of expected.outputs.entries()) {
    for (const [time, records] of said) {
      const other = found.outputs[place]!.get(time)
      if (!isDeepStrictEqual(records, other)) {
        return `output ${place} gave ${show(other)} for the batch of ${time} ms instead of ${show(records)}.`
      }
    }
  }
  if (isDeepStrictEqual(expected.states, found.states)) return undefined
  return `the states are ${show(found.states)} instead of ${show(expected.states)}.`
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
