import { Seconds, type DStream, type Key, type StreamingContextOptions } from 'dstream'
import { aFunction, checkOptions } from '../base/options.js'
import { TestContext } from './test-context.js'

export type RunBatchesOptions = Partial<StreamingContextOptions> & {
  numPartitions?: number | undefined
  /** The number of batches to run; by default one for each row. */
  run?: number | undefined
}

/**
 * Runs batches on a virtual clock with an interval of one second, and returns the records that each batch gives.
 *
 * @example
 * await runBatches([['a'], ['a', 'b'], []], (words) => words.countByValue()) // [[['a', 1]], [['a', 1], ['b', 1]], []]
 */
export function runBatches<K extends Key, V, U>(
  batches: readonly (readonly (readonly [K, V])[] | null)[],
  define: (stream: DStream<[K, V]>) => DStream<U>,
  options?: RunBatchesOptions,
): Promise<U[][]>
export function runBatches<T, U>(
  batches: readonly (readonly T[] | null)[],
  define: (stream: DStream<T>) => DStream<U>,
  options?: RunBatchesOptions,
): Promise<U[][]>
export async function runBatches<T, U>(
  batches: readonly (readonly T[] | null)[],
  define: (stream: DStream<T>) => DStream<U>,
  given: RunBatchesOptions = {},
): Promise<U[][]> {
  aFunction('runBatches', 'define', define)
  // The context checks the other options.
  if (typeof given !== 'object' || given === null) checkOptions('runBatches', given, [])
  const { numPartitions, run, ...options } = given
  const t = new TestContext({ batchInterval: Seconds(1), ...options })
  try {
    const out = t.output(define(t.input(batches, { numPartitions })))
    await t.run(run)
    return out.batches
  } finally {
    await t.ssc.stop()
  }
}
