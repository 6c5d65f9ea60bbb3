import { isDeadLetterTarget, type DeadLetterTarget } from '../../base/dead-letter-target.js'
import { badOption } from '../../base/errors/options.js'
import { deadLettersNotAttached } from '../../base/errors/outputs.js'
import { pauseMs, type Backoff } from '../../base/backoff.js'
import { asyncTimedOut } from '../../base/errors/rdd.js'
import { Random } from '../../base/random.js'
import { failOnRecord } from '../plan/record-policy.js'
import { settledRecord } from '../../base/promises.js'
import { aFunction, checkOptions, positiveInteger } from '../../base/options.js'
import { durationOf, type Duration } from '../../base/time/duration.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode } from '../plan/lineage.js'
import type { RDDRuntime } from '../plan/runtime.js'

/**
 * How a call for one record that fails is made again. The pauses double from `backoff` up to `maxBackoff`, and each is
 * shortened at random by up to a half.
 */
export interface CallRetryOptions {
  /** The number of attempts for one record; `Infinity` never gives up. Default 4. */
  attempts?: number | undefined
  /** The pause after the first failure; default 100 milliseconds. */
  backoff?: Duration | undefined
  /** The longest pause; default 30 seconds. */
  maxBackoff?: Duration | undefined
  /** Returns whether an error is worth another attempt, given the number of attempts so far; default every error. */
  when?: ((error: unknown, attempts: number) => boolean) | undefined
}

/** Options of {@link RDD.mapAsync}. */
export interface MapAsyncOptions {
  /** The most calls under way at once; default 16. */
  concurrency?: number | undefined
  /** Keeps the order of the records; default true. */
  ordered?: boolean | undefined
  /** The longest that one call may take. After that its signal is aborted and the call has failed. Default: no limit. */
  timeout?: Duration | undefined
  /** How a call that fails is made again, before anything is decided about its record. Default: not at all. */
  retry?: CallRetryOptions | undefined
  /**
   * The decision about a record whose calls have all failed: `fail` the batch, `skip` the record and count it, or leave it
   * out and send it to dead letters. Default: `onRecordError` of the context.
   */
  onError?: 'fail' | 'skip' | DeadLetterTarget | undefined
}

type AsyncFunction = (record: never, signal: AbortSignal) => Promise<unknown>

/** The checked options of one `mapAsync`. Times are milliseconds. */
interface Rules extends Backoff {
  readonly concurrency: number
  readonly isOrdered: boolean
  readonly timeoutMs: number | undefined
  readonly attempts: number
  readonly when: ((error: unknown, attempts: number) => boolean) | undefined
  readonly onError: MapAsyncOptions['onError']
}

/** @throws `unknown-option`, `not-options`, `bad-option`, `not-a-duration` */
export function checkMapAsync(where: string, options: MapAsyncOptions = {}): Rules {
  checkOptions(where, options, ['concurrency', 'ordered', 'timeout', 'retry', 'onError'])
  const { concurrency = 16, ordered, timeout, retry, onError } = options
  if (onError !== undefined && onError !== 'fail' && onError !== 'skip' && !isDeadLetterTarget(onError)) {
    throw badOption(where, 'onError', "'fail', 'skip' or deadLetter(sink)", onError)
  }
  const place = `${where}, option retry`
  checkOptions(place, retry, ['attempts', 'backoff', 'maxBackoff', 'when'])
  const { attempts = 4, backoff, maxBackoff, when } = retry ?? ({ attempts: 1 } as CallRetryOptions)
  if (when !== undefined) aFunction(place, 'when', when)
  return {
    concurrency: positiveInteger(where, 'concurrency', concurrency),
    isOrdered: ordered !== false,
    timeoutMs: timeout === undefined ? undefined : durationOf(where, timeout).milliseconds,
    attempts: attempts === Infinity ? Infinity : positiveInteger(place, 'attempts', attempts),
    backoffMs: backoff === undefined ? 100 : durationOf(`${place}, backoff`, backoff).milliseconds,
    maxBackoffMs: maxBackoff === undefined ? 30_000 : durationOf(`${place}, maxBackoff`, maxBackoff).milliseconds,
    when,
    onError,
  }
}

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
  const rules = checkMapAsync(kind, options)
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
        await eachAsync(records, rules.concurrency, async (record, index, signal) => {
          try {
            const call = (s: AbortSignal): Promise<unknown> => f(record as never, s)
            const result = await (rules.attempts === 1
              ? withTimeout(rules.timeoutMs, evaluation, signal, call)
              : withRetries(rules, evaluation, signal, index, call))
            settledRecord(node.operator, result)
            if (!rules.isOrdered) results.push(result)
            else results[index] = result
          } catch (error) {
            // A call that fails because it was aborted is not the cause.
            if (!signal.aborted) failed(node, rules, evaluation.runtime, record, error, `[${i}] ${index}`)
            leftOut.add(index)
          }
        })
        return leftOut.size === 0 || !rules.isOrdered ? results : results.filter((_, i) => !leftOut.has(i))
      },
    },
  })
  return node
}

/** Decides about a record whose calls have all failed. Returns when it is left out. */
function failed(
  node: LineageNode,
  { onError }: Rules,
  runtime: RDDRuntime,
  record: unknown,
  cause: unknown,
  place: string,
): void {
  const policy: RDDRuntime['onRecordError'] =
    onError === undefined
      ? runtime.onRecordError
      : (error) => {
          if (onError === 'fail') return 'fail'
          if (onError !== 'skip' && runtime.leaveOut === undefined) throw deadLettersNotAttached()
          runtime.leaveOut?.(error, place, onError === 'skip' ? undefined : onError)
          return 'skip'
        }
  failOnRecord(node, record, cause, policy, { retryable: true, place })
}

async function withRetries<R>(
  rules: Rules,
  evaluation: Evaluation,
  signal: AbortSignal,
  index: number,
  call: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await withTimeout(rules.timeoutMs, evaluation, signal, call)
    } catch (error) {
      const isLast = signal.aborted || attempts >= rules.attempts
      if (isLast || (rules.when !== undefined && !rules.when(error, attempts))) throw error
    }
    await pauseUnlessAborted(rules, evaluation.runtime, signal, attempts, index)
  }
}

/** Resolves after the pause behind a failure. @throws the reason of the signal when the call is aborted meanwhile */
async function pauseUnlessAborted(
  rules: Rules,
  runtime: RDDRuntime,
  signal: AbortSignal,
  attempts: number,
  index: number,
): Promise<void> {
  if (runtime.pause === undefined) return
  const ms = pauseMs(rules, attempts, new Random(attempts, index).next())
  let stop = (): void => undefined
  const aborted = new Promise<void>((resolve) => (stop = resolve))
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([runtime.pause(ms), aborted])
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
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
