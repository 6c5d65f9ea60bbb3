import { asyncTimedOut } from '../../base/errors/rdd.js'
import { failOnRecord } from '../plan/record-policy.js'
import { aFunction, positiveInteger } from '../../base/options.js'
import { durationOf, type Duration } from '../../base/time/duration.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode } from '../plan/lineage.js'

/** Options of {@link RDD.mapAsync}. */
export interface MapAsyncOptions {
  /** The most calls under way at once; default 16. */
  concurrency?: number | undefined
  /** Keeps the order of the records; default true. */
  ordered?: boolean | undefined
  /** The longest that one call may take. After that its signal is aborted and the call has failed. Default: no limit. */
  timeout?: Duration | undefined
}

type AsyncFunction = (record: never, signal: AbortSignal) => Promise<unknown>

/**
 * Calls an asynchronous function for every record, some at a time. The first failure aborts the signals of all calls under
 * way, and fails the evaluation.
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
        const records = await recordsOfPartition(parent, i, evaluation)
        const results: unknown[] = []
        const leftOut = new Set<number>()
        await eachAsync(records, concurrency, async (record, index, signal) => {
          try {
            const result = await withTimeout(timeoutMs, evaluation, signal, (s) => f(record as never, s))
            if (options.ordered === false) results.push(result)
            else results[index] = result
          } catch (error) {
            // A call that fails because it was aborted is not the cause.
            if (!signal.aborted) failOnRecord(node, record, error, evaluation.runtime.onRecordError, true)
            leftOut.add(index)
          }
        })
        return leftOut.size === 0 || options.ordered === false ? results : results.filter((_, i) => !leftOut.has(i))
      },
    },
  })
  return node
}

/** Calls `body` for every record, at most `concurrency` at once. The first failure aborts the others and is thrown. */
export async function eachAsync(
  records: readonly unknown[],
  concurrency: number,
  body: (record: unknown, index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // Each call has a signal of its own: Node warns of a leak when one signal has more than ten listeners.
  const running = new Set<AbortController>()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < records.length) {
      const index = next++
      const call = new AbortController()
      running.add(call)
      await body(records[index], index, call.signal)
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
    // Waits for all calls, so that none is still running in the next batch.
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
