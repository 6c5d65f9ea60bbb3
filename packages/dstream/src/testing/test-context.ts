import {
  crashPoints,
  Duration,
  Time,
  type DStream,
  type Key,
  type Logger,
  type Storage,
  type StreamingContext,
  type StreamingContextOptions,
} from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { checkRows, checkStream } from './check-arguments.js'
import { CrashableContext, type CrashableInternals } from './crashable-context.js'
import { fedSource, type Feed } from './fed-source.js'
import { LineSink } from './line-sink.js'
import { aFunction, checkOptions, nonNegativeInteger } from '../base/options.js'
import { durationOf } from '../base/time/duration.js'
import { timersAtLoad } from '../platform/timers-at-load.js'
import { ManualClock } from './manual-clock.js'
import { eventNames, type RecordedEvent } from './recorded-events.js'
import { rowSource } from './row-source.js'
import { turn } from './turn.js'

export type TestContextOptions = Partial<StreamingContextOptions> & {
  batchInterval: Duration
  /** The start of the virtual clock; default 0. Row 0 belongs to the first tick strictly after it. */
  startTime?: Time | undefined
}

/** The records of a stream, batch by batch. */
export interface Output<T> {
  /** The records of each batch that gave an RDD. A batch without an RDD has no entry; `times` shows which ones have. */
  readonly batches: T[][]
  /** The same records, divided into partitions. */
  readonly partitions: T[][][]
  readonly times: number[]
}

/** A failed attempt, with the thrown error. */
export interface TestError {
  time: number
  output: string | undefined
  operator: string | undefined
  error: unknown
  /** The number of the attempt, from 1. */
  attempt: number
  /** Whether no further attempt follows. */
  final: boolean
}

type GivenInternals = Pick<CrashableInternals, 'onCrashPoint' | 'limits' | 'workers' | 'cluster' | 'definition'>
/** @internal `onCrashPoint` is called at each crash point, before that of `crashAndRecover`. */
export interface TestContextInternals extends GivenInternals {
  /** The time of row 0 in milliseconds, over all runs. */
  readonly firstMs?: number
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * A StreamingContext on a virtual clock: batches in, batches out, without sleeps and ports. The clock begins at 0, so
 * batch i (from 1) has time i × batchInterval. Any number of them may be active at once.
 *
 * @example
 * const t = new TestContext({ batchInterval: Seconds(1) })
 * const out = t.output(t.input([['a', 'b'], [], ['a']]).countByValue())
 * await t.run()
 * out.batches // [[['a', 1], ['b', 1]], [], [['a', 1]]]
 */
export class TestContext implements AsyncDisposable {
  readonly ssc: StreamingContext
  readonly storage: Storage
  readonly errors: TestError[] = []
  readonly events: RecordedEvent[] = []
  readonly #options: TestContextOptions
  readonly #context: CrashableContext
  readonly #clock: ManualClock
  readonly #sink = new LineSink()
  readonly #batchMs: number
  readonly #firstMs: number
  /** @internal All outputs of this context, for tests that compare two runs. */
  readonly outputs: Output<unknown>[] = []
  #rows = 0
  #cut: { readonly at: string; readonly reached: () => void } | undefined
  #fatal: { readonly error: unknown } | undefined

  constructor(options: TestContextOptions, internals: TestContextInternals = {}) {
    // Without options, the context says which one is missing.
    const given = (options as TestContextOptions | undefined) ?? ({} as TestContextOptions)
    const { startTime, ...rest } = given
    const startMs = startTime?.milliseconds ?? 0
    this.#options = given
    this.#clock = new ManualClock(startMs)
    this.storage = given.storage ?? memoryStorage()
    this.#context = new CrashableContext(
      { clock: this.#clock, logger: silent, ...rest, storage: this.storage },
      {
        out: this.#sink,
        virtualTime: true,
        recovers: given.storage !== undefined,
        onCrashPoint: (name) => internals.onCrashPoint?.(name) ?? this.#step(name),
        ...(internals.limits === undefined ? {} : { limits: internals.limits }),
        ...(internals.workers === undefined ? {} : { workers: internals.workers }),
        ...(internals.cluster === undefined ? {} : { cluster: internals.cluster }),
        definition: internals.definition,
        onFailure: ({ time, output, operator, error, attempt, final }) =>
          this.errors.push({ time, output, operator, error, attempt, final }),
        onFatal: (error) => {
          this.#fatal ??= { error }
        },
      },
    )
    this.#context.onStopping = (stopping) => void this.#passTimeUntil(stopping)
    this.ssc = this.#context
    this.#batchMs = given.batchInterval.milliseconds
    this.#firstMs = internals.firstMs ?? (Math.floor(startMs / this.#batchMs) + 1) * this.#batchMs
    for (const type of eventNames) this.ssc.on(type, (event) => this.events.push({ type, ...event } as RecordedEvent))
  }

  /** The lines that `print` wrote. */
  get printed(): readonly string[] {
    return this.#sink.lines
  }

  /** Returns a stream whose batch i has row i as its input, then empty batches; `null` is a batch without an RDD. */
  input<T>(
    batches: readonly (readonly T[] | null)[],
    options: { numPartitions?: number | undefined } = {},
  ): DStream<T> {
    checkOptions('input', options, ['numPartitions'])
    this.#rows = Math.max(this.#rows, checkRows('input', batches).length)
    const times = { firstMs: this.#firstMs, batchMs: this.#batchMs }
    return this.ssc.addSource(rowSource(batches, times, options.numPartitions))
  }

  /** Does the same for rows of pairs, and infers pairs. */
  inputPairs<K extends Key, V>(
    batches: readonly (readonly (readonly [K, V])[] | null)[],
    options: { numPartitions?: number | undefined } = {},
  ): DStream<[K, V]> {
    return this.input(batches as readonly (readonly [K, V][] | null)[], options)
  }

  /** Returns a stream that the test feeds by hand; records that are pushed during a batch belong to the next one. */
  source<T>(): { stream: DStream<T> } & Feed<T> {
    const { feed, make } = fedSource<T>()
    return { stream: this.ssc.addSource(make), ...feed }
  }

  /** Keeps the records of a stream. */
  output<T>(stream: DStream<T>): Output<T> {
    const output: Output<T> = { batches: [], partitions: [], times: [] }
    this.outputs.push(output)
    checkStream('output', stream).foreachRDD(async (rdd, time) => {
      const partitions = await rdd.glom().collect()
      output.partitions.push(partitions)
      output.batches.push(partitions.flat())
      output.times.push(time.milliseconds)
    })
    return output
  }

  /**
   * Runs `batches` batches, by default the rest of the longest input. Starts the context if necessary. Runs all of
   * them, or up to the batch that stops the job, then rejects with the first error that no further attempt follows;
   * `errors` has all. The pauses between attempts take no time.
   */
  async run(batches?: number): Promise<void> {
    if (batches !== undefined) nonNegativeInteger('run', 'batches', batches)
    const before = this.errors.length
    await this.#begin()
    const nextRow = ((this.ssc.engine?.ticker.nextMs ?? this.#firstMs) - this.#firstMs) / this.#batchMs
    const count = batches ?? Math.max(0, this.#rows - nextRow)
    for (let i = 0; i < count; i++) await this.#tick()
    this.#rethrow(before)
  }

  /** Advances the clock, and runs every batch that falls due with its row. */
  async advance(by: Duration): Promise<void> {
    const before = this.errors.length
    await this.#begin()
    const untilMs = this.#clock.now() + durationOf('advance: by', by).milliseconds
    while (this.ssc.engine !== undefined && this.ssc.engine.ticker.nextMs <= untilMs && !this.#over) await this.#tick()
    await this.#passTime(untilMs)
    this.#rethrow(before)
  }

  /** Waits for real I/O until the condition holds, in real time and without a batch. Rejects after `timeout` (5 s). */
  async until(condition: () => boolean, timeout: Duration = new Duration(5000)): Promise<void> {
    aFunction('until', 'condition', condition)
    const endMs = timersAtLoad.now() + durationOf('until: timeout', timeout).milliseconds
    await this.#begin()
    while (!condition()) {
      if (timersAtLoad.now() > endMs) throw new Error(`The condition did not hold within ${timeout.milliseconds} ms.`)
      await new Promise((resolve) => timersAtLoad.setTimeout(resolve, 1))
    }
  }

  /** Stops the context gracefully. */
  stop(): Promise<void> {
    return this.ssc.stop({ gracefully: true })
  }

  /**
   * Crashes this run, at the crash point `at` of the next batch if it is given. Starts another run on the same storage
   * after `downtime`. `define` builds the graph again, and its result is `defined`. Only data that was synced to the
   * storage is there; a directory, and that of a `fileSink`, holds all that was written. Rows are found by batch time,
   * so the same tables are given in every run. The next `run` runs missed batches first, and does not count them.
   */
  async crashAndRecover<H>(
    define: (t: TestContext) => H | Promise<H>,
    options: { at?: string | undefined; downtime?: Duration | undefined } = {},
  ): Promise<TestContext & { readonly defined: H }> {
    aFunction('crashAndRecover', 'define', define)
    checkOptions('crashAndRecover', options, ['at', 'downtime'])
    if (options.at !== undefined) await this.#runUpTo(options.at)
    await this.crash()
    const storage = 'crash' in this.storage ? (this.storage as MemoryStorage).crash() : this.storage
    const startTime = new Time(this.#clock.now() + (options.downtime?.milliseconds ?? 0))
    const next = new TestContext({ ...this.#options, storage, startTime }, { firstMs: this.#firstMs })
    return Object.assign(next, { defined: await define(next) })
  }

  /** @internal Crashes this run. Resolves when the next run can take its locks. */
  crash(): Promise<void> {
    return this.#context.crash()
  }

  async #runUpTo(at: string): Promise<void> {
    if (!crashPoints.includes(at)) {
      throw new Error(`There is no crash point "${at}"; there are ${crashPoints.join(', ')}.`)
    }
    await this.#begin()
    let isReached = false
    const reached = new Promise<void>((resolve) => {
      this.#cut = { at, reached: () => ((isReached = true), resolve()) }
    })
    await Promise.race([this.#tick(), reached])
    this.#cut = undefined
    if (!isReached) throw new Error(`The next batch did not reach the crash point "${at}".`)
  }

  /** Lets batches run at their ticks while a graceful stop waits until the rate lets waiting records through. */
  async #passTimeUntil(stopping: Promise<void>): Promise<void> {
    let stopped = false
    void stopping.catch(() => undefined).then(() => (stopped = true))
    for (; !stopped; await turn()) {
      if (this.ssc.inputs.all.some(({ supervisor }) => supervisor?.buffer.draining)) await this.#tick()
    }
  }

  /** Returns a promise that never settles at the crash point of this run. */
  #step(name: string): Promise<void> | undefined {
    if (this.#cut?.at !== name) return undefined
    this.#cut.reached()
    return new Promise(() => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ssc.stop()
  }

  get #over(): boolean {
    return this.#fatal !== undefined || this.ssc.getState() === 'STOPPED'
  }

  async #begin(): Promise<void> {
    if (this.ssc.getState() === 'INITIALIZED') await this.ssc.start()
    // The batches that were missed during the downtime run before any counted batch.
    await this.#passTime(this.#clock.now())
  }

  async #tick(): Promise<void> {
    const { engine } = this.ssc
    if (engine === undefined || this.#over) return
    const tickMs = Math.max(engine.ticker.nextMs, this.#clock.now())
    await this.#passTime(tickMs - 1)
    this.#clock.moveTo(tickMs)
    await turn()
    await this.#passTime(tickMs)
  }

  /** Runs the timers up to `toMs` one by one, each with everything that follows from it. */
  async #passTime(toMs: number): Promise<void> {
    for (let at = this.#clock.nextTimer(toMs); at !== undefined; at = this.#clock.nextTimer(toMs)) {
      this.#clock.runNext(at)
      await this.ssc.engine?.idle()
      await turn()
    }
    this.#clock.runNext(toMs)
    await this.ssc.engine?.idle()
  }

  #rethrow(before: number): void {
    if (this.#fatal !== undefined) throw this.#fatal.error
    const first = this.errors.slice(before).find(({ final }) => final)
    if (first !== undefined) throw first.error
  }
}
