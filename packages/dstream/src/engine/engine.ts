import { crashPoint } from '../base/crash-points.js'
import { stopTimedOut } from '../base/errors/context.js'
import type { Checkpoint } from '../durable/checkpoint/checkpoint.js'
import type { Journal } from '../durable/journal/journal.js'
import type { OpenOutputs } from '../output/outputs/open-outputs.js'
import type { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { Operator } from '../streams/graph/operator.js'
import type { BatchCycle } from './batch/batch-cycle.js'
import type { BatchStore } from './batch/batch-store.js'
import { Ticker, type ClockBehind } from './batch/ticker.js'
import type { EngineOptions } from './engine-options.js'
import { firstBatchBehind } from './recovery/first-batch.js'

/** All parts of an engine, as `openEngine` has made and restored them. */
export interface EngineParts extends EngineOptions {
  readonly retention: ReadonlyMap<Operator, number>
  readonly evaluation: GraphEvaluation
  readonly journal: Journal
  readonly checkpoint: Checkpoint | undefined
  readonly store: BatchStore
  readonly cycle: BatchCycle
  readonly outputs: OpenOutputs
  /** Batches that an earlier run had begun and not committed. */
  readonly begun: ReadonlySet<number>
  /** The identity that outputs are told. */
  readonly job: string
  /** Time of the first batch. */
  readonly first: number
  /** Time of the last batch that the checkpoint knows, begun ones included. */
  readonly known: number | undefined
}

const sourcesStarted = crashPoint('start:sources')

/**
 * Runs the batches of a started context, made by `openEngine`. Starts its stages in the order in which a record meets
 * them, and stops them in the same order.
 */
export class Engine {
  readonly #parts: EngineParts
  /** Hands out the batch times. */
  readonly ticker: Ticker

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.ticker = new Ticker({
      ...parts,
      next: (time) => parts.evaluation.batchTimes.next(time),
      run: (time) => this.#runBatch(time),
      whenBehind: parts.onClockBehind,
      onBehind: (behind) => this.#reportBehind(behind),
    })
  }

  get evaluation(): GraphEvaluation {
    return this.#parts.evaluation
  }

  get store(): BatchStore {
    return this.#parts.store
  }

  /** Holds the received blocks; sources add theirs here. */
  get journal(): Journal {
    return this.#parts.journal
  }

  /** Operator → how long its RDDs are kept, in milliseconds. */
  get retention(): ReadonlyMap<Operator, number> {
    return this.#parts.retention
  }

  /** The committed states of all operators, in order of first arrival. Tests compare two runs by them. */
  states(): Readonly<Record<string, readonly unknown[]>> {
    return this.store.states()
  }

  /** Opens the outputs, starts the sources, then the batches. */
  async start(): Promise<void> {
    const { outputs, inputs, onCrashPoint, wrapStorage, job } = this.#parts
    await outputs.open({ job, wrapStorage })
    const first = this.#firstBatch()
    await inputs.start()
    await sourcesStarted(onCrashPoint)
    this.ticker.start(first)
  }

  /**
   * Stops for good. Gracefully: sources take nothing more, and batches run until nothing is waiting, one at least.
   * Otherwise the batch under way is the last.
   *
   * @throws `stop-timed-out` when received records are left after `timeoutMs`
   */
  async stop(gracefully: boolean, timeoutMs: number): Promise<void> {
    const { inputs, clock, journal } = this.#parts
    let expired = false
    const timer = clock.setTimer(clock.now() + timeoutMs, () => (expired = true))
    try {
      await this.ticker.stop()
      await inputs.stop(gracefully ? timeoutMs : 0)
      if (gracefully) {
        do await this.ticker.runOne()
        while (journal.waiting().length > 0 && !expired)
      }
    } finally {
      timer.cancel()
      await this.#close()
    }
    const left = inputs.waiting(journal)
    if (gracefully && left > 0) throw stopTimedOut(timeoutMs, left)
  }

  /** Returns the first batch time; it leaves out the times at which an output holds batches that are not of this job's past. */
  #firstBatch(): number {
    const { graph, first, known, evaluation, onOutputAhead, logger } = this.#parts
    const times = evaluation.batchTimes
    const outputs = graph.outputs.map(({ id, lastCommitted }) => ({ id, lastCommitted: lastCommitted?.() }))
    const behind = firstBatchBehind({ outputs, known, first, times, onOutputAhead })
    if (behind.reason === undefined) return first
    logger.warn({}, behind.reason)
    times.skip(known ?? first - 1, behind.first - 1)
    return times.next(first - 1)
  }

  /** Lets no further batch begin. */
  halt(): void {
    void this.ticker.stop()
  }

  /** Closes what a start that failed had opened. */
  async closeAfterFailedStart(): Promise<void> {
    this.halt()
    await this.#parts.inputs.stop().catch(() => undefined)
    await this.#close().catch(() => undefined)
  }

  async #runBatch(time: number): Promise<void> {
    const { begun, cycle, fatal } = this.#parts
    try {
      await cycle.run(time, begun.has(time))
    } catch (error) {
      fatal(error)
    }
  }

  #reportBehind({ nowMs, nextMs }: ClockBehind): void {
    const { bus, logger, onClockBehind } = this.#parts
    const consequence =
      onClockBehind === 'wait'
        ? "No batch runs before that time. Set the clock right, or go on without it by onClockBehind: 'continue'."
        : 'Batches go on one every interval, ahead of the clock.'
    const values = { code: 'clock-behind', now: nowMs, nextBatchTime: nextMs }
    logger.warn(values, `The clock is ${nextMs - nowMs} ms behind the next batch, that of ${nextMs} ms. ${consequence}`)
    bus.emit('clockBehind', { time: nowMs, nextBatchTime: nextMs })
  }

  async #close(): Promise<void> {
    const { outputs, checkpoint } = this.#parts
    await outputs.close().finally(() => checkpoint?.close())
  }
}
