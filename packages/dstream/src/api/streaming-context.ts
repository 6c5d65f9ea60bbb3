import type { Readable, Writable } from 'node:stream'
import type { Codec } from '../base/codec.js'
import type { CheckpointLimits } from '../durable/checkpoint/checkpoint.js'
import type { MatchPlan } from '../durable/checkpoint/match.js'
import {
  checkContextOptions,
  checkDirectory,
  contextDelivery,
  type BackpressureOptions,
  type StreamingContextOptions,
} from './context-options.js'
import { DeadLetters } from './dead-letters.js'
import { DStream, type StreamContext, type StreamHost } from './dstream.js'
import { stateStreams } from './state-dstream.js'
import { OutputOperation } from './output-operation.js'
import {
  advanceTheClock,
  waitsForItself,
  alreadyStopped,
  contextOfAnotherCopy,
  noCluster,
  noCheckpointToRead,
  noContextCreated,
  rememberTwice,
} from '../base/errors/context.js'
import { addingTooLate, differentContexts, noStreams, notStreams } from '../base/errors/graph.js'
import { callSite } from '../streams/graph/call-site.js'
import { Graph } from '../streams/graph/graph.js'
import type { Operator } from '../streams/graph/operator.js'
import { explain, planOf, type Plan } from '../streams/graph/plan.js'
import { rememberTimes } from '../streams/graph/remember.js'
import { validate } from '../streams/graph/validate.js'
import { defineJob, type JobModule } from './job-registry.js'
import { JobFigures } from './job-figures.js'
import { JobThreads } from './job-threads.js'
import type { UiOptions } from '../ui/ui-options.js'
import { BatchSpans } from '../observe/batch-spans.js'
import { Board } from '../observe/board.js'
import type { Engine } from '../engine/engine.js'
import type { EngineOptions } from '../engine/engine-options.js'
import { FailurePolicy } from '../engine/failure-policy.js'
import { openEngine } from '../engine/open-engine.js'
import { isLocked } from '../engine/take-lock.js'
import { dryRun, holdsCheckpoint, resumePlan } from '../engine/program-checkpoint.js'
import { sliceOf } from '../engine/slice.js'
import { onStopRequest } from '../engine/stop-requests.js'
import { rddRuntime, sourceHome } from '../engine/wiring.js'
import { msgpackCodec } from '../durable/codec/msgpack-codec.js'
import { eventLoopYielder } from '../platform/event-loop-yielder.js'
import { serveTasks } from '../engine/stages/task-worker.js'
import { connect } from '../platform/connect.js'
import { files } from '../platform/files/files.js'
import { keepAlive } from '../platform/keep-alive.js'
import { openFiles } from '../platform/files/open-files.js'
import { openMeter, openTelemetry } from '../platform/open-telemetry.js'
import { encodePart, rddFiles } from '../platform/files/rdd-files.js'
import { onShutdownSignals } from '../platform/shutdown-signals.js'
import { showWork } from '../platform/logs/show-work.js'
import { statusLine } from '../platform/logs/status-line.js'
import { stringLists } from '../platform/string-lists.js'
import { standardOutput } from '../platform/logs/standard-output.js'
import { safeLogger } from '../platform/logs/safe-logger.js'
import { stderrJsonLogger, stderrLogger } from '../platform/logs/stderr-logger.js'
import { timersAtLoad } from '../platform/timers-at-load.js'
import { systemClock } from '../platform/system-clock.js'
import { moduleFile } from '../platform/main-module.js'
import { badOption } from '../base/errors/options.js'
import { runtimeHost } from '../platform/runtime-host.js'
import { taskWorkerEnd, taskWorkerFile } from '../platform/worker-threads.js'
import { ListenerBus } from '../observe/listener-bus.js'
import type { StreamingEvents, StreamingListener } from '../observe/events.js'
import { LongWork } from '../observe/long-work.js'
import { ProgressLog, type BatchProgress, type ProgressTotals } from '../observe/progress.js'
import { transform } from '../streams/operators/transform.js'
import { union } from '../streams/operators/union.js'
import { aFunction, checkOptions } from '../base/options.js'
import type { Clock, Cluster, Logger, Storage, WorkerEnd, Workers, Yielder } from '../base/ports.js'
import { RateController } from '../input/pressure/rate-controller.js'
import type { AnyPair } from '../rdd/plan/inference.js'
import type { RDD } from '../rdd/rdd.js'
import { Accumulators } from '../rdd/plan/accumulators.js'
import type { AnyFunction } from '../rdd/plan/lineage.js'
import { Broadcasts } from '../rdd/plan/broadcasts.js'
import { refuseEarly } from '../rdd/plan/early-run.js'
import { digestOf } from './broadcast-digest.js'
import { RDDContext } from '../rdd/rdd-context.js'
import type { Receiver } from '../input/receive/receiver.js'
import { activate, activeContext, deactivate, nextName } from '../engine/active-contexts.js'
import type { Failure } from '../engine/batch/failure.js'
import { Termination } from '../engine/termination.js'
import { asyncIterable, readable } from '../input/sources/async-iterable.js'
import { constant } from '../input/sources/constant.js'
import { decodedSocket, type Decode } from '../input/sources/decoded-socket.js'
import { eventEmitter, type Emitter } from '../input/sources/event-emitter.js'
import type { FileFormat } from '../base/file-format.js'
import type { FileStreamOptions, TextFileOptions } from '../input/sources/file-input.js'
import type { ReadFile } from '../input/sources/file-reading.js'
import { InputSources } from '../input/sources/input-sources.js'
import type { InputSource, LeftOut, SourceHome } from '../input/sources/input-source.js'
import { positioned } from '../input/sources/positioned.js'
import type { Source, SourceSplit, SplitSource } from '../input/sources/source.js'
import { queue as queueSource, type QueueOptions } from '../input/sources/queue.js'
import { rate } from '../input/sources/rate.js'
import { rawSocket } from '../input/sources/raw-socket.js'
import { TailSource, type TailFileOptions } from '../input/sources/tail-file.js'
import { receiverInput } from '../input/sources/receiver-input.js'
import { socketText, type SocketTextOptions } from '../input/sources/socket-text.js'
import { anyFile, binaryRecords, textFile } from '../input/sources/text-file.js'
import { checkpointStorage } from '../platform/checkpoint-storage.js'
import { textOrBytes } from '../base/values/bytes.js'
import { RecordError } from '../base/record-error.js'
import { isDeadLetterTarget } from '../base/dead-letter-target.js'
import { UserCode } from '../base/user-code.js'
import type { CrashHook } from '../base/crash-points.js'
import type { Duration } from '../base/time/duration.js'
import { checkPositiveDuration, durationOf, Seconds } from '../base/time/duration.js'
import type { Time } from '../base/time/time.js'

/** Defined, running, ended; there is no way back. */
export type StreamingContextState = 'INITIALIZED' | 'ACTIVE' | 'STOPPED'

/** @internal What the testing kit puts in the place of the real machine. */
export interface ContextInternals {
  readonly out?: Writable
  readonly yielder?: Yielder
  readonly onCrashPoint?: CrashHook
  readonly limits?: CheckpointLimits
  readonly wrapStorage?: EngineOptions['wrapStorage']
  readonly codegen?: boolean | 'auto'
  readonly onFailure?: (failure: Failure) => void
  /** A batch could not be finished, and the context is stopped for it. */
  readonly onFatal?: (error: unknown) => void
  /** False for a storage that only stands in for one, until a start finds something in it. */
  readonly recovers?: boolean
  /** The module that `run` was called from. */
  readonly program?: string | undefined
  /** The function that `run` was given. */
  readonly definition?: AnyFunction | undefined
  /** Starts the workers of `threads`; default threads that load the program. */
  readonly workers?: Workers
  /** Runs stages; default the cluster that has loaded the program. */
  readonly cluster?: Cluster
  /** Time moves only when a test says so: nothing may wait for it. */
  readonly virtualTime?: boolean
}

const DEFAULT_STORAGE_RETRY = Seconds(60)

const brand = Symbol.for('dstream.StreamingContext')

/** The least time that a stop waits for, in milliseconds, unless the caller gives one. */
const MIN_STOP_MS = 10_000

/**
 * The entry to everything: makes streams from sources, starts them, stops them. Define the whole graph first, then
 * `start()`; a context is started once.
 *
 * @example
 * const ssc = new StreamingContext({ batchInterval: Seconds(1) })
 * ssc.socketTextStream('localhost', 9999).flatMap((line) => line.split(' ')).countByValue().print()
 * await ssc.start()
 * await ssc.awaitTermination()
 */
export class StreamingContext implements StreamContext {
  /** Makes RDDs, broadcasts and accumulators, as Spark's `sparkContext`. */
  readonly sc: RDDContext
  /** As given, or `dstream-1`, `dstream-2`, …. */
  readonly appName: string
  readonly batchInterval: Duration
  readonly #options: StreamingContextOptions
  readonly #internals: ContextInternals
  readonly #graph = new Graph()
  readonly #inputs = new InputSources()
  readonly #progress = new ProgressLog()
  readonly #accumulators = new Accumulators()
  readonly #broadcasts = new Broadcasts(digestOf)
  readonly #board = new Board()
  /** The figures of the job, where a page or the program's meter takes them. */
  #figures: JobFigures | undefined
  readonly #clock: Clock
  readonly #yielder: Yielder
  readonly #logger: Logger
  readonly #work: LongWork
  readonly #bus: ListenerBus
  readonly #termination: Termination
  readonly #userCode = new UserCode()
  readonly #host: StreamHost
  readonly #deadLetters = new DeadLetters()
  readonly #threads: JobThreads | undefined
  /** The spans of batches, where the program has registered a provider of traces. */
  #spans: BatchSpans | undefined
  #state: StreamingContextState = 'INITIALIZED'
  #checkpointDir: string | undefined
  #rememberMs: number | undefined
  #onExisting: 'resume' | 'refuse' | 'discard'
  #engine: Engine | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #removeStopHandlers = (): void => undefined
  #letProcessEnd = (): void => undefined

  /** @throws for options that are unknown or cannot be, naming the nearest known one and the bound */
  constructor(options: StreamingContextOptions, internals: ContextInternals = {}) {
    checkContextOptions(options)
    this.#options = options
    this.#internals = internals
    this.#clock = options.clock ?? systemClock
    this.#yielder = internals.yielder ?? eventLoopYielder
    this.#logger = safeLogger(options.logger === 'json' ? stderrJsonLogger : (options.logger ?? stderrLogger))
    this.#bus = new ListenerBus(this.#logger)
    const line = options.logger === undefined ? statusLine : undefined
    this.#work = new LongWork(() => this.#clock.now(), showWork(this.#logger, line))
    this.#termination = new Termination(this.#clock)
    this.#checkpointDir = options.checkpointDir
    this.#onExisting = options.onExistingCheckpoint ?? 'resume'
    this.appName = options.appName ?? nextName()
    this.batchInterval = options.batchInterval
    const { ui = false } = options
    if (ui !== false) this.#figures = this.#makeFigures(ui === true ? {} : ui)
    const profile = this.#figures?.profile
    this.#threads = this.#makeThreads()
    this.sc = new RDDContext({
      defaultParallelism: options.defaultParallelism,
      runtime: rddRuntime({
        yielder: profile?.yielder(this.#yielder) ?? this.#yielder,
        profile,
        codegen: internals.codegen ?? 'auto',
        stages: this.#threads?.stages,
        accumulators: this.#accumulators,
        broadcasts: this.#broadcasts,
        logger: this.#logger,
        clock: this.#clock,
        files: rddFiles,
        onRecordError: options.onRecordError,
        skipped: (operator) => this.#progress.skip(operator),
        addLetter: (target, error, place) => this.#deadLetters.add(target, error, place),
        hasDeadLetters: () => !this.#deadLetters.isEmpty,
        pause: (ms) => this.#pause(ms),
      }),
    })
    this.#host = this.#makeHost()
    const { backpressure = false } = options
    if (backpressure !== false) this.#adaptRates(backpressure === true ? {} : backpressure)
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== StreamingContext) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }

  // ── contexts of this process ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Resumes from a checkpoint directory in Spark's spelling. `create` is **always** called, unlike in Spark: programs are
   * never stored, so the graph is defined again and then matched with the checkpoint. `resuming` tells `create` whether
   * the directory holds a checkpoint, for work that belongs to a first start only. The context is not started.
   *
   * @param options `createOnError`: a checkpoint that cannot be read or does not match is discarded instead of refused
   * @throws `storage-locked` when another process uses the directory, unless the context has `onLocked: 'wait'`;
   * `checkpoint-unreadable` when the directory cannot be read or holds another program's state, with the reason as its
   * cause; `bad-option` when `create` is no function, `queue-not-recoverable` for a queueStream, `no-context-created` when it
   * returns no context, `other-copy` when the context is one of another copy of this library
   *
   * @example
   * const again = await StreamingContext.getOrCreate('.checkpoint/words', ({ resuming }) => {
   *   if (!resuming) seen.push('first start')
   *   const fresh = new StreamingContext({ batchInterval: Seconds(1) })
   *   fresh.socketTextStream('localhost', 9999).countByValue().print()
   *   return fresh
   * })
   * again.getState() // 'INITIALIZED'
   */
  static async getOrCreate(
    checkpointDir: string,
    create: (start: { readonly resuming: boolean }) => StreamingContext | Promise<StreamingContext>,
    options: { createOnError?: boolean | undefined } = {},
  ): Promise<StreamingContext> {
    checkDirectory(checkpointDir, 'getOrCreate')
    aFunction('getOrCreate', 'create', create)
    checkOptions('getOrCreate', options, ['createOnError'])
    const resuming = await holdsCheckpoint(checkpointStorage(checkpointDir))
    const context = createdContext('getOrCreate', await create({ resuming }))
    if (!(#engineOptions in context)) throw contextOfAnotherCopy('getOrCreate')
    context.checkpoint(checkpointDir)
    context.#inputs.mustBeRecoverable()
    try {
      context.#addDeadLetters()
      await dryRun(context.#engineOptions())
    } catch (error) {
      // A checkpoint in use is a good one: it must not be discarded when its owner ends.
      if (isLocked(error)) throw error
      if (options.createOnError !== true) throw noCheckpointToRead(checkpointDir, error)
      context.#onExisting = 'discard'
    }
    return context
  }

  /**
   * The context of that name that is started and not stopped; without a name the one that was started last.
   *
   * @example
   * StreamingContext.getActive('words')?.getState()
   */
  static getActive(appName?: string): StreamingContext | undefined {
    return activeContext<StreamingContext>(appName)
  }

  /**
   * The context that `getActive()` knows, else what `create` makes; it is not started.
   *
   * @example
   * await StreamingContext.getActiveOrCreate(() => new StreamingContext({ batchInterval: Seconds(1) }))
   */
  static async getActiveOrCreate(
    create: () => StreamingContext | Promise<StreamingContext>,
  ): Promise<StreamingContext> {
    aFunction('getActiveOrCreate', 'create', create)
    return StreamingContext.getActive() ?? createdContext('getActiveOrCreate', await create())
  }

  /**
   * A job module's entry: pass `import.meta` (`module` in CommonJS). Run as the program, `node job.js`, it defines the
   * job, starts it, stops it gracefully on Ctrl-C and SIGTERM and awaits the end. Imported by a worker, a test or a tool,
   * it only makes the job known under the module's file. In the further threads of the option `threads` it builds the graph, for
   * the functions in it, and starts nothing.
   *
   * @returns when the context has stopped
   * @throws `not-a-module` when `meta` is something else, what `start` throws, and the error that has ended the job
   *
   * @example
   * await StreamingContext.run(import.meta, { batchInterval: Seconds(1) }, (ssc) => {
   *   ssc.socketTextStream('localhost', 9999).print()
   * })
   */
  static run(
    meta: JobModule,
    options: StreamingContextOptions,
    define: (ssc: StreamingContext) => void | Promise<void>,
  ): Promise<void> {
    return defineJob(meta, options, define, async () => {
      const end = taskWorkerEnd()
      if (end !== undefined) return StreamingContext.#serve(end, options, define)
      const program = moduleFile(meta)
      const ssc = new StreamingContext({ stopGracefullyOnShutdown: true, ...options }, { program, definition: define })
      await define(ssc)
      await ssc.start()
      try {
        await ssc.awaitTermination()
      } finally {
        // After a failure too: what has been committed stays, and the process can end.
        await ssc.stop()
      }
    })
  }

  /** Builds the graph of a job in a worker, and runs its tasks for as long as the worker is there. */
  static async #serve(
    end: WorkerEnd,
    options: StreamingContextOptions,
    define: (ssc: StreamingContext) => void | Promise<void>,
  ): Promise<void> {
    const ssc = new StreamingContext({
      ...options,
      threads: undefined,
      master: undefined,
      ui: undefined,
      signal: undefined,
    })
    await define(ssc)
    ssc.serveTasks(end)
    // The module goes on behind a job that has stopped, which this one has not.
    return new Promise(() => undefined)
  }

  // ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * What a receiver of one's own brings in.
   *
   * @example
   * class Numbers extends Receiver<number> {
   *   onStart() {
   *     for (const n of [1, 2, 3]) this.store(n)
   *   }
   *   onStop() {}
   * }
   * ssc.receiverStream(new Numbers()).print()
   */
  receiverStream<T>(receiver: Receiver<T>): DStream<T> {
    return this.#source((home) => receiverInput(home, receiver))
  }

  /**
   * Lines of UTF-8 text from a TCP server; `\n`, `\r\n` and a lone `\r` end a line. Reconnects when the server goes away.
   * With a `codec`, such as `jsonLines`, the records that it makes of the lines.
   *
   * @example
   * ssc.socketTextStream('localhost', 9999).print()
   */
  socketTextStream(host: string, port: number, options?: SocketTextOptions): DStream<string>
  socketTextStream<T>(host: string, port: number, options: SocketTextOptions<T> & { codec: Codec<T> }): DStream<T>
  socketTextStream<T>(host: string, port: number, options?: SocketTextOptions<T>): DStream<T> {
    return this.#source((home) => socketText(home, connect, host, port, options))
  }

  /**
   * What `decode` makes of the bytes that a TCP server sends. It is called anew for each connection.
   *
   * @example
   * ssc.socketStream('localhost', 9999, async function* (chunks) {
   *   for await (const chunk of chunks) yield chunk.length
   * }).print()
   */
  socketStream<T>(host: string, port: number, decode: Decode<T>): DStream<T> {
    return this.#source((home) => decodedSocket(home, connect, host, port, decode))
  }

  /**
   * Frames from a TCP server: a 32 bit length, most significant byte first, and so many bytes of MessagePack values, each
   * a record. Each frame is a block of its own, past the rate limit.
   *
   * @example
   * ssc.rawSocketStream<[string, number]>('localhost', 9999).print()
   */
  rawSocketStream<T>(host: string, port: number): DStream<T> {
    return this.#source((home) => rawSocket<T>(home, connect, host, port, msgpackCodec as Codec<T>))
  }

  /**
   * Batches from an array, which is live: what is pushed later is read later. It cannot be recovered, so a context with a
   * checkpoint refuses to start with it (`queue-not-recoverable`).
   *
   * @example
   * const out = t.output(ssc.queueStream([[1, 2], [3]]))
   * await t.run(2)
   * out.batches // [[1, 2], [3]]
   */
  queueStream<T extends AnyPair>(queue: (RDD<T> | readonly T[])[], options?: QueueOptions<T>): DStream<T>
  queueStream<T>(queue: (RDD<T> | readonly T[])[], options?: QueueOptions<T>): DStream<T>
  queueStream<T>(queue: (RDD<T> | readonly T[])[], options?: QueueOptions<T>): DStream<T> {
    return this.#source((home) => queueSource(home, queue, options))
  }

  /**
   * What an async iterable gives, as fast as the batches take it.
   *
   * @example
   * import { setTimeout } from 'node:timers/promises'
   * const ticks = async function* () {
   *   for (let n = 0; ; n++) yield await setTimeout(100, n)
   * }
   * ssc.fromAsyncIterable(ticks()).print()
   */
  fromAsyncIterable<T>(source: AsyncIterable<T>): DStream<T> {
    return this.#source((home) => asyncIterable(home, source))
  }

  /**
   * The objects of a Node stream, or the chunks of its bytes, read as fast as the batches take them.
   *
   * @example
   * ssc.fromReadable<string>(Readable.from(['a', 'b'])).print()
   */
  fromReadable<T = Uint8Array>(source: Readable): DStream<T> {
    return this.#source((home) => readable<T>(home, source))
  }

  /**
   * The values of one event of an emitter. It cannot be asked to wait: see `maxBufferedRecords`.
   *
   * @example
   * ssc.fromEventEmitter<number>(new EventEmitter(), 'price').print()
   */
  fromEventEmitter<T>(emitter: Emitter<T>, event: string): DStream<T> {
    return this.#source((home) => eventEmitter(home, emitter, event))
  }

  /**
   * The lines of the files that appear in a directory. Move a file in as a whole: it is read once, by the first batch
   * that is not before its date. Names of directories may hold `*`, `?`, `[…]` and `{…}`; a `\` before one of these makes it
   * an ordinary character. Files that end in `.gz`, and in `.zst` where Node has Zstandard, are decompressed. With a `codec`,
   * such as `jsonLines`, the records that it makes of the lines.
   *
   * @example
   * ssc.textFileStream('logs/*', { newFilesOnly: false }).print()
   */
  textFileStream(directory: string, options?: TextFileOptions): DStream<string>
  textFileStream<T>(directory: string, options: TextFileOptions<T> & { codec: Codec<T> }): DStream<T>
  textFileStream<T>(directory: string, options?: TextFileOptions<T>): DStream<T> {
    return this.#source((home) => textFile(home, files, directory, options))
  }

  /**
   * The lines that are appended to a file, as `tail -F` follows it: by name, through rotation and truncation. Position, inode
   * and offset, are part of the checkpoint.
   *
   * @example
   * ssc.tailFile('access.log', { from: 'start' }).filter((line) => line.includes(' 500 ')).print()
   */
  tailFile(path: string, options?: TailFileOptions): DStream<string> {
    return this.#source((home) => positioned(home, new TailSource(openFiles, path, options)))
  }

  /**
   * What `read` makes of each file that appears in a directory; which files, as in `textFileStream`. `read` is a function of the
   * path, or a format: `csv()` of `dstream/csv`, `parquet()` of `dstream/parquet`.
   *
   * @example
   * ssc.fileStream('orders', (path) => [path]).print()
   */
  fileStream<T>(directory: string, read: ReadFile<T> | FileFormat<never, T>, options?: FileStreamOptions): DStream<T> {
    return this.#source((home) => anyFile(home, files, directory, read, options))
  }

  /**
   * Files of records of one length, each a copy; which files, as in `textFileStream`. A rest fails the batch.
   *
   * @example
   * ssc.binaryRecordsStream('samples', 16).map((bytes) => bytes[0]).print()
   */
  binaryRecordsStream(directory: string, recordLength: number, options?: FileStreamOptions): DStream<Uint8Array> {
    return this.#source((home) => binaryRecords(home, files, directory, recordLength, options))
  }

  /**
   * The same RDD in every batch.
   *
   * @example
   * const out = t.output(ssc.constantStream(ssc.sc.parallelize(['a'])))
   * await t.run(2)
   * out.batches // [['a'], ['a']]
   */
  constantStream<T>(rdd: RDD<T>): DStream<T> {
    return this.#source((home) => constant(home, rdd))
  }

  /**
   * The numbers 0, 1, 2, …, so many a second of batch time.
   *
   * @example
   * const out = t.output(ssc.rateStream(2))
   * await t.run(2)
   * out.batches // [[0, 1], [2, 3]]
   */
  rateStream(rowsPerSecond: number): DStream<number> {
    return this.#source((home) => rate(home, rowsPerSecond))
  }

  /**
   * Returns the records of a source that can be read again: positions are committed instead of data. A source with `splits`
   * names the parts of its batches, each of which is a partition of the RDD. A record that its `decode` throws on goes through
   * `onRecordError`.
   *
   * @example
   * const letters = ['a', 'b', 'c']
   * const out = t.output(
   *   ssc.fromSource({
   *     initial: () => 0,
   *     plan: (from, limit = 2) => Math.min(from + limit, letters.length),
   *     read: (from, until) => letters.slice(from, until),
   *   }),
   * )
   * await t.run(2)
   * out.batches // [['a', 'b'], ['c']]
   */
  fromSource<T, P, S extends SourceSplit>(source: SplitSource<T, P, S>): DStream<T>
  fromSource<T, P>(source: Source<T, P>): DStream<T>
  fromSource<T, P, S extends SourceSplit, R>(source: SplitSource<T, P, S, R>): DStream<T>
  fromSource<T, P, R>(source: Source<T, P, R>): DStream<T>
  fromSource<T, P>(source: Source<T, P, any> | SplitSource<T, P, SourceSplit, any>): DStream<T> {
    return this.#source((home) => positioned(home, source))
  }

  /** @internal A source of the testing kit or of one's own. */
  addSource<T>(make: (home: SourceHome) => InputSource<T>): DStream<T> {
    return this.#source(make)
  }

  // ── several streams ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Streams of one slide as one, in the given order.
   * @throws `not-a-stream` for anything but an array of streams, `no-streams`, `different-contexts`, `different-slides`
   *
   * @example
   * const out = t.output(ssc.union([lines, lines]))
   * await t.run()
   * out.batches // [['a b', 'a b'], []]
   */
  union<T>(streams: readonly DStream<T>[]): DStream<T> {
    return this.#derive(union(this.#operatorsOf('union', streams)))
  }

  /**
   * Whole batches of several streams to a whole batch; the RDDs come in the order of the streams.
   * @throws `not-a-stream` for anything but an array of streams, `no-streams`, `different-contexts`, `different-slides`
   *
   * @example
   * const out = t.output(ssc.transform([lines, pairs], ([a, b]) => a.cartesian(b)))
   * await t.run()
   * out.batches // [[['a b', ['a', 1]]], []]
   */
  transform<const S extends readonly DStream<any>[], U>(
    streams: S,
    f: (
      rdds: { readonly [I in keyof S]: S[I] extends DStream<infer T> ? RDD<T> : never },
      time: Time,
    ) => RDD<U> | Promise<RDD<U>>,
  ): DStream<U> {
    aFunction('transform', 'f', f)
    const operators = this.#operatorsOf('transform', streams)
    return this.#derive(
      transform('transform', operators, (rdds, time) => f(rdds as unknown as Parameters<typeof f>[0], time), {
        f,
        rdds: { array: true },
      }),
    )
  }

  // ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The checkpoint directory; `null` for none. The last call before start holds.
   *
   * @throws `adding-too-late` after start
   */
  checkpoint(directory: string | null): void {
    this.#mustBeNew('a checkpoint directory')
    if (directory !== null) checkDirectory(directory, 'checkpoint')
    this.#checkpointDir = directory ?? undefined
  }

  /**
   * How long the RDDs of every stream can be had at least, for `slice`. Sources and states keep theirs, also over a restart;
   * the RDDs of other streams may be computed again for a slice.
   *
   * @throws `remember-twice`, `duration-not-positive`, `adding-too-late` after start
   *
   * @example
   * ssc.remember(Minutes(1))
   */
  remember(duration: Duration): void {
    this.#mustBeNew('a remember duration')
    if (this.#rememberMs !== undefined) throw rememberTwice(this.#rememberMs)
    this.#rememberMs = checkPositiveDuration('remember', duration).milliseconds
  }

  /**
   * Starts sources and batches. Resolves when the receivers have been started and before the first batch.
   * @throws `no-outputs`, `already-active` (the context can still be started later), `already-stopped`, and whatever a
   * checkpoint is refused for
   *
   * @example
   * const fresh = new StreamingContext({ batchInterval: Seconds(1) })
   * fresh.rateStream(10).count().print()
   * await fresh.start()
   * await fresh.stop()
   */
  start(): Promise<void> {
    if (this.#state === 'STOPPED') return Promise.reject(alreadyStopped())
    // In a worker a job is defined and not started: the program has started it.
    if (taskWorkerFile() !== undefined) return new Promise(() => undefined)
    if (this.#starting !== undefined) {
      this.#logger.warn({}, 'StreamingContext has already been started')
      return this.#starting
    }
    try {
      activate(this.appName, this, callSite().short)
    } catch (error) {
      return Promise.reject(error)
    }
    // On a clock of the program's own, time itself may depend on the end of the process.
    if (this.#options.clock === undefined) this.#letProcessEnd = keepAlive()
    this.#starting = this.#start()
    return this.#starting
  }

  /**
   * Ends the context for good; idempotent. Gracefully: sources take nothing more, batches run until nothing received is
   * waiting (one at least), state commits. Records that `maxRate` holds back go to batches at their ticks, as before. Over `timeout` (ten batches, at least ten seconds) it stops anyway: what hangs
   * is aborted by its signal, and the error names it with the number of records that are left. What waits for an output
   * stays in the checkpoint. Called inside an output it resolves at once, and goes on behind the batch.
   *
   * @example
   * await ssc.stop({ gracefully: true, timeout: Seconds(30) })
   */
  stop(options: { gracefully?: boolean | undefined; timeout?: Duration | undefined } = {}): Promise<void> {
    checkOptions('stop', options, ['gracefully', 'timeout'])
    if (this.#stopping !== undefined) {
      this.#logger.debug({}, 'StreamingContext has already been stopped')
      return this.#userCode.isCaller() ? Promise.resolve() : this.#stopping
    }
    const timeoutMs =
      options.timeout === undefined
        ? Math.max(MIN_STOP_MS, 10 * this.batchInterval.milliseconds)
        : durationOf('stop', options.timeout).milliseconds
    this.#stopping = this.#stop(options.gracefully ?? false, timeoutMs)
    if (!this.#userCode.isCaller()) return this.#stopping
    // An output or a loop over batches that waited for the stop would wait for itself. The stop goes on behind it.
    this.#stopping.catch((err: unknown) =>
      this.#logger.error({ err }, `${this.appName} did not stop as it was asked to.`),
    )
    return Promise.resolve()
  }

  /**
   * Resolves when stopped; rejects with the very error that a user's function threw (the last one, as Spark). When nobody
   * waits, the error is logged all the same and never becomes an unhandled rejection.
   *
   * @throws `waits-for-itself` within an output of the context or a loop over its batches, which would wait for itself
   */
  awaitTermination(): Promise<void> {
    if (!this.#termination.settled && this.#userCode.isCaller()) return Promise.reject(waitsForItself())
    return this.#termination.wait()
  }

  /** True: stopped; false: the time was over first. Rejects as `awaitTermination` does. */
  awaitTerminationOrTimeout(timeout: Duration): Promise<boolean> {
    const { milliseconds } = durationOf('awaitTerminationOrTimeout', timeout)
    if (this.#internals.virtualTime === true && !this.#termination.settled) return Promise.reject(advanceTheClock())
    return this.#termination.waitOrTimeout(milliseconds)
  }

  /** INITIALIZED until `start()`, ACTIVE until `stop()` or a failure inside start, then STOPPED for good. */
  getState(): StreamingContextState {
    return this.#state
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ gracefully: this.#state === 'ACTIVE' })
  }

  /**
   * The logger that the context was given, for what a connector has to say. It never throws.
   *
   * @example
   * ssc.logger.info({ topic: 'orders' }, 'The topic has three partitions.')
   */
  get logger(): Logger {
    return this.#logger
  }

  /** The same as `sc`, by Spark's name. */
  get sparkContext(): RDDContext {
    return this.sc
  }

  // ── looking in ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls the methods of `listener` for the events of the same name, in order. One that throws is logged and harms nobody.
   *
   * @example
   * ssc.addStreamingListener({ onBatchCompleted: ({ batchInfo }) => void seen.push(batchInfo.batchTime) })
   * lines.print()
   * await t.run()
   * seen // [1000, 2000]
   */
  addStreamingListener(listener: StreamingListener): void {
    this.#bus.addListener(listener)
  }

  /** Takes off a listener that was added; one that is not known is passed over. */
  removeStreamingListener(listener: StreamingListener): void {
    this.#bus.removeListener(listener)
  }

  /**
   * One event by its name: the short form of a listener.
   *
   * @throws `unknown-event` for a name that is none, with the nearest one
   *
   * @example
   * ssc.on('batchCompleted', ({ batchInfo }) => seen.push(batchInfo.batchTime))
   * lines.print()
   * await t.run()
   * seen // [1000, 2000]
   */
  on<E extends keyof StreamingEvents>(event: E, f: (e: StreamingEvents[E]) => void): this {
    this.#bus.on(event, f)
    return this
  }

  /** Takes off what `on` put there. */
  off<E extends keyof StreamingEvents>(event: E, f: (e: StreamingEvents[E]) => void): this {
    this.#bus.off(event, f)
    return this
  }

  /**
   * The graph as text, outputs first, each with what it is made of below it.
   *
   * @example
   * words.countByValue().print()
   * seen.push(ssc.explain())
   */
  explain(): string {
    return explain(this.plan())
  }

  /** The graph as plain JSON: ids, kinds, parameters, parents; never a function. */
  plan(): Plan {
    return planOf(this.#graph, rememberTimes(this.#graph, this.#rememberMs ?? 0))
  }

  /** The latest batch in figures; nothing before the first has completed. */
  get lastProgress(): BatchProgress | undefined {
    return this.#progress.last
  }

  /** The last hundred batches, oldest first. */
  get recentProgress(): readonly BatchProgress[] {
    return this.#progress.recent
  }

  /**
   * The sums over all batches of this context: batches, input records, and the records left out, by operator.
   *
   * @example
   * lines.print()
   * await t.run()
   * ssc.totals // { numBatches: 2, numInputRecords: 3, skippedRecords: {} }
   */
  get totals(): ProgressTotals {
    return this.#progress.totals
  }

  /** The address of the live page, while the job runs with the option `ui`. */
  get uiUrl(): string | undefined {
    return this.#figures?.url
  }

  /** @internal The engine once it is open, for the testing kit. */
  get engine(): Engine | undefined {
    return this.#engine
  }

  /** @internal Runs the tasks that a line brings, by the functions of this graph. */
  serveTasks(end: WorkerEnd): void {
    this.#addDeadLetters()
    this.#accumulators.complete()
    this.#broadcasts.complete()
    const codecAt: Parameters<typeof serveTasks>[0]['codecAt'] = ({ stream, id }) =>
      this.#inputs.all[stream]?.codec?.(id)
    const readSplit: Parameters<typeof serveTasks>[0]['readSplit'] = (source, split, reading) =>
      this.#inputs.all[source]?.readSplit?.(split, reading)
    const codegen = this.#internals.codegen ?? 'auto'
    const savePart: Parameters<typeof serveTasks>[0]['savePart'] =
      end.writePart && ((folder, form, records) => end.writePart!(folder, encodePart(form, records)))
    serveTasks({ graph: this.#graph, codecAt, readSplit, savePart, codegen, stringLists, context: this.sc }, end)
  }

  /** @internal What `start` would do with the state that a storage holds; only reads. @throws what `start` would */
  planResume(storage: Storage): Promise<MatchPlan> {
    validate(this.#graph, true)
    this.#addDeadLetters()
    return resumePlan(this.#engineOptions(), storage)
  }

  /** @internal All sources, for the testing kit. */
  get inputs(): InputSources {
    return this.#inputs
  }

  async #start(): Promise<void> {
    try {
      validate(this.#graph, this.#storage() !== undefined)
      const { master } = this.#options
      if (master !== undefined && runtimeHost().cluster === undefined) throw noCluster(master)
      if (runtimeHost().cluster !== undefined && this.#internals.program === undefined) {
        const why = 'executors load the module of a job that StreamingContext.run(import.meta, …) starts'
        this.#logger.warn(
          {},
          `${this.appName} runs in this process alone, and not on the cluster: ${why}, and this context was made without it.`,
        )
      }
      this.#addDeadLetters()
      this.#accumulators.complete()
      this.#broadcasts.complete()
      await this.#threads?.start(this.#graph, this.#rememberMs ?? 0)
      await this.#traceBatches()
      const meter = await openMeter()
      if (meter !== undefined) this.#figures ??= this.#makeFigures(undefined)
      const options = this.#engineOptions()
      await this.#figures?.open(meter)
      this.#engine = await openEngine(options)
      await this.#engine.start()
      this.#state = 'ACTIVE'
      this.#bus.emit('streamingStarted', { time: this.#clock.now() })
      this.#watchStopRequests()
    } catch (error) {
      deactivate(this.appName, this)
      this.#state = 'STOPPED'
      await (this.#engine?.closeAfterFailedStart() ??
        this.#inputs
          .stop()
          .catch(() => undefined)
          .finally(() => this.#inputs.close()))
      await this.#threads?.end()
      await this.#figures?.close()
      this.#letProcessEnd()
      throw error
    }
  }

  async #stop(gracefully: boolean, timeoutMs: number): Promise<void> {
    await this.#starting?.catch(() => undefined)
    this.#figures?.metrics.touched()
    try {
      if (this.#state === 'ACTIVE') await this.#engine!.stop(gracefully, timeoutMs)
      else this.#logger.debug({}, 'StreamingContext has not been started yet')
    } finally {
      this.#state = 'STOPPED'
      this.#removeStopHandlers()
      this.#letProcessEnd()
      deactivate(this.appName, this)
      this.#bus.close()
      await this.#threads?.end()
      await this.#figures?.close()
      this.#termination.stop()
    }
  }

  #watchStopRequests(): void {
    const { signal, stopGracefullyOnShutdown } = this.#options
    const stop = (): void =>
      void this.stop({ gracefully: true }).catch((error: unknown) => this.#termination.fail(error))
    const onSignals = stopGracefullyOnShutdown === true ? onShutdownSignals : undefined
    this.#removeStopHandlers = onStopRequest(signal, onSignals, stop)
  }

  #engineOptions(): EngineOptions {
    const { allowDroppedState, allowDroppedOutputs, missedBatches } = this.#options
    const { onLocked, storageRetryTimeout, signal } = this.#options
    const delivery = contextDelivery(this.#options)
    const { onOutputAhead, onClockBehind } = this.#options
    const policy = new FailurePolicy({
      appName: this.appName,
      logger: this.#logger,
      termination: this.#termination,
      stop: () => {
        this.#engine?.halt()
        void this.stop().catch(() => undefined)
      },
      onFailure: delivery.onFailure,
      report: this.#internals.onFailure,
      onFatal: this.#internals.onFatal,
    })
    return {
      appName: this.appName,
      onLocked: onLocked ?? 'refuse',
      isStopped: () => this.#stopping !== undefined || signal?.aborted === true,
      pause: (ms) => this.#pause(ms),
      graph: this.#graph,
      inputs: this.#inputs,
      sc: this.sc,
      bus: this.#bus,
      progress: this.#progress,
      takeTasks: this.#threads && (() => this.#threads!.stages.takeFigures()),
      work: this.#work,
      onEvaluated: this.#figures && ((time, evaluation) => this.#figures!.evaluated(this.#graph, evaluation, time)),
      traceparent: this.#spans && ((output, time) => this.#spans!.traceparent(output, time)),
      clock: this.#clock,
      yielder: this.#yielder,
      logger: this.#logger,
      onCrashPoint: this.#internals.onCrashPoint,
      limits: this.#internals.limits,
      batchMs: this.batchInterval.milliseconds,
      rememberMs: this.#rememberMs ?? 0,
      delivery,
      userCode: this.#userCode,
      timeoutClock: this.#internals.virtualTime === true ? systemClock : this.#clock,
      virtualTime: this.#internals.virtualTime === true,
      storage: this.#meteredStorage(),
      recovers: this.#internals.recovers ?? true,
      wrapStorage: this.#internals.wrapStorage ?? ((storage) => storage),
      storageRetryMs: (storageRetryTimeout ?? DEFAULT_STORAGE_RETRY).milliseconds,
      onExistingCheckpoint: this.#onExisting,
      allowDroppedState: allowDroppedState ?? [],
      allowDroppedOutputs: allowDroppedOutputs ?? [],
      missedBatches: missedBatches ?? 'run',
      onOutputAhead: onOutputAhead ?? 'refuse',
      onClockBehind: onClockBehind ?? 'wait',
      failed: (failure) => policy.failed(failure),
      operatorFailed: (failed, failure) => void policy.operatorFailed(failed, failure),
      stop: (error) => policy.stop(error),
      fatal: (error) => policy.fatal(error),
    }
  }

  /** On virtual time a pause is one turn of the event loop. */
  #pause(ms: number): Promise<void> {
    if (this.#internals.virtualTime === true) return new Promise((resolve) => timersAtLoad.setImmediate(resolve))
    return new Promise((resolve) => this.#clock.setTimer(this.#clock.now() + ms, resolve))
  }

  #storage(): Storage | undefined {
    if (this.#options.storage !== undefined) return this.#options.storage
    return this.#checkpointDir === undefined ? undefined : checkpointStorage(this.#checkpointDir)
  }

  #meteredStorage(): Storage | undefined {
    const storage = this.#storage()
    return storage === undefined ? undefined : (this.#figures?.metered(storage, this.#clock) ?? storage)
  }

  async #traceBatches(): Promise<void> {
    const telemetry = await openTelemetry()
    if (telemetry === undefined) return
    this.#spans = new BatchSpans(telemetry, this.appName)
    this.#bus.addListener(this.#spans)
  }

  #makeThreads(): JobThreads | undefined {
    const { threads = 1, master } = this.#options
    // Only the job that the program runs is what the cluster has been given.
    const loaded = this.#internals.program === undefined ? undefined : runtimeHost().cluster
    const cluster = this.#internals.cluster ?? loaded
    if (this.#options.threads === undefined && cluster === undefined) return undefined
    if (cluster !== undefined && this.#options.eager === true)
      throw badOption('new StreamingContext', 'eager', 'false or absent where the job runs on a cluster', true)
    return new JobThreads({
      appName: this.appName,
      threads,
      cluster,
      master,
      failed: (error) => {
        this.#termination.fail(error)
        void this.stop().catch(() => undefined)
      },
      program: this.#internals.program,
      definition: this.#internals.definition,
      accumulators: this.#accumulators,
      broadcasts: this.#broadcasts,
      workers: this.#internals.workers,
      logger: this.#logger,
      clock: this.#clock,
      yielder: this.#yielder,
    })
  }

  #makeFigures(ui: UiOptions | undefined): JobFigures {
    const { storage } = this.#options
    return new JobFigures({
      ui,
      name: this.appName,
      batchMs: this.batchInterval.milliseconds,
      options: this.#options,
      graph: this.#graph,
      inputs: this.#inputs,
      board: this.#board,
      bus: this.#bus,
      progress: this.#progress,
      work: () => this.#work.shown(),
      logger: this.#logger,
      clock: this.#clock,
      yielder: this.#yielder,
      location: () => (storage === undefined ? this.#checkpointDir : undefined),
      retention: () => rememberTimes(this.#graph, this.#rememberMs ?? 0),
      engine: () => this.#engine,
      life: () => ({ state: this.#state, isStopping: this.#stopping !== undefined }),
      failure: () => this.#termination.failure,
    })
  }

  #mustBeNew(what: string): void {
    if (this.#state !== 'INITIALIZED' || this.#starting !== undefined) {
      throw addingTooLate(this.#state === 'STOPPED' ? 'STOPPED' : 'ACTIVE', what)
    }
  }

  /** Adds the outputs of dead letters behind all others, once the program is complete. */
  #addDeadLetters(): void {
    const { onRecordError } = this.#options
    if (isDeadLetterTarget(onRecordError)) this.#deadLetters.use(onRecordError)
    this.#deadLetters.attach({
      addSource: (make) => {
        const source = make(this.#home())
        this.#inputs.add(source)
        this.#graph.add(source.operator)
        return source
      },
      addOutput: (spec) => void this.#graph.addOutput(spec),
    })
  }

  #derive<T>(operator: Operator<T>, kind?: string): DStream<T> {
    return new DStream(this.#host, this.#host.add(operator, kind))
  }

  #source<T>(make: (home: SourceHome) => InputSource<T>): DStream<T> {
    this.#mustBeNew('a source')
    const source = make(this.#home())
    this.#inputs.add(source)
    return this.#derive(source.operator)
  }

  #home(): SourceHome {
    const { maxRate, backpressure = false, blockInterval, maxBufferedRecords, maxBufferedBytes } = this.#options
    const { eager = true } = this.#options
    const streamId = this.#inputs.nextStreamId
    return sourceHome({
      streamId,
      skipped: (left) => this.#leftOut(this.#graph.node(this.#inputs.all[streamId]!.operator).id, left),
      batchMs: this.batchInterval.milliseconds,
      sc: this.sc,
      clock: this.#clock,
      logger: this.#logger,
      bus: this.#bus,
      maxRate,
      initialRate: typeof backpressure === 'object' ? backpressure.initialRate : undefined,
      blockIntervalMs: blockInterval?.milliseconds,
      maxBufferedRecords,
      maxBufferedBytes,
      // Backpressure measures what a batch can process by the time it takes.
      eager: eager && backpressure === false,
      engine: () => this.#engine!,
    })
  }

  /** Notes a received record that does not decode. */
  #leftOut(operator: string, { record, error, time, place }: LeftOut): void {
    this.#progress.skip(operator)
    const { onRecordError } = this.#options
    if (!isDeadLetterTarget(onRecordError)) return
    this.#deadLetters.add(onRecordError, new RecordError({ operator, time }, textOrBytes(record), error), place)
  }

  #operatorsOf<T>(kind: string, streams: readonly DStream<T>[]): Operator<T>[] {
    if (!Array.isArray(streams) || !streams.every((stream) => stream instanceof DStream))
      throw notStreams(kind, streams)
    if (streams.length === 0) throw noStreams(kind)
    for (const stream of streams) if (stream.context !== this) throw differentContexts(kind)
    return streams.map((stream) => stream.operator)
  }

  /** Adapts the rate of the sources to what finished batches have shown. */
  #adaptRates({ initialRate: _, ...pid }: BackpressureOptions): void {
    const publish = (streamId: number, rate: number): void => this.#inputs.all[streamId]?.setRate?.(rate)
    const controller = new RateController({ ...pid, batchMs: this.batchInterval.milliseconds, publish })
    this.#bus.on('batchCompleted', ({ batchInfo }) => controller.batchCompleted(batchInfo))
  }

  #makeHost(): StreamHost {
    const mustBeNew = (what: string): void => this.#mustBeNew(what)
    const graph = this.#graph
    return {
      ...stateStreams,
      context: this,
      sc: this.sc,
      out: this.#internals.out ?? standardOutput(),
      logger: this.#logger,
      panel: (spec) => {
        const index = this.#board.define(spec)
        return (batchTime, rows, columns) => this.#board.show(index, { batchTime, rows }, columns)
      },
      add: (operator, kind) => {
        mustBeNew(kind ?? operator.kind)
        return graph.add(operator, kind)
      },
      addOutput: (spec) => {
        mustBeNew(spec.kind)
        const index = graph.addOutput(spec)
        return new OutputOperation((id) => {
          mustBeNew('a uid')
          graph.setOutputId(index, id)
        })
      },
      userCode: this.#userCode,
      useDeadLetters: (target) => this.#deadLetters.use(target),
      failure: () => this.#termination.failure,
      setId: (operator, id) => {
        mustBeNew('a uid')
        graph.setId(operator, id)
      },
      setName: (operator, name) => graph.setName(operator, name),
      setCheckpoint: (operator, interval) => graph.setCheckpointMs(operator, interval.milliseconds),
      slice: (operator, fromMs, untilMs) => sliceOf(this.#engine!, operator, graph.node(operator).id, fromMs, untilMs),
      committed: (table) => {
        // A record of the next batch must not see the states of a batch before the last one.
        refuseEarly('A view of a state')
        return this.#engine?.store.committedView(table) ?? table.view()
      },
    }
  }
}

/** @throws `no-context-created` when a user's `create` has returned something else */
function createdContext(where: string, created: unknown): StreamingContext {
  if (created instanceof StreamingContext) return created
  throw noContextCreated(where, created)
}
