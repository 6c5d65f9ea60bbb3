import { crashPoint } from '../base/crash-points.js'
import { stopAborts, stopTimedOut } from '../base/errors/context.js'
import { outputsLost } from '../base/errors/outputs.js'
import type { Checkpoint } from '../durable/checkpoint/checkpoint.js'
import type { Journal } from '../durable/journal/journal.js'
import type { OpenOutputs } from '../output/outputs/open-outputs.js'
import type { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { Operator } from '../streams/graph/operator.js'
import type { BatchCycle } from './batch/batch-cycle.js'
import type { BatchStore } from './batch/batch-store.js'
import type { OutputOperations } from './batch/output-operations.js'
import { Ticker, type ClockBehind } from './batch/ticker.js'
import { Deadline } from './deadline.js'
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
  /** Gives the outputs their batches. */
  readonly operations: OutputOperations
  readonly outputs: OpenOutputs
  /** Batches that an earlier run had begun and not committed. */
  readonly begun: ReadonlySet<number>
  /** The identity that outputs are told. */
  readonly job: string
  /** Time of the first batch. */
  readonly first: number
  /** The number of batches that are due at the start: begun ones, and those missed meanwhile. */
  readonly overdue: number
  /** Time of the last batch that the checkpoint knows, begun ones included. */
  readonly known: number | undefined
}

/** How long the parts of a start that has failed may take to close, in milliseconds. */
const CLOSE_MS = 10_000

const MISSED = 'Running missed batches'
const DRAINING = 'Working off what was received'

const sourcesStarted = crashPoint('start:sources')

/**
 * Runs the batches of a started context, made by `openEngine`. Starts its stages in the order in which a record meets
 * them, and stops them in the same order.
 */
export class Engine {
  readonly #parts: EngineParts
  /** Hands out the batch times. */
  readonly ticker: Ticker
  #numBatches = 0

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.ticker = new Ticker({
      ...parts,
      next: (time) => parts.evaluation.batchTimes.next(time),
      run: (time, due) => this.#runBatch(time, due),
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

  /** Resolves when no batch and no attempt of an output is under way. */
  async idle(): Promise<void> {
    await this.ticker.idle()
    await this.#parts.operations.idle()
  }

  /** Opens the outputs, starts the sources, then the batches. */
  async start(): Promise<void> {
    const { outputs, inputs, operations, onCrashPoint, wrapStorage, job, logger } = this.#parts
    await outputs.open({ job, wrapStorage, logger })
    const first = this.#firstBatch()
    await inputs.start()
    await sourcesStarted(onCrashPoint)
    this.ticker.start(first)
    // Batches that an earlier run has left come first, and need no new batch for it.
    void operations.wake()
  }

  /**
   * Stops for good. Gracefully: sources take nothing more, batches run at their ticks as long as the rate holds records
   * back, and then at once until nothing is waiting, one at least, and the outputs have caught up. Otherwise the batch under
   * way is the last. Nothing is waited for longer than `timeoutMs`: what hangs is aborted and named.
   *
   * @throws `stop-timed-out` when something hung, or received records are left; `outputs-lost` when batches wait for outputs
   * and no checkpoint keeps them; the error of received data that is lost
   */
  async stop(gracefully: boolean, timeoutMs: number): Promise<void> {
    const { inputs, clock, timeoutClock, virtualTime, journal, operations, checkpoint, work } = this.#parts
    const deadline = new Deadline(timeoutClock, timeoutMs)
    const reason = stopAborts()
    let expired = false
    const timer = clock.setTimer(clock.now() + timeoutMs, () => (expired = true))
    const underWay = (): readonly string[] => {
      const outputs = operations.underWay()
      return outputs.length > 0 ? outputs : [`the batch before ${this.ticker.nextMs} ms`]
    }
    const abort = (): void => {
      inputs.abort(reason)
      void operations.end(reason)
    }
    const finished = (step: Promise<void>): Promise<void> => deadline.wait(step, underWay, abort)
    const sources = (ms: number): Promise<void> => deadline.wait(inputs.stop(ms), () => inputs.ending)
    try {
      work.end(MISSED)
      if (gracefully) await sources(timeoutMs)
      await finished(this.ticker.stop())
      await finished(this.store.commitDeferred())
      if (!gracefully) await sources(0)
      const canGoOn = (): boolean => !expired && !deadline.isOver && deadline.hung.length === 0
      const blocks = journal.waiting().length
      for (let waits = gracefully; waits && canGoOn(); waits = journal.waiting().length > 0) {
        work.report(DRAINING, Math.max(0, blocks - journal.waiting().length), blocks, 'received blocks')
        await finished(this.ticker.runOne())
      }
      work.end(DRAINING)
      // A pause between two attempts is not over before a virtual clock moves.
      if (gracefully && !virtualTime && canGoOn()) await deadline.wait(operations.caughtUp(), () => [])
      // The outputs have caught up after the last commit: another one says so.
      if (gracefully && operations.hasProgressed && canGoOn()) await finished(this.ticker.runOne())
      await deadline.wait(operations.end(reason), () => operations.underWay())
    } finally {
      timer.cancel()
      this.store.close()
      await this.#close(deadline)
    }
    inputs.mustHaveLostNothing()
    const left = inputs.waiting(journal)
    if (deadline.hung.length > 0 || (gracefully && left > 0)) throw stopTimedOut(timeoutMs, left, deadline.hung)
    if (gracefully && checkpoint === undefined && !operations.isEmpty) throw outputsLost(operations.oldestPending())
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
    const deadline = new Deadline(this.#parts.timeoutClock, CLOSE_MS)
    await this.#close(deadline).catch(() => undefined)
  }

  async #runBatch(time: number, due: readonly number[]): Promise<void> {
    const { begun, cycle, fatal, work, overdue } = this.#parts
    if (this.#numBatches <= overdue) work.report(MISSED, this.#numBatches++, overdue, 'batches')
    try {
      await cycle.run(time, begun.has(time), due)
    } catch (error) {
      // A batch that has outlived the stop has no store any more, and nobody waits for it.
      if (!this.store.isClosed) fatal(error)
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

  async #close(deadline: Deadline): Promise<void> {
    const { inputs, outputs, checkpoint } = this.#parts
    await deadline.wait(inputs.close(), () => inputs.ending)
    try {
      await deadline.wait(outputs.close(), () => [`${outputs.closing} that does not close`])
    } finally {
      if (checkpoint !== undefined) await deadline.wait(checkpoint.close(), () => ['the checkpoint'])
    }
  }
}
