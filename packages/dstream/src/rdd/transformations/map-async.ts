import { asyncTimedOut } from '../../base/errors/rdd.js'
import { failOnRecord } from '../plan/record-policy.js'
import { aFunction, positiveInteger } from '../../base/options.js'
import { durationOf, type Duration } from '../../base/time/duration.js'
import { partitionOf } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode } from '../plan/lineage.js'

/** How asynchronous calls are made. */
export interface MapAsyncOptions {
  /** How many calls may wait at once; default 16. */
  concurrency?: number | undefined
  /** Whether results keep the order of the records; default true. */
  ordered?: boolean | undefined
  /** How long one call may take; then its signal is aborted and it has failed. Default: as long as it likes. */
  timeout?: Duration | undefined
}

type AsyncFunction = (record: never, signal: AbortSignal) => Promise<unknown>

/**
 * Every record through an asynchronous function, some at a time. The first failure aborts the signals of all that are
 * under way, and is what the evaluation fails with.
 */
export function mapAsync(
  parent: LineageNode,
  kind: string,
  f: AsyncFunction,
  options: MapAsyncOptions = {},
): LineageNode {
  aFunction(kind, 'the function', f)
  const concurrency = positiveInteger(kind, 'concurrency', options.concurrency ?? 16)
  const timeoutMs = options.timeout === undefined ? undefined : durationOf(kind, options.timeout).milliseconds
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    cached: true,
    plan: {
      type: 'perPartition',
      open: async (i, evaluation) => {
        const records = await partitionOf(parent, i, evaluation)
        const results: unknown[] = []
        const leftOut = new Set<number>()
        await eachAsync(records, concurrency, async (record, place, signal) => {
          try {
            const result = await withTimeout(timeoutMs, evaluation, signal, (s) => f(record as never, s))
            if (options.ordered === false) results.push(result)
            else results[place] = result
          } catch (error) {
            // Calls that fail because another one has failed are not to blame.
            if (!signal.aborted) failOnRecord(node, record, error, evaluation.runtime.onRecordError)
            leftOut.add(place)
          }
        })
        return leftOut.size === 0 || options.ordered === false ? results : results.filter((_, i) => !leftOut.has(i))
      },
    },
  })
  return node
}

/** `body` for every record, at most `concurrency` at once; the first failure aborts the others and is thrown. */
export async function eachAsync(
  records: readonly unknown[],
  concurrency: number,
  body: (record: unknown, place: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // A signal for each call: Node takes more than ten listeners of one for a leak.
  const running = new Set<AbortController>()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < records.length) {
      const place = next++
      const call = new AbortController()
      running.add(call)
      await body(records[place], place, call.signal)
      running.delete(call)
    }
  }
  const workers = Array.from({ length: Math.min(concurrency, records.length) }, () =>
    worker().catch((error: unknown) => {
      next = records.length
      for (const call of running) call.abort(error)
      throw error
    }),
  )
  try {
    await Promise.all(workers)
  } finally {
    // Nothing of this batch goes on behind the back of the next one.
    await Promise.allSettled(workers)
  }
}

async function withTimeout<R>(
  timeoutMs: number | undefined,
  evaluation: Evaluation,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const { clock } = evaluation.runtime
  if (timeoutMs === undefined || clock === undefined) return call(signal)
  const late = new AbortController()
  const stop = (): void => late.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  let timer: { cancel(): void } | undefined
  const timedOut = new Promise<never>((_, reject) => {
    timer = clock.setTimer(clock.now() + timeoutMs, () => {
      const error = asyncTimedOut(timeoutMs)
      late.abort(error)
      reject(error)
    })
  })
  try {
    return await Promise.race([call(late.signal), timedOut])
  } finally {
    timer?.cancel()
    signal.removeEventListener('abort', stop)
  }
}
