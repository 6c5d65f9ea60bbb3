import { deliveryNeverSettled, deliveryTimedOut } from '../../base/errors/outputs.js'
import type { RDD } from '../../rdd/rdd.js'
import type { DeliveryPolicy, OutputNode } from '../../streams/graph/output.js'
import type { DeliveryHost } from './delivery-host.js'
import { pauseMs } from '../../base/backoff.js'
import { OutputAttempt } from './output-attempt.js'
import { pendingBatch, PendingBatches, type PendingBatch } from './pending-batches.js'

/** The RDD of a batch, or the error with which its evaluation failed. */
type BatchInput = { readonly rdd: RDD<unknown> } | { readonly error: unknown }
/** The result of one attempt; `undefined` when the output is done. */
type Outcome = { readonly error: unknown; readonly isFinal?: true } | undefined

/**
 * Delivers the batches to one output, one attempt at a time: in order of time, each until the output is done with it or it
 * is given up. An attempt that fails is made again after a pause; meanwhile later batches wait here, and the engine goes on.
 */
export class DeliveryQueue {
  readonly output: OutputNode
  readonly policy: DeliveryPolicy
  readonly #host: DeliveryHost
  readonly #pending: PendingBatches
  #skipped = 0
  #working: Promise<void> | undefined
  #current: OutputAttempt | undefined
  #currentTime: number | undefined
  #timer: { cancel(): void } | undefined
  #hasProgressed = false
  /** True when no further attempt may begin: the job stops, or has stopped. */
  #ended = false

  constructor(output: OutputNode, policy: DeliveryPolicy, host: DeliveryHost) {
    this.output = output
    this.policy = policy
    this.#pending = new PendingBatches(policy.order)
    this.#host = host
  }

  /** The times of the batches that the output is not done with, oldest first. */
  get pending(): readonly number[] {
    return this.#pending.times
  }

  get isEmpty(): boolean {
    return this.#pending.isEmpty
  }

  /** The batches that were given up in this run of the program. */
  get skipped(): number {
    return this.#skipped
  }

  /** The bytes that are kept for pending batches. */
  get bytes(): number {
    return this.#pending.bytes
  }

  isPending(time: number): boolean {
    return this.#pending.at(time) !== undefined
  }

  /** Returns the error of the last attempt on a batch. */
  errorOf(time: number): unknown {
    return this.#pending.at(time)?.error
  }

  /** Takes over the batches that an earlier run has left, oldest first. */
  restore(times: readonly number[]): void {
    this.#pending.restore(times)
  }

  /** Notes how many bytes are kept for a pending batch. */
  keeps(time: number, bytes: number): void {
    this.#pending.keeps(time, bytes)
  }

  /**
   * Offers the newest batch. Resolves when its first attempt has ended, or at once when earlier batches come first.
   *
   * @param input the RDD of the batch, or the error with which its evaluation failed
   */
  async offer(time: number, replayed: boolean, input: BatchInput): Promise<void> {
    const batch = pendingBatch(time, replayed)
    this.#pending.push(batch)
    if (this.#ended || this.#working !== undefined || this.#pending.next() !== batch) return
    if (this.#host.isBlocked(this.output, time)) return
    await this.#work(() => this.#step(batch, input))
  }

  /** Begins attempts that are due. Resolves at once, or on a virtual clock when they have ended. */
  async wake(): Promise<void> {
    if (this.#working !== undefined || this.#due() === undefined) return
    const work = this.#work(() => Promise.resolve())
    if (this.#host.virtualTime) await work
  }

  /** Resolves when no attempt is under way or due, or nothing is pending. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  /** The batch of the attempt that is under way; `undefined` for none. */
  get underWay(): number | undefined {
    return this.#currentTime
  }

  /** Whether a batch was done or given up since the last commit. */
  get hasProgressed(): boolean {
    return this.#hasProgressed
  }

  /** Notes that a commit holds all progress so far. */
  committed(): void {
    this.#hasProgressed = false
  }

  /** Resolves when nothing is pending, or no further attempt will be made. */
  async caughtUp(): Promise<void> {
    if (!this.#ended) await this.#pending.emptied()
  }

  /** Lets no further attempt begin, and aborts the one under way. Resolves when that has settled. */
  async end(reason: unknown): Promise<void> {
    this.#finish()
    this.#timer?.cancel()
    this.#current?.abort(reason)
    await this.#working
  }

  /** Runs `first`, then all attempts that are due, then waits for the next one. */
  #work(first: () => Promise<void>): Promise<void> {
    const work = async (): Promise<void> => {
      try {
        await first()
        for (let batch = this.#due(); batch !== undefined; batch = this.#due()) await this.#step(batch)
      } finally {
        this.#working = undefined
        this.#setTimer()
      }
    }
    this.#working = work()
    return this.#working
  }

  #setTimer(): void {
    this.#timer?.cancel()
    const next = this.#pending.next()
    const { clock, virtualTime } = this.#host
    if (this.#ended || virtualTime || next === undefined) return
    // A blocked batch is woken by the engine, when the operator above it has passed.
    if (this.#host.isBlocked(this.output, next.time)) return
    this.#timer = clock.setTimer(next.dueMs, () => void this.wake())
  }

  #due(): PendingBatch | undefined {
    const next = this.#pending.next()
    if (this.#ended || next === undefined || next.dueMs > this.#host.clock.now()) return undefined
    return this.#host.isBlocked(this.output, next.time) ? undefined : next
  }

  /** Makes one attempt and draws the consequences. */
  async #step(batch: PendingBatch, input?: BatchInput): Promise<void> {
    const outcome =
      batch.unsettled === undefined ? await this.#attempt(batch, input) : await this.#settle(batch, batch.unsettled)
    if (outcome === undefined) this.#done(batch)
    else await this.#failed(batch, outcome)
  }

  #attempt(batch: PendingBatch, input?: BatchInput): Promise<Outcome> {
    const attempt = new OutputAttempt(++batch.attempts, batch.replayed)
    if (input !== undefined && 'error' in input) return Promise.resolve(input)
    const { timeoutMs } = this.policy
    const run = this.#run(batch, attempt, input)
    return timeoutMs === undefined ? run : this.#limited(batch, attempt, run, timeoutMs)
  }

  async #limited(
    batch: PendingBatch,
    attempt: OutputAttempt,
    run: Promise<Outcome>,
    timeoutMs: number,
  ): Promise<Outcome> {
    const outcome = await this.#within(timeoutMs, run)
    if (outcome !== 'late') return outcome
    const error = deliveryTimedOut(this.output.id, batch.time, timeoutMs)
    attempt.abort(error)
    batch.unsettled = { run, error }
    return { error }
  }

  async #run(batch: PendingBatch, attempt: OutputAttempt, input?: { readonly rdd: RDD<unknown> }): Promise<Outcome> {
    this.#current = attempt
    this.#currentTime = batch.time
    try {
      const rdd = input === undefined ? await this.#host.read(this.output, batch.time) : input.rdd
      if (rdd !== undefined) await this.#host.run(this.output, rdd, batch.time, attempt)
      return undefined
    } catch (error) {
      return { error }
    } finally {
      this.#current = undefined
      this.#currentTime = undefined
    }
  }

  /** Waits once more for an attempt that has timed out: two attempts on a batch must never be under way at once. */
  async #settle(batch: PendingBatch, { run, error }: NonNullable<PendingBatch['unsettled']>): Promise<Outcome> {
    const { timeoutMs } = this.policy
    const outcome = await this.#within(timeoutMs!, run as Promise<Outcome>)
    batch.unsettled = undefined
    if (outcome === 'late') return { error: deliveryNeverSettled(this.output.id, batch.time, timeoutMs!, error), isFinal: true } // prettier-ignore
    return outcome === undefined ? undefined : this.#attempt(batch)
  }

  async #within(timeoutMs: number, run: Promise<Outcome>): Promise<Outcome | 'late'> {
    const { timeoutClock } = this.#host
    let timer: { cancel(): void } | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = timeoutClock.setTimer(timeoutClock.now() + timeoutMs, () => resolve('late'))
    })
    try {
      return await Promise.race([run, late])
    } finally {
      timer?.cancel()
    }
  }

  async #failed(batch: PendingBatch, { error, isFinal }: NonNullable<Outcome>): Promise<void> {
    const { clock, random, virtualTime } = this.#host
    const { attempts } = this.policy
    const isTransient = isFinal !== true && this.#isTransient(error)
    if (!isTransient) batch.used++
    batch.failures++
    batch.error = error
    const isLast = isFinal === true || (!isTransient && (batch.used >= attempts || this.#host.isPermanent(error)))
    // An attempt that may be made for ever is made once per batch on a virtual clock; others are made at once.
    const virtualPause = isTransient || attempts === Infinity ? 1 : 0
    const pause = isLast ? undefined : virtualTime ? virtualPause : pauseMs(this.policy, batch.failures, random.next())
    if (pause !== undefined) batch.dueMs = clock.now() + pause
    this.#host.failed({ output: this.output, time: batch.time, error, attempt: batch.attempts, pauseMs: pause })
    if (pause === undefined) await this.#giveUp(batch, error)
  }

  async #giveUp(batch: PendingBatch, failure: unknown): Promise<void> {
    const { onFailure } = this.policy
    const error = this.#host.causeOf(failure)
    const failed = { output: this.output.id, batchTime: batch.time, attempts: batch.attempts }
    let action: unknown = onFailure
    let reason = error
    if (typeof onFailure === 'function') {
      try {
        action = await onFailure(error, failed)
      } catch (thrown) {
        action = 'stop'
        reason = thrown
        this.#host.logger.error({ ...failed, err: thrown }, `onFailure of "${this.output.id}" threw.`)
      }
    }
    if (action === 'skip') {
      this.#skipped++
      this.#remove(batch)
      this.#host.logger.warn(
        failed,
        `"${this.output.id}" has given up the batch of ${batch.time} ms, as its onFailure says.`,
      )
      return
    }
    this.#finish()
    this.#host.stop(reason)
  }

  #finish(): void {
    this.#ended = true
    this.#pending.release()
  }

  #done(batch: PendingBatch): void {
    this.#remove(batch)
    if (batch.failures === 0) return
    this.#host.logger.info(
      { output: this.output.id, batchTime: batch.time, attempts: batch.attempts },
      `"${this.output.id}" is done with the batch of ${batch.time} ms after ${batch.attempts} attempts.`,
    )
  }

  #remove(batch: PendingBatch): void {
    this.#hasProgressed = true
    this.#pending.remove(batch)
  }

  /** An error of `isTransient` itself must not hide the error that it was asked about. */
  #isTransient(error: unknown): boolean {
    try {
      return this.output.isTransient?.(error) === true
    } catch {
      return false
    }
  }
}
