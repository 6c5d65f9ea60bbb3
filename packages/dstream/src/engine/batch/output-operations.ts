import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import { outputTooFarBehind } from '../../base/errors/outputs.js'
import type { Clock, Logger } from '../../base/ports.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import { Random } from '../../base/random.js'
import type { UserCode } from '../../base/user-code.js'
import { pendingRanges, pendingTimesOf, type PendingOutput } from '../../durable/checkpoint/pending-outputs.js'
import type { BatchReport } from '../../observe/batch-report.js'
import type { OutputOperationInfo } from '../../observe/events.js'
import type { ListenerBus } from '../../observe/listener-bus.js'
import type { OutputProgress } from '../../observe/progress.js'
import type { FailedAttempt } from '../../output/delivery/delivery-host.js'
import { DeliveryQueue } from '../../output/delivery/delivery-queue.js'
import type { OutputAttempt } from '../../output/delivery/output-attempt.js'
import type { RDD } from '../../rdd/rdd.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { DeliveryPolicy, OutputNode } from '../../streams/graph/output.js'
import { causeOf, isPermanent, operatorOf, reasonOf, type Failure } from './failure.js'
import type { OutputAt, OutputInputs } from './output-inputs.js'

export interface OutputOperationsOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly inputs: OutputInputs
  readonly bus: ListenerBus
  readonly clock: Clock
  /** Measures the timeouts of attempts: the real clock, also where `clock` is a virtual one. */
  readonly timeoutClock: Clock
  readonly virtualTime: boolean
  readonly logger: Logger
  /** The rules of an output that sets none itself. */
  readonly delivery: DeliveryPolicy
  readonly failed: (failure: Failure) => void
  readonly stop: (error: unknown) => void
  readonly onCrashPoint: CrashHook | undefined
  readonly userCode: UserCode
  /** Returns the header for traces of the attempt that is under way. */
  readonly traceparent: ((output: number, time: number) => string | undefined) | undefined
}

const outputBegins = crashPoint('output:begin')
const outputDone = crashPoint('output:done')

/** How far the bytes that wait for an output may go beyond its bound, once the sources are held back. */
const REFUSAL = 2

/** Gives each output its batches, in order of time, through a queue of its own. */
export class OutputOperations {
  readonly #options: OutputOperationsOptions
  readonly #queues: ReadonlyMap<OutputNode, DeliveryQueue>
  #report: BatchReport | undefined
  /** Outputs over their bound, so that each crossing is logged once. */
  readonly #behind = new Set<DeliveryQueue>()

  constructor(options: OutputOperationsOptions) {
    this.#options = options
    const { graph, inputs, clock, timeoutClock, virtualTime, logger, delivery, stop } = options
    this.#queues = new Map(
      graph.outputs.map((output) => {
        const host = {
          clock,
          timeoutClock,
          virtualTime,
          logger,
          stop,
          random: new Random(clock.now(), output.index),
          isBlocked: (output: OutputNode, time: number) => inputs.isBlocked({ output, time }),
          read: (output: OutputNode, time: number) => inputs.read({ output, time }),
          run: (output: OutputNode, rdd: RDD<unknown>, time: number, attempt: OutputAttempt) =>
            this.#run(output, rdd, time, attempt),
          isPermanent,
          causeOf,
          failed: (failure: FailedAttempt) => this.#failed(failure),
        }
        return [output, new DeliveryQueue(output, { ...delivery, ...output.delivery }, host)]
      }),
    )
  }

  /** Takes over the batches that an earlier run has left. */
  restore(pending: readonly PendingOutput[]): void {
    for (const [output, queue] of this.#queues) {
      queue.restore(pendingTimesOf(output.id, pending))
    }
  }

  /** Begins the attempts that are due. */
  wake(): MaybePromise<void> {
    if (!this.isEmpty) return this.#wake()
  }

  async #wake(): Promise<void> {
    for (const queue of this.#queues.values()) if (!queue.isEmpty) await queue.wake()
  }

  /** Offers a batch to its outputs, one after the other. */
  async offer(report: BatchReport, outputs: readonly OutputNode[], replayed: boolean): Promise<void> {
    this.#report = report
    for (const output of outputs) await this.#offer(output, report.time, replayed)
    this.#report = undefined
  }

  async #offer(output: OutputNode, time: number, replayed: boolean): Promise<void> {
    const queue = this.#queues.get(output)!
    let input: { readonly rdd: RDD<unknown> } | { readonly error: unknown }
    try {
      const read = this.#options.evaluation.read(output.parent, time)
      const rdd = read instanceof Promise ? await read : read
      if (rdd === undefined) return
      input = { rdd }
    } catch (error) {
      this.#end(this.#begin(output, time), error)
      input = { error }
    }
    await queue.offer(time, replayed, input)
  }

  /** Returns the outputs that are not done with the batch of `time`. */
  pendingAt(time: number): readonly OutputNode[] {
    if (this.isEmpty) return []
    return [...this.#queues.values()]
      .filter((queue) => !queue.isEmpty && queue.isPending(time))
      .map(({ output }) => output)
  }

  isPending({ output, time }: OutputAt): boolean {
    return this.#queues.get(output)!.isPending(time)
  }

  /** Returns the id of the operator whose function has failed a batch for good; `undefined` where another attempt may help. */
  brokenOperator({ output, time }: OutputAt): string | undefined {
    const error = this.#queues.get(output)!.errorOf(time)
    return isPermanent(error) ? operatorOf(error, undefined) : undefined
  }

  /** Returns everything that waits for an output, for the commit. */
  pending(): readonly PendingOutput[] {
    for (const queue of this.#queues.values()) queue.committed()
    return [...this.#queues].flatMap(([output, { pending }]) => pendingRanges(output.id, pending))
  }

  /** Returns the oldest batch that waits for each output. */
  oldestPending(): readonly OutputAt[] {
    if (this.isEmpty) return []
    return [...this.#queues].flatMap(([output, { pending }]) => {
      const time = pending[0]
      return time === undefined ? [] : [{ output, time }]
    })
  }

  /** Returns every batch that waits for an output, each by itself. */
  allPending(): readonly OutputAt[] {
    return [...this.#queues].flatMap(([output, { pending }]) => pending.map((time) => ({ output, time })))
  }

  /** Notes how many bytes are kept for a batch that waits. */
  keeps({ output, time }: OutputAt, bytes: number): void {
    this.#queues.get(output)!.keeps(time, bytes)
  }

  /** Whether the sources must be held back, because more waits for an output than it may. Stops the job far beyond that. */
  holdsBack(): boolean {
    for (const queue of this.#queues.values()) this.#watch(queue)
    return this.#behind.size > 0
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.idle()
  }

  /** Whether no batch waits for an output. */
  get isEmpty(): boolean {
    for (const queue of this.#queues.values()) if (!queue.isEmpty) return false
    return true
  }

  /** Names the attempts that are under way. */
  underWay(): readonly string[] {
    return [...this.#queues.values()].flatMap(({ output, underWay }) =>
      underWay === undefined ? [] : [`the output "${output.id}" on the batch of ${underWay} ms`],
    )
  }

  /** Resolves when nothing waits for an output any more, or no further attempt will be made. */
  async caughtUp(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.caughtUp()))
  }

  /** Whether an output was done with a batch, or gave it up, after the last commit. */
  get hasProgressed(): boolean {
    return [...this.#queues.values()].some((queue) => queue.hasProgressed)
  }

  /** Lets no further attempt begin, aborts those under way, and resolves when they have settled. */
  async end(reason: unknown): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.end(reason)))
  }

  /** Returns the outputs that something waits for, or that have given something up. */
  progress(): readonly OutputProgress[] {
    return [...this.#queues.values()]
      .filter((queue) => !queue.isEmpty || queue.skipped > 0)
      .map((queue) => ({
        id: queue.output.id,
        pendingBatches: queue.pending.length,
        pendingBytes: queue.bytes,
        skippedBatches: queue.skipped,
      }))
  }

  #watch(queue: DeliveryQueue): void {
    const { output, bytes, policy } = queue
    const { maxBehindBytes } = policy
    if (bytes <= maxBehindBytes) {
      this.#behind.delete(queue)
      return
    }
    if (!this.#behind.has(queue)) {
      const facts = { output: output.id, bytes, maxBehind: maxBehindBytes }
      this.#options.logger.warn(
        facts,
        `The batches that wait for "${output.id}" hold ${bytes} bytes, more than its maxBehind of ${maxBehindBytes}; ` +
          'the sources are held back until it has caught up.',
      )
      this.#behind.add(queue)
    }
    if (bytes > REFUSAL * maxBehindBytes) this.#options.stop(outputTooFarBehind(output.id, bytes, maxBehindBytes))
  }

  async #run(output: OutputNode, rdd: RDD<unknown>, time: number, attempt: OutputAttempt): Promise<void> {
    const { onCrashPoint, userCode } = this.#options
    const begun = this.#begin(output, time)
    try {
      if (onCrashPoint !== undefined) await outputBegins(onCrashPoint)
      attempt.traceparent = this.#options.traceparent?.(output.index, time)
      await userCode.run(() => output.run(rdd as RDD<never>, time, attempt))
      if (onCrashPoint !== undefined) await outputDone(onCrashPoint)
    } catch (error) {
      this.#end(begun, error)
      throw error
    }
    this.#end(begun)
  }

  #begin({ index, kind, definedAt }: OutputNode, batchTime: number): Begun {
    const name = `${kind} at ${definedAt.short}`
    const begun = { id: index, batchTime, startTime: this.#options.clock.now(), name, description: definedAt.long }
    this.#emit('outputOperationStarted', begun)
    return begun
  }

  #end({ id, batchTime, startTime, name, description }: Begun, ...failure: [error?: unknown]): void {
    const endTime = this.#options.clock.now()
    // Written out: a spread takes as long as the rest of an output without records.
    const ended = { id, batchTime, startTime, name, description, endTime, duration: endTime - startTime }
    const failed = failure.length > 0
    this.#emit('outputOperationCompleted', failed ? { ...ended, failureReason: reasonOf(failure[0]) } : ended)
  }

  /** An attempt that comes after its batch is no part of that batch's report, which has been handed out. */
  #emit(event: 'outputOperationStarted' | 'outputOperationCompleted', info: Begun): void {
    if (this.#report?.time === info.batchTime) this.#report.output(info)
    const { bus } = this.#options
    if (bus.isHeard(event)) bus.emit(event, { outputOperationInfo: info })
  }

  #failed({ output, time, error, attempt, pauseMs }: FailedAttempt): void {
    this.#options.failed({
      time,
      output: output.id,
      operator: operatorOf(error, undefined),
      error: causeOf(error),
      reason: reasonOf(error),
      final: pauseMs === undefined,
      attempt,
      pauseMs,
    })
  }
}

type Begun = OutputOperationInfo & { readonly startTime: number }
