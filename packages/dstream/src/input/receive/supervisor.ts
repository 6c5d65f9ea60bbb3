import type { Block } from '../../durable/blocks/block.js'
import { codeOf, messageOf, stackOf } from '../../base/errors/error-text.js'
import { blocksLost, receiverStopped } from '../../base/errors/receive.js'
import type { ReceiverInfo } from '../../observe/events.js'
import { positiveNumber } from '../../base/options.js'
import type { Logger } from '../../base/ports.js'
import type { Duration } from '../../base/time/duration.js'
import type { BufferLimits } from './backlog.js'
import { ReceiverBuffer } from './receiver-buffer.js'
import type { ReceiverBufferOptions } from './receiver-buffer.js'
import { lowerLimit } from './rate-limiter.js'
import { attachReceiver } from './receiver.js'
import type { Receiver, ReceiverHost, ReceiverStore } from './receiver.js'

export type ReceiverEvent = 'receiverStarted' | 'receiverError' | 'receiverStopped'

export interface SupervisorOptions<T> extends Omit<ReceiverBufferOptions, 'onError'> {
  readonly receiver: Receiver<T>
  onEvent(type: ReceiverEvent, info: ReceiverInfo): void
  readonly logger: Logger
  /** Default `<class>-<stream id>`. */
  readonly name?: string | undefined
  /** Default 2000 ms; doubles after each start that stored nothing, up to 30 s. */
  readonly restartDelayMs?: number | undefined
}

/**
 * - `idle`: not started yet.
 * - `started`: between `onStart` and `onStop`.
 * - `waiting`: between a stop and the restart after it.
 * - `ended`: the receiver has ended by itself, for good.
 * - `closed`: the context has stopped it, for good.
 */
type SupervisorState = 'idle' | 'started' | 'waiting' | 'ended' | 'closed'

const LONGEST_DELAY_MS = 30_000
/** `onStop` may take this long, unless a stop gives it more. */
const STOP_TIMEOUT_MS = 10_000

/**
 * Starts one receiver, watches it, starts it again with back-off and stops it. A receiver's failures end here: they become
 * events and log lines. A failure that is reported after the receiver was stopped or restarted is ignored.
 * Reference: `ReceiverSupervisor`, `ReceiverTracker`.
 */
export class ReceiverSupervisor<T> implements ReceiverHost<T> {
  readonly name: string
  readonly streamId: number
  readonly buffer: ReceiverBuffer
  readonly #options: SupervisorOptions<T>
  readonly #receiver: Receiver<T>
  #state: SupervisorState = 'idle'
  /** Aborts when the receiver stops or restarts; each start has its own. */
  #session = new AbortController()
  /** True when the receiver has stored something since its last start. */
  #stored = false
  /** True while `onStop` runs: data that it drains from its source is still accepted. */
  #draining = false
  #stopTimeoutMs = STOP_TIMEOUT_MS
  /** Starts in a row that stored nothing. */
  #emptyStarts = 0
  #restartTimer: { cancel(): void } | undefined
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #lastError = { lastErrorMessage: '', lastError: '', lastErrorTime: -1 }

  /** @throws `receiver-in-use`; `bad-option` for a receiver that overrides `maxRate` with another value than a number above 0 */
  constructor(options: SupervisorOptions<T>) {
    const { receiver, streamId, rate } = options
    this.#options = options
    this.#receiver = receiver
    this.streamId = streamId
    this.name = options.name ?? `${receiver.constructor.name}-${streamId}`
    if (receiver.maxRate !== undefined) positiveNumber(receiver.constructor.name, 'maxRate', receiver.maxRate)
    this.buffer = new ReceiverBuffer({
      ...options,
      rate: { ...rate, maxRate: lowerLimit(rate?.maxRate, receiver.maxRate) },
      onError: (message, error) => this.reportError(message, error),
    })
    attachReceiver(receiver, this)
  }

  /** The position from which the receiver goes on. The journal sets it before the start. */
  get position(): unknown {
    return this.buffer.position
  }

  /** The bounds of what the receiver may hold, as far as they are given. */
  get limits(): Partial<BufferLimits> {
    return this.#options.limits ?? {}
  }

  get over(): boolean {
    return (this.#state === 'ended' || this.#state === 'closed') && !this.#draining
  }

  get info(): ReceiverInfo {
    return { streamId: this.streamId, name: this.name, active: this.#state === 'started', ...this.#lastError }
  }

  /** The error of received data that could not be stored; asked after the stop. */
  get lost(): unknown {
    const { unstored, storeError } = this.buffer
    if (unstored.length === 0) return undefined
    const records = unstored.reduce((sum, { count }) => sum + (count ?? 1), 0)
    return blocksLost(this.name, unstored.length, records, storeError)
  }

  start(): void {
    if (this.#state === 'idle') this.#begin()
  }

  /**
   * Stops the receiver for good and closes its last block. Resolves when the block is stored, or when that has failed and
   * been reported: `buffer.unstored` holds such blocks. Waits for `onStop` for 10 seconds, or `timeoutMs` where that is
   * longer. Data that the rate holds back is closed as the rate allows for `timeoutMs`, and the rest of it at once.
   */
  stop(timeoutMs = 0): Promise<void> {
    this.#stopTimeoutMs = Math.max(STOP_TIMEOUT_MS, timeoutMs)
    return (this.#closing ??= this.#close(this.#options.clock.now() + timeoutMs))
  }

  accept(put: (store: ReceiverStore<T>) => boolean): boolean {
    this.#mustBeAccepting()
    try {
      return put(this.buffer)
    } catch (error) {
      this.#refused(error)
      throw error
    }
  }

  async acceptBlock(put: (store: ReceiverStore<T>) => Promise<void>): Promise<void> {
    this.#mustBeAccepting()
    try {
      await put(this.buffer)
    } catch (error) {
      this.#refused(error)
      throw error
    }
  }

  /** Resolves at once while the context stops: the wait would only use up the timeout. */
  ready(): Promise<void> {
    const waits = this.#state === 'started' || (this.#draining && this.#state !== 'closed')
    return waits ? this.buffer.ready() : Promise.resolve()
  }

  /** Frees the room of a block that a batch has consumed. Called once per block. */
  released(block: Block): void {
    this.buffer.released(block)
  }

  reportError(message: string, error?: unknown): void {
    this.#note(message, error, this.#options.clock.now())
    this.#emit('receiverError')
    this.#options.logger.warn({ streamId: this.streamId, err: error }, `${this.name}: ${message}`)
  }

  restart(message: string, error?: unknown, delay?: Duration): void {
    if (this.#state !== 'started') return
    this.#emptyStarts = this.#stored ? 0 : this.#emptyStarts + 1
    const backOffMs = (this.#options.restartDelayMs ?? 2000) * 2 ** Math.max(0, this.#emptyStarts - 1)
    const delayMs =
      delay?.milliseconds ?? Math.min(backOffMs, Math.max(LONGEST_DELAY_MS, this.#options.restartDelayMs ?? 0))
    void this.#end('waiting', `Restarting receiver with delay ${delayMs}ms: ${message}`, error).then(() => {
      if (this.#state !== 'waiting') return
      const { clock } = this.#options
      this.#restartTimer = clock.setTimer(clock.now() + delayMs, () => this.#begin())
    })
  }

  isStarted(): boolean {
    return this.#state === 'started'
  }

  isStopped(): boolean {
    return this.#state !== 'idle' && this.#state !== 'started'
  }

  /** Carries out `Receiver.stop`; the context calls `stop` instead. */
  endForGood(message: string, error?: unknown): void {
    if (this.#state === 'started' || this.#state === 'waiting') void this.#end('ended', message, error)
  }

  #begin(): void {
    const life = (this.#session = new AbortController())
    this.#state = 'started'
    this.#stored = false
    this.#emit('receiverStarted')
    this.#options.logger.debug({ streamId: this.streamId }, `${this.name}: started`)
    const failed = (message: string, error: unknown): void => {
      if (life.signal.aborted) return
      this.reportError(message, error)
      this.restart(message, error)
    }
    const ended = (): void => {
      if (!life.signal.aborted) this.endForGood('Receiver has ended')
    }
    try {
      const running = this.#receiver.onStart(life.signal)
      if (isPromise(running)) running.then(ended, (error) => failed(`Error in receiver ${this.streamId}`, error))
    } catch (error) {
      failed(`Error starting receiver ${this.streamId}`, error)
    }
  }

  async #close(untilMs: number): Promise<void> {
    if (this.#state === 'started' || this.#state === 'waiting') void this.#end('closed', 'Stopped by the context')
    this.#state = 'closed'
    this.buffer.wakeAll()
    await this.#stopping
    await this.buffer.drain(untilMs)
    await this.buffer.flush()
    this.buffer.close()
    const { lost } = this
    if (lost !== undefined) this.reportError(messageOf(lost), lost)
  }

  async #end(next: SupervisorState, message: string, error?: unknown): Promise<void> {
    const wasStarted = this.#state === 'started'
    this.#state = next
    this.#restartTimer?.cancel()
    this.#session.abort()
    this.buffer.wakeAll()
    if (wasStarted) this.#stopping = this.#stopReceiver()
    if (wasStarted || next === 'ended') {
      this.#note(message, error, error === undefined ? -1 : this.#options.clock.now())
      this.#emit('receiverStopped')
      const level = error === undefined ? 'info' : 'warn'
      this.#options.logger[level]({ streamId: this.streamId, err: error }, `${this.name}: ${message}`)
    }
    await this.#stopping
  }

  /** Calls `onStop` and waits for it, up to the timeout. Accepts data until then, and none afterwards. */
  async #stopReceiver(): Promise<void> {
    this.#draining = true
    try {
      const stopping = this.#receiver.onStop()
      if (isPromise(stopping)) await this.#withTimeout(stopping)
    } catch (error) {
      this.reportError(`Error stopping receiver ${this.streamId}`, error)
    } finally {
      this.#draining = false
      this.buffer.wakeAll()
    }
  }

  #withTimeout(stopping: Promise<unknown>): Promise<unknown> {
    const { clock } = this.#options
    const timeoutMs = this.#stopTimeoutMs
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(clock.now() + timeoutMs, () => {
        this.reportError(`Receiver ${this.streamId} is still stopping after ${timeoutMs} ms; going on without it`)
        resolve(undefined)
      })
      stopping.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #mustBeAccepting(): void {
    if (this.#state !== 'started' && !this.#draining) throw receiverStopped(this.name)
    this.#stored = true
  }

  /** Reports data that was not stored. A receiver that runs far beyond its bound is restarted. */
  #refused(error: unknown): void {
    this.reportError(messageOf(error), error)
    if (codeOf(error) === 'receiver-buffer-full') this.restart(messageOf(error), error)
  }

  #note(message: string, error: unknown, nowMs: number): void {
    this.#lastError = { lastErrorMessage: message, lastError: stackOf(error), lastErrorTime: nowMs }
  }

  #emit(type: ReceiverEvent): void {
    this.#options.onEvent(type, this.info)
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
