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
import { CrashableContext, type ContextInternals } from './crashable-context.js'
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
  /** Where the virtual clock begins; default 0. Row 1 is the first tick strictly after it. */
  startTime?: Time | undefined
}

/** What a stream gave, batch by batch. */
export interface Output<T> {
  /** The records of each batch that gave an RDD; a batch without one leaves no entry, `times` tells. */
  readonly batches: T[][]
  /** The same with the borders of partitions. */
  readonly partitions: T[][][]
  readonly times: number[]
}

/** One failed attempt, with the very error that was thrown. */
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

/** @internal `onCrashPoint` is called at each named step, before those of `crashAndRecover`. */
export interface TestContextInternals extends Pick<ContextInternals, 'onCrashPoint' | 'limits'> {
  /** Time of row 0, from the first life on. */
  readonly firstMs?: number
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * A real StreamingContext on a virtual clock: batches in, batches out, without sleeps and ports. The clock begins at 0, so
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
  /** @internal Every output made here, for whoever compares two runs. */
  readonly outputs: Output<unknown>[] = []
  #rows = 0
  #cut: { readonly at: string; readonly reached: () => void } | undefined
  #fatal: { readonly error: unknown } | undefined

  constructor(options: TestContextOptions, internals: TestContextInternals = {}) {
    // Without options the context says what is missing.
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

  /** What `print` wrote, line by line. */
  get printed(): readonly string[] {
    return this.#sink.lines
  }

  /** Row i is the input of batch i, then come empty batches. `null`: the source gave no RDD at all for that batch. */
  input<T>(
    batches: readonly (readonly T[] | null)[],
    options: { numPartitions?: number | undefined } = {},
  ): DStream<T> {
    checkOptions('input', options, ['numPartitions'])
    this.#rows = Math.max(this.#rows, checkRows('input', batches).length)
    const times = { firstMs: this.#firstMs, batchMs: this.#batchMs }
    return this.ssc.addSource(rowSource(batches, times, options.numPartitions))
  }

  /** The same for rows of pairs, which infer as pairs. */
  inputPairs<K extends Key, V>(
    batches: readonly (readonly (readonly [K, V])[] | null)[],
    options: { numPartitions?: number | undefined } = {},
  ): DStream<[K, V]> {
    return this.input(batches as readonly (readonly [K, V][] | null)[], options)
  }

  /** A source that the test feeds by hand, between or during batches; what is pushed during one belongs to the next. */
  source<T>(): { stream: DStream<T> } & Feed<T> {
    const { feed, make } = fedSource<T>()
    return { stream: this.ssc.addSource(make), ...feed }
  }

  /** Keeps what a stream gives. */
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
   * Starts if needed and runs `batches` batches: by default what is left of the longest input. Runs all of them, or up to
   * the one that stops the job, then rejects with the first error that no further attempt follows; `errors` has all. The
   * pauses between two attempts take no time.
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

  /** Time goes on, and every batch that falls due runs, each with its row. */
  async advance(by: Duration): Promise<void> {
    const before = this.errors.length
    await this.#begin()
    const untilMs = this.#clock.now() + durationOf('advance: by', by).milliseconds
    while (this.ssc.engine !== undefined && this.ssc.engine.ticker.nextMs <= untilMs && !this.#over) await this.#tick()
    await this.#passTime(untilMs)
    this.#rethrow(before)
  }

  /** Lets real I/O happen until the condition holds, in real time and without a batch; rejects after `timeout` (5 s). */
  async until(condition: () => boolean, timeout: Duration = new Duration(5000)): Promise<void> {
    aFunction('until', 'condition', condition)
    const endMs = timersAtLoad.now() + durationOf('until: timeout', timeout).milliseconds
    await this.#begin()
    while (!condition()) {
      if (timersAtLoad.now() > endMs) throw new Error(`The condition did not hold within ${timeout.milliseconds} ms.`)
      await new Promise((resolve) => timersAtLoad.setTimeout(resolve, 1))
    }
  }

  /** Graceful stop. */
  stop(): Promise<void> {
    return this.ssc.stop({ gracefully: true })
  }

  /**
   * Ends this life without a word, at a crash point of the next batch if `at` names one, and starts another on the same
   * storage after `downtime`. `define` builds the graph again; what it returns is `defined`. Only what was synced to the
   * storage is there; of a directory, and of that of a `fileSink`, what the disk had been asked for. The row of a batch is
   * found by its time, so the same tables are given in every life. Missed batches run at the first `run`, before those it
   * counts.
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
    if (!isReached) throw new Error(`The next batch did not come to the crash point "${at}".`)
  }

  /** Lets batches go on at their ticks while a graceful stop waits for the rate to let held records through. */
  async #passTimeUntil(stopping: Promise<void>): Promise<void> {
    let stopped = false
    void stopping.catch(() => undefined).then(() => (stopped = true))
    for (; !stopped; await turn()) {
      if (this.ssc.inputs.all.some(({ supervisor }) => supervisor?.buffer.draining)) await this.#tick()
    }
  }

  /** At the crash point the life stands still for good. */
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
    // What was missed while the program was away runs before anything that is counted.
    await this.#passTime(this.#clock.now())
  }

  async #tick(): Promise<void> {
    const { engine } = this.ssc
    if (engine === undefined || this.#over) return
    const tickMs = Math.max(engine.ticker.nextMs, this.#clock.now())
    await this.#passTime(tickMs - 1)
    this.#clock.moveTo(tickMs)
    await turn()
    await Promise.all(this.ssc.inputs.all.flatMap(({ supervisor }) => supervisor?.buffer.closeDue() ?? []))
    await turn()
    await this.#passTime(tickMs)
  }

  /** Runs the timers up to `toMs` one by one, each with all that follows from it. */
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
