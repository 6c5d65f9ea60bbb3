import { noBatchInterval } from './errors/context.js'
import { badOption } from './errors/options.js'
import { aFunction, checkOptions, positiveInteger, positiveNumber } from './options.js'
import type { Clock, Logger, Storage } from './ports.js'
import type { RecordError } from './errors/record-error.js'
import { checkPositiveDuration, type Duration } from './time/duration.js'

/** Spark's PID estimator; the numbers default to Spark's (1.0, 0.2, 0.0, 100 records a second). */
export interface BackpressureOptions {
  /** Records per second and receiver before the first estimate. */
  initialRate?: number | undefined
  proportional?: number | undefined
  integral?: number | undefined
  derived?: number | undefined
  minRate?: number | undefined
}

export interface StreamingContextOptions {
  /** One started context per given name in a process; contexts without a name get `dstream-1`, `dstream-2`. */
  appName?: string | undefined
  batchInterval: Duration
  /** With a directory, state and undone work survive the process: `start()` resumes what it finds there. */
  checkpointDir?: string | undefined
  /** What to do when the directory already holds a checkpoint; default `resume`. */
  onExistingCheckpoint?: 'resume' | 'refuse' | 'discard' | undefined
  /** Ids of operators that are gone from the program and whose state may be dropped from the checkpoint. */
  allowDroppedState?: readonly string[] | undefined
  /** Ticks missed while the process was away; default `run`. */
  missedBatches?: 'run' | 'skip' | undefined
  /** Partitions of keyed operators; 1, whatever the machine: results must not depend on the machine. */
  defaultParallelism?: number | undefined
  /** How often a receiver's records are closed into a block; default 200 ms. */
  blockInterval?: Duration | undefined
  /** Records per second and receiver. */
  maxRate?: number | undefined
  backpressure?: boolean | BackpressureOptions | undefined
  /** Records that one receiver may hold before its source is paused; default 100 000. */
  maxBufferedRecords?: number | undefined
  /** Bytes that one receiver may hold before its source is paused; default 64 MiB. */
  maxBufferedBytes?: number | undefined
  /** A record on which a user function throws: `fail` the batch (default), `skip` and count it, or decide. */
  onRecordError?: 'fail' | 'skip' | ((error: RecordError) => 'fail' | 'skip') | undefined
  /** How often a failed batch is tried before `awaitTermination` rejects; default 1. */
  maxBatchAttempts?: number | undefined
  /** SIGTERM and SIGINT stop gracefully, a second one ends at once; default false, true under `run`. */
  stopGracefullyOnShutdown?: boolean | undefined
  /** Aborting it stops gracefully. */
  signal?: AbortSignal | undefined
  clock?: Clock | undefined
  storage?: Storage | undefined
  logger?: Logger | undefined
}

const known = [
  'appName',
  'batchInterval',
  'checkpointDir',
  'onExistingCheckpoint',
  'allowDroppedState',
  'missedBatches',
  'defaultParallelism',
  'blockInterval',
  'maxRate',
  'backpressure',
  'maxBufferedRecords',
  'maxBufferedBytes',
  'onRecordError',
  'maxBatchAttempts',
  'stopGracefullyOnShutdown',
  'signal',
  'clock',
  'storage',
  'logger',
] as const satisfies readonly (keyof StreamingContextOptions)[]

const where = 'new StreamingContext'

const oneOf = (name: string, value: unknown, choices: readonly string[]): void => {
  if (value !== undefined && !choices.includes(value as string)) {
    throw badOption(where, name, choices.map((choice) => `'${choice}'`).join(' or '), value)
  }
}

/**
 * @throws `unknown-option` naming the nearest known one; `no-batch-interval`, `not-a-duration`, `duration-not-positive`,
 * `bad-option` for values that cannot be
 */
export const checkContextOptions = (options: StreamingContextOptions): void => {
  checkOptions(where, options, known)
  if ((options?.batchInterval ?? undefined) === undefined) throw noBatchInterval()
  checkPositiveDuration(`${where}, option batchInterval`, options.batchInterval)
  if (options.blockInterval !== undefined)
    checkPositiveDuration(`${where}, option blockInterval`, options.blockInterval)
  oneOf('onExistingCheckpoint', options.onExistingCheckpoint, ['resume', 'refuse', 'discard'])
  oneOf('missedBatches', options.missedBatches, ['run', 'skip'])
  for (const name of ['defaultParallelism', 'maxBufferedRecords', 'maxBufferedBytes', 'maxBatchAttempts'] as const) {
    if (options[name] !== undefined) positiveInteger(where, name, options[name])
  }
  if (options.maxRate !== undefined) positiveNumber(where, 'maxRate', options.maxRate)
  if (typeof options.onRecordError === 'string') oneOf('onRecordError', options.onRecordError, ['fail', 'skip'])
  else if (options.onRecordError !== undefined) aFunction(where, 'onRecordError', options.onRecordError)
  if (typeof options.backpressure === 'object') {
    const pid = ['initialRate', 'proportional', 'integral', 'derived', 'minRate']
    checkOptions(`${where}, option backpressure`, options.backpressure, pid)
  }
}
