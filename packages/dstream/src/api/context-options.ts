import { checkThreads } from './job-threads.js'
import { isDeadLetterTarget, type DeadLetterTarget } from '../base/dead-letter-target.js'
import { noBatchInterval } from '../base/errors/context.js'
import { badOption } from '../base/errors/options.js'
import { checkOptions, positiveInteger, positiveNumber } from '../base/options.js'
import type { Clock, Logger, Storage } from '../base/ports.js'
import { DEFAULT_DELIVERY, deliveryOf, type RetryOptions } from '../output/delivery/delivery-policy.js'
import type { DeliveryPolicy, OnFailure } from '../streams/graph/output.js'
import type { RecordError } from '../base/record-error.js'
import { checkUiOptions, type UiOptions } from '../ui/ui-options.js'
import { checkPositiveDuration, type Duration, durationOf } from '../base/time/duration.js'

/**
 * How the rate of receivers follows what batches can process, by Spark's PID estimator (`PIDRateEstimator`).
 *
 * @example
 * new StreamingContext({ batchInterval: Seconds(1), backpressure: { minRate: 50 } })
 */
export interface BackpressureOptions {
  /** Records per second and receiver before the first estimate; default no limit. */
  initialRate?: number | undefined
  /** Weight of the error: the rate until now less the rate of processing. Default 1. */
  proportional?: number | undefined
  /** Weight of what has piled up, as the scheduling delay shows it. Default 0.2. */
  integral?: number | undefined
  /** Weight of the change of the error; noise makes it swing. Default 0. */
  derived?: number | undefined
  /** Records per second and receiver that are let through in any case; default 100. */
  minRate?: number | undefined
}

/**
 * What a context is made with; all but `batchInterval` can be left out.
 *
 * @example
 * new StreamingContext({ appName: 'words', batchInterval: Seconds(1), checkpointDir: '.checkpoint/words' })
 */
export interface StreamingContextOptions {
  /** One started context per given name in a process; contexts without a name get `dstream-1`, `dstream-2`. */
  appName?: string | undefined
  /** How often a batch is made. Above zero; batch times are multiples of it, counted from the epoch. */
  batchInterval: Duration
  /**
   * With a directory, state and undone work survive the process: `start()` resumes what it finds there. A job that
   * `dstream-spark` starts may give a URI of Hadoop's file systems instead, such as `hdfs://name:8020/words`.
   */
  checkpointDir?: string | undefined
  /** What to do when the directory already holds a checkpoint; default `resume`. */
  onExistingCheckpoint?: 'resume' | 'refuse' | 'discard' | undefined
  /**
   * What to do when another process uses the checkpoint: `refuse` to start (default), or `wait` until that process has
   * stopped or is dead. With `wait` the next version of a job can be started before the former one is stopped.
   */
  onLocked?: 'refuse' | 'wait' | undefined
  /**
   * How long a write of the checkpoint that the disk refuses (full, failing) is tried again before the job stops; default
   * 60 s, and zero for not at all. Batches and sources wait meanwhile.
   */
  storageRetryTimeout?: Duration | undefined
  /** Ids of operators that are gone from the program and whose state may be dropped from the checkpoint. */
  allowDroppedState?: readonly string[] | undefined
  /** Batches that were due while the process was away: `run` them at once (default), or `skip` to the present. */
  missedBatches?: 'run' | 'skip' | undefined
  /**
   * What a start does when an output holds a batch that the checkpoint does not know, as behind an older copy of the
   * checkpoint: `refuse` (default), or `continue` behind that batch. Without a checkpoint it continues behind that batch.
   */
  onOutputAhead?: 'refuse' | 'continue' | undefined
  /**
   * What batches do when the clock is behind them by more than an interval, since it was set back or since the last commit
   * is of a later time: `wait` until it has caught up (default), or `continue`, one every interval, from the last time on.
   */
  onClockBehind?: 'wait' | 'continue' | undefined
  /** Partitions of keyed operators; 1, whatever the machine: results must not depend on the machine. */
  defaultParallelism?: number | undefined
  /**
   * The threads that combine the blocks of a batch by key and update states of several partitions, this one included; default 1.
   * `auto` takes as many as the machine has. The job has to be a module that `StreamingContext.run` starts: each further thread loads that module too.
   */
  threads?: number | 'auto' | undefined
  /**
   * The master of an Apache Spark cluster whose executors combine the blocks of a batch by key, such as `local[2]` or
   * `spark://host:7077`. The job is started by `npx dstream-spark run job.js`, whose option `--master` goes before this one.
   */
  master?: string | undefined
  /** How often a receiver's records are closed into a block; default 200 ms. Bytes are closed with 4 MiB before that. */
  blockInterval?: Duration | undefined
  /**
   * Whether the engine may work on a block of a receiver before the batch of the block begins; default true. The
   * engine decides where: for chains of `map`, `filter`, `flatMap` and the like that end in a reduction by key. With `threads`
   * the workers do it, on a cluster nobody does. `false` leaves all work to the batch, for functions that
   * must not be called before it.
   */
  eager?: boolean | undefined
  /** Records per second and receiver, at most; default no limit. */
  maxRate?: number | undefined
  /** Whether the rate of receivers follows what batches can process; default false. */
  backpressure?: boolean | BackpressureOptions | undefined
  /** Records that one receiver may hold before its source is paused; default 100 000. */
  maxBufferedRecords?: number | undefined
  /** Bytes that one receiver may hold before its source is paused; default 64 MiB. A line counts for 16 at least. */
  maxBufferedBytes?: number | undefined
  /**
   * A record on which a user function throws, or that cannot be stored in the checkpoint: `fail` the batch (default), `skip`
   * and count it, decide, or leave it out and send it to `deadLetter(sink)`.
   */
  onRecordError?: 'fail' | 'skip' | ((error: RecordError) => 'fail' | 'skip') | DeadLetterTarget | undefined
  /** How an output, a `mapAsync` or a read of a source that fails is tried again; an output may have its own rules. */
  retry?: RetryOptions | undefined
  /**
   * The decision once the attempts on a batch are used up. `stop` (default): the job stops with the error of the user, and
   * its next run begins with that batch of that output. `skip`: the batch is given up for this output, counted and logged,
   * and later ones go on. Or a function of the error that returns one of both.
   */
  onFailure?: OnFailure | undefined
  /** The longest that one attempt of an output may take; then its signal is aborted. Default: no limit. */
  outputTimeout?: Duration | undefined
  /** Bytes of records that may wait for one output before the sources are held back; default 256 MiB. */
  maxBehind?: number | undefined
  /** Ids of outputs that are gone from the program and whose waiting batches may be dropped from the checkpoint. */
  allowDroppedOutputs?: readonly string[] | undefined
  /** SIGTERM and SIGINT stop gracefully, a second one ends at once; default false, true under `run`. */
  stopGracefullyOnShutdown?: boolean | undefined
  /** Aborting it stops gracefully. */
  signal?: AbortSignal | undefined
  /**
   * A live page of the job, with metrics and health, from this process: `true` for http://127.0.0.1:4040, or where it is to be.
   * Default false; then nothing of it is loaded.
   */
  ui?: boolean | UiOptions | undefined
  /** What tells the time; default the machine's. Tests use `TestContext`, which brings a clock of its own. */
  clock?: Clock | undefined
  /** Where checkpoints live, in place of a directory: see `dstream/storage`. */
  storage?: Storage | undefined
  /**
   * What warnings and failures are told to, pino or console for instance; default lines on standard error. `json` writes them
   * as lines of JSON, with the names that pino uses.
   */
  logger?: Logger | 'json' | undefined
}

const known = [
  'appName',
  'batchInterval',
  'checkpointDir',
  'onExistingCheckpoint',
  'onLocked',
  'storageRetryTimeout',
  'allowDroppedState',
  'missedBatches',
  'onOutputAhead',
  'onClockBehind',
  'defaultParallelism',
  'threads',
  'master',
  'blockInterval',
  'eager',
  'maxRate',
  'backpressure',
  'maxBufferedRecords',
  'maxBufferedBytes',
  'onRecordError',
  'retry',
  'onFailure',
  'outputTimeout',
  'maxBehind',
  'allowDroppedOutputs',
  'stopGracefullyOnShutdown',
  'signal',
  'ui',
  'clock',
  'storage',
  'logger',
] as const satisfies readonly (keyof StreamingContextOptions)[]

const WHERE = 'new StreamingContext'

function oneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value as string)) {
    throw badOption(WHERE, name, choices.map((choice) => `'${choice}'`).join(' or '), value)
  }
}

/** What a part that the program brings must be able to do. */
const abilities = {
  clock: ['now', 'setTimer'],
  storage: ['append', 'read', 'put', 'list', 'delete', 'lock'],
  logger: ['debug', 'info', 'warn', 'error'],
  signal: ['addEventListener', 'removeEventListener'],
} as const

function canAll(value: unknown, methods: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function')
  )
}

/** Returns the rules of the outputs that set none themselves. @throws as `deliveryOf` does */
export function contextDelivery({
  retry,
  onFailure,
  outputTimeout,
  maxBehind,
}: StreamingContextOptions): DeliveryPolicy {
  return { ...DEFAULT_DELIVERY, ...deliveryOf(WHERE, { retry, onFailure, timeout: outputTimeout, maxBehind }) }
}

/** @throws `bad-option` for what is no path: an empty one would mean the current directory */
export function checkDirectory(directory: unknown, place = WHERE): void {
  if (typeof directory !== 'string' || directory === '') throw badOption(place, 'checkpointDir', 'a path', directory)
}

function isListOfIds(value: unknown): boolean {
  return Array.isArray(value) && value.every((id) => typeof id === 'string')
}

function checkParts(options: StreamingContextOptions): void {
  for (const [name, methods] of Object.entries(abilities) as [keyof typeof abilities, readonly string[]][]) {
    const value = options[name]
    if (value === undefined || canAll(value, methods)) continue
    if (name === 'logger' && value === 'json') continue
    throw badOption(WHERE, name, `an object with ${methods.map((method) => `${method}()`).join(', ')}`, value)
  }
}

function checkRecordPolicy(policy: unknown): void {
  if (policy === undefined || policy === 'fail' || policy === 'skip' || typeof policy === 'function') return
  if (!isDeadLetterTarget(policy)) {
    throw badOption(WHERE, 'onRecordError', "'fail', 'skip', a function, or deadLetter(sink)", policy)
  }
}

/**
 * @throws `unknown-option` naming the nearest known one; `no-batch-interval`, `not-a-duration`, `duration-not-positive`,
 * `bad-option` for values that cannot be
 */
export function checkContextOptions(options: StreamingContextOptions): void {
  checkOptions(WHERE, options, known)
  if ((options?.batchInterval ?? undefined) === undefined) throw noBatchInterval()
  checkPositiveDuration(`${WHERE}, option batchInterval`, options.batchInterval)
  if (options.blockInterval !== undefined)
    checkPositiveDuration(`${WHERE}, option blockInterval`, options.blockInterval)
  if (options.storageRetryTimeout !== undefined)
    durationOf(`${WHERE}, option storageRetryTimeout`, options.storageRetryTimeout)
  const { appName, allowDroppedState, backpressure } = options
  if (appName !== undefined && (typeof appName !== 'string' || appName === ''))
    throw badOption(WHERE, 'appName', 'a name', appName)
  if (options.checkpointDir !== undefined) checkDirectory(options.checkpointDir)
  if (allowDroppedState !== undefined && !isListOfIds(allowDroppedState))
    throw badOption(WHERE, 'allowDroppedState', 'an array of ids', allowDroppedState)
  if (options.allowDroppedOutputs !== undefined && !isListOfIds(options.allowDroppedOutputs))
    throw badOption(WHERE, 'allowDroppedOutputs', 'an array of ids', options.allowDroppedOutputs)
  contextDelivery(options)
  checkUiOptions(options.ui)
  checkParts(options)
  oneOf('onExistingCheckpoint', options.onExistingCheckpoint, ['resume', 'refuse', 'discard'])
  oneOf('onLocked', options.onLocked, ['refuse', 'wait'])
  oneOf('missedBatches', options.missedBatches, ['run', 'skip'])
  oneOf('onOutputAhead', options.onOutputAhead, ['refuse', 'continue'])
  oneOf('onClockBehind', options.onClockBehind, ['wait', 'continue'])
  for (const name of ['defaultParallelism', 'maxBufferedRecords', 'maxBufferedBytes'] as const) {
    if (options[name] !== undefined) positiveInteger(WHERE, name, options[name])
  }
  if (options.maxRate !== undefined) positiveNumber(WHERE, 'maxRate', options.maxRate)
  if (options.eager !== undefined && typeof options.eager !== 'boolean')
    throw badOption(WHERE, 'eager', 'true or false', options.eager)
  checkThreads(WHERE, options.threads)
  const { master } = options
  if (master !== undefined && (typeof master !== 'string' || master === ''))
    throw badOption(WHERE, 'master', "the master of a Spark cluster, such as 'local[2]'", master)
  if (master !== undefined && options.threads !== undefined)
    throw badOption(WHERE, 'threads', 'absent where a master is given', options.threads)
  checkRecordPolicy(options.onRecordError)
  if (backpressure !== undefined && typeof backpressure !== 'boolean') {
    if (typeof backpressure !== 'object')
      throw badOption(WHERE, 'backpressure', 'true, false or an object', backpressure)
    const pid = ['initialRate', 'proportional', 'integral', 'derived', 'minRate']
    checkOptions(`${WHERE}, option backpressure`, backpressure, pid)
    const { initialRate } = backpressure
    if (initialRate !== undefined) positiveNumber(`${WHERE}, option backpressure`, 'initialRate', initialRate)
  }
}
