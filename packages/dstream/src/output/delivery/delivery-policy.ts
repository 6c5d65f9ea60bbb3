import { badOption } from '../../base/errors/options.js'
import { checkOptions, positiveInteger } from '../../base/options.js'
import { checkPositiveDuration, durationOf, type Duration } from '../../base/time/duration.js'
import type { DeliveryPolicy, OnFailure } from '../../streams/graph/output.js'

/**
 * How an output that fails is tried again. The pauses double from `backoff` up to `maxBackoff`, and each is shortened at
 * random by up to a half, so that many jobs do not return to a store at one moment.
 *
 * @example
 * new StreamingContext({ batchInterval: Seconds(1), retry: { attempts: Infinity, maxBackoff: Minutes(1) } })
 */
export interface RetryOptions {
  /** The number of attempts on one batch; `Infinity` never gives up. Default 4. */
  attempts?: number | undefined
  /** The pause after the first failure; default one second. */
  backoff?: Duration | undefined
  /** The longest pause; default 30 seconds. */
  maxBackoff?: Duration | undefined
}

/** The rules of one output; each is by default the context's. */
export interface OutputOptions {
  /** How an attempt that fails is tried again. */
  retry?: RetryOptions | undefined
  /**
   * The decision once the attempts on a batch are used up. `stop`: the job stops with the error, and its next run begins
   * with this batch of this output. `skip`: the batch is given up for this output and counted, and later ones go on. Or a
   * function of the error that returns one of both.
   */
  onFailure?: OnFailure | undefined
  /** The longest that one attempt may take; then its signal is aborted and it has failed. Default: no limit. */
  timeout?: Duration | undefined
  /** Bytes of records that may wait for this output; beyond them the sources are held back. Default 256 MiB. */
  maxBehind?: number | undefined
  /** `any` lets later batches pass one that is tried again, for outputs that only add. Default `batch`: in order. */
  order?: 'batch' | 'any' | undefined
}

export const OUTPUT_OPTIONS = ['retry', 'onFailure', 'timeout', 'maxBehind', 'order'] as const satisfies readonly (keyof OutputOptions)[] // prettier-ignore

/** The rules of an output that nobody has set. */
export const DEFAULT_DELIVERY: DeliveryPolicy = {
  attempts: 4,
  backoffMs: 1000,
  maxBackoffMs: 30_000,
  timeoutMs: undefined,
  onFailure: 'stop',
  maxBehindBytes: 256 * 1024 * 1024,
  order: 'batch',
}

/**
 * Returns the rules that the options set; those that are left out stay out.
 *
 * @param where the call as the user wrote it
 * @throws `unknown-option`, `not-options`, `bad-option`, `not-a-duration`, `duration-not-positive`
 */
export function deliveryOf(where: string, options: OutputOptions): Partial<DeliveryPolicy> {
  const { retry, onFailure, timeout, maxBehind, order } = options
  return {
    ...retryOf(where, retry),
    ...(timeout === undefined
      ? {}
      : { timeoutMs: checkPositiveDuration(`${where}, option timeout`, timeout).milliseconds }),
    ...(maxBehind === undefined ? {} : { maxBehindBytes: positiveInteger(where, 'maxBehind', maxBehind) }),
    ...(onFailure === undefined ? {} : { onFailure: anOnFailure(where, onFailure) }),
    ...(order === undefined ? {} : { order: anOrder(where, order) }),
  }
}

function retryOf(where: string, retry: RetryOptions | undefined): Partial<DeliveryPolicy> {
  if (retry === undefined) return {}
  const place = `${where}, option retry`
  checkOptions(place, retry, ['attempts', 'backoff', 'maxBackoff'])
  const { attempts, backoff, maxBackoff } = retry
  return {
    ...(attempts === undefined ? {} : { attempts: attempts === Infinity ? Infinity : attemptsOf(place, attempts) }),
    ...(backoff === undefined ? {} : { backoffMs: durationOf(`${place}, backoff`, backoff).milliseconds }),
    ...(maxBackoff === undefined ? {} : { maxBackoffMs: durationOf(`${place}, maxBackoff`, maxBackoff).milliseconds }),
  }
}

function attemptsOf(place: string, attempts: number): number {
  if (Number.isSafeInteger(attempts) && attempts >= 1) return attempts
  throw badOption(place, 'attempts', 'a whole number of at least 1, or Infinity', attempts)
}

function anOnFailure(where: string, value: unknown): OnFailure {
  if (value === 'stop' || value === 'skip' || typeof value === 'function') return value as OnFailure
  throw badOption(where, 'onFailure', "'stop', 'skip' or a function", value)
}

function anOrder(where: string, value: unknown): 'batch' | 'any' {
  if (value === 'batch' || value === 'any') return value
  throw badOption(where, 'order', "'batch' or 'any'", value)
}
