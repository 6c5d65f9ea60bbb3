import type { Block } from '../durable/blocks/block.js'
import type { Checkpoint, CheckpointLimits, CheckpointOptions, Recovered } from '../durable/checkpoint/checkpoint.js'
import type { MatchPlan } from '../durable/checkpoint/match.js'
import { openCheckpoint, planResume, checkOpenable } from '../durable/checkpoint/open-checkpoint.js'
import { stopTimedOut } from '../base/errors/context.js'
import { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { Graph } from '../streams/graph/graph.js'
import { rememberTimes, sharedOperators } from '../streams/graph/remember.js'
import type { Journal } from '../durable/journal/journal.js'
import { volatileJournal } from '../durable/journal/volatile-journal.js'
import type { ListenerBus } from '../observe/listener-bus.js'
import type { ProgressLog } from '../observe/progress.js'
import { OpenOutputs } from '../output/outputs/open-outputs.js'
import type { Clock, Logger, Storage, Yielder } from '../base/ports.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import { BatchCycle } from './batch/batch-cycle.js'
import { CheckpointedStore } from './batch/batch-store.js'
import type { Failure } from './batch/failure.js'
import { FailedOutputs } from './recovery/failed-outputs.js'
import { signaturesOf } from './recovery/operator-signature.js'
import { resume, resumeLine } from './recovery/resume.js'
import { StatefulOperators } from './batch/stateful-operators.js'
import { firstBatchTime, Ticker } from './batch/ticker.js'
import type { InputSources } from '../input/sources/input-sources.js'
import { crashPoint, type CrashHook } from '../base/crash-points.js'

export interface LifecycleOptions {
  readonly graph: Graph
  readonly inputs: InputSources
  readonly sc: RDDContext
  readonly bus: ListenerBus
  readonly progress: ProgressLog
  readonly clock: Clock
  readonly yielder: Yielder
  readonly logger: Logger
  readonly steps: CrashHook | undefined
  /** Thresholds of logs and snapshots; only tests have others than the usual ones. */
  readonly limits: CheckpointLimits | undefined
  readonly batchMs: number
  readonly rememberMs: number
  readonly maxAttempts: number
  /** Where state and undone work survive; without one they live in memory. */
  readonly storage: Storage | undefined
  readonly onExistingCheckpoint: 'resume' | 'refuse' | 'discard'
  readonly allowDroppedState: readonly string[]
  readonly missedBatches: 'run' | 'skip'
  readonly failed: (failure: Failure) => void
  /** A batch could not be finished: the context cannot go on. */
  readonly fatal: (error: unknown) => void
}

const ENGINE = '0.1'
const checkpointOpened = crashPoint('start:opened')
const stateRestored = crashPoint('start:restored')
const sourcesStarted = crashPoint('start:sources')

/**
 * A started context from its first stage to its last: journal, state, sources, batches. Start goes through the stages in
 * the order in which a record meets them, and stop in the same order.
 */
export class Lifecycle {
  readonly #o: LifecycleOptions
  readonly keep: ReturnType<typeof rememberTimes>
  #evaluation!: GraphEvaluation
  #journal!: Journal
  #checkpoint: Checkpoint | undefined
  #store!: CheckpointedStore
  #cycle!: BatchCycle
  #ticker: Ticker | undefined
  #pending: ReadonlySet<number> = new Set()
  #skipTo = -Infinity
  #owed: FailedOutputs | undefined
  #zeroMs = 0
  readonly #outputs: OpenOutputs

  constructor(options: LifecycleOptions) {
    this.#o = options
    this.keep = rememberTimes(options.graph, options.rememberMs)
    this.#outputs = new OpenOutputs(options.graph.outputs)
  }

  get evaluation(): GraphEvaluation {
    return this.#evaluation
  }

  get store(): CheckpointedStore {
    return this.#store
  }

  /** One interval before the first batch ever: slides are aligned to it, over restarts too. */
  get zeroMs(): number {
    return this.#zeroMs
  }

  get ticker(): Ticker {
    return this.#ticker!
  }

  /** The journal of the received blocks; sources hand theirs over here. */
  get journal(): Journal {
    return this.#journal
  }

  /** The committed states of all operators, in order of first arrival; for tests that compare two lives. */
  states(): Readonly<Record<string, readonly unknown[]>> {
    return this.#store.states()
  }

  addBlock(block: Block): Promise<void> {
    return this.#journal.addBlock(block)
  }

  /** Reads and matches what the storage holds, and writes nothing. @throws what `start` would */
  async dryRun(): Promise<void> {
    const { storage, clock, batchMs, inputs } = this.#o
    if (storage === undefined) return
    const { resumed } = await checkOpenable(
      this.#checkpointOptions(storage, firstBatchTime(clock.now(), batchMs) - batchMs),
    )
    if (resumed) inputs.mustBeRecoverable()
  }

  /** What `start` would do with the state that a storage holds; only reads. */
  planResume(storage: Storage): Promise<MatchPlan> {
    return planResume(storage, {
      operators: signaturesOf(this.#o.graph, this.#o.inputs),
      allowDropped: this.#o.allowDroppedState,
    })
  }

  async start(): Promise<void> {
    const { clock, batchMs, inputs, steps } = this.#o
    const firstMs = firstBatchTime(clock.now(), batchMs)
    const recovered = await this.#open(firstMs - batchMs)
    await checkpointOpened(steps)
    this.#zeroMs = recovered?.zeroTime ?? firstMs - batchMs
    const turns = this.#evaluate(this.#zeroMs)
    if (recovered?.resumed === true) {
      inputs.mustBeRecoverable()
      resume(recovered, { ...this.#o, evaluation: this.#evaluation, journal: this.#journal, store: this.#store, turns })
      this.#pending = new Set(recovered.pending)
      const rerun = this.#cycle.rerun.bind(this.#cycle)
      this.#owed = new FailedOutputs({ ...this.#o, store: this.#store, rerun }, recovered.failed)
    }
    await stateRestored(steps)
    await this.#outputs.open()
    await inputs.start()
    await sourcesStarted(steps)
    this.ticker.start(this.#nextTime(firstMs, this.#zeroMs, recovered))
  }

  /** Journal and checkpoint: what the directory holds, or nothing. */
  async #open(zeroTime: number): Promise<Recovered | undefined> {
    const { storage, logger } = this.#o
    if (storage === undefined) {
      this.#journal = volatileJournal()
      return undefined
    }
    const { checkpoint, recovered } = await openCheckpoint(this.#checkpointOptions(storage, zeroTime))
    this.#checkpoint = checkpoint
    this.#journal = checkpoint.journal
    for (const warning of recovered.warnings) logger.warn({}, warning)
    return recovered
  }

  #checkpointOptions(storage: Storage, zeroTime: number): CheckpointOptions {
    const { batchMs, yielder, steps, limits, logger, inputs, graph } = this.#o
    return {
      storage,
      operators: signaturesOf(graph, inputs),
      zeroTime,
      batchMs,
      engine: ENGINE,
      existing: this.#o.onExistingCheckpoint,
      allowDropped: this.#o.allowDroppedState,
      codec: (streamId, id) => inputs.all[streamId]?.codec?.(id),
      yielder,
      steps,
      limits,
      snapshotMs: Math.min(...graph.nodes.map(({ checkpointMs = Infinity }) => checkpointMs)),
      onSnapshotError: (err) =>
        logger.warn(
          { err },
          'A snapshot of the state could not be written; the job goes on, and its log grows meanwhile.',
        ),
    }
  }

  #evaluate(zeroMs: number): StatefulOperators {
    const { graph, clock, yielder, batchMs, inputs, bus, progress, steps, maxAttempts, failed } = this.#o
    this.#evaluation = new GraphEvaluation(graph, zeroMs, this.keep, sharedOperators(graph, this.keep))
    const turns = new StatefulOperators(graph, this.#evaluation)
    this.#store = new CheckpointedStore({
      graph,
      evaluation: this.#evaluation,
      turns,
      keep: this.keep,
      journal: this.#journal,
      checkpoint: this.#checkpoint,
      inputs,
      batchMs,
    })
    this.#cycle = new BatchCycle({
      graph,
      evaluation: this.#evaluation,
      turns,
      store: this.#store,
      bus,
      clock,
      progress,
      batchMs,
      maxAttempts,
      failed,
      payWhatIsOwed: async () => this.#owed?.pay(),
      steps,
    })
    this.#ticker = new Ticker(clock, yielder, batchMs, (time) => this.#runBatch(time))
    return turns
  }

  /** After a resume the batches that are owed come first, then the ticks that were missed, then the live ones. */
  #nextTime(firstMs: number, zeroMs: number, recovered: Recovered | undefined): number {
    const { batchMs, missedBatches, logger } = this.#o
    if (recovered?.resumed !== true) return firstMs
    // On the grid of this program's interval, which may be another than the one of the earlier life.
    const next = zeroMs + (Math.floor(((recovered.lastCommitted ?? zeroMs) - zeroMs) / batchMs) + 1) * batchMs
    const live = Math.max(next, zeroMs + (Math.floor((firstMs - batchMs - zeroMs) / batchMs) + 1) * batchMs)
    const missed = (live - next) / batchMs - this.#pending.size
    logger.info({}, resumeLine(recovered, this.#pending.size, Math.max(0, missed), missedBatches))
    if (missedBatches === 'run' || missed <= 0) return next
    this.#skipTo = live
    return this.#pending.size > 0 ? next : live
  }

  async #runBatch(time: number): Promise<void> {
    const replayed = this.#pending.has(time)
    // Missed ticks that nobody wants: no data was given to them.
    if (time < this.#skipTo && !replayed) return
    try {
      await this.#cycle.run(time, replayed)
    } catch (error) {
      this.#o.fatal(error)
    }
  }

  /**
   * Gracefully: sources take nothing more, and batches run until nothing is waiting, one at least. Else the batch under
   * way is the last.
   */
  async stop(gracefully: boolean, timeoutMs: number): Promise<void> {
    const { inputs, clock } = this.#o
    let expired = false
    const timer = clock.setTimer(clock.now() + timeoutMs, () => (expired = true))
    try {
      await this.ticker.stop()
      await inputs.stop(gracefully ? timeoutMs : 0)
      if (gracefully) {
        do await this.ticker.runOne()
        while (this.#journal.waiting().length > 0 && !expired)
      }
    } finally {
      timer.cancel()
      await this.#close()
    }
    const left = inputs.waiting(this.#journal)
    if (gracefully && left > 0) throw stopTimedOut(timeoutMs, left)
  }

  /** No further batch begins. */
  halt(): void {
    void this.#ticker?.stop()
  }

  /** Ends at once and without a word, as if the process had died; only locks are given back. */
  async die(): Promise<void> {
    this.halt()
    for (const source of this.#o.inputs.all) source.supervisor?.abandon()
    await Promise.all([this.#outputs.abandon(), this.#checkpoint?.abandon()])
  }

  /** After a start that failed: what had been begun ends. */
  async abandon(): Promise<void> {
    this.halt()
    await this.#o.inputs.stop().catch(() => undefined)
    await this.#close().catch(() => undefined)
  }

  async #close(): Promise<void> {
    await this.#outputs.close().finally(() => this.#checkpoint?.close())
  }
}
