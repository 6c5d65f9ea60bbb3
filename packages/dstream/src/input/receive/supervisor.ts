import type { Block } from '../../durable/blocks/block.js'
import type { Codec } from '../../base/codec.js'
import { receiverStopped } from '../../base/errors/receive.js'
import type { ReceiverInfo } from '../../observe/events.js'
import { positiveNumber } from '../../base/options.js'
import type { Logger } from '../../base/ports.js'
import type { Duration } from '../../base/time/duration.js'
import { ReceiverBuffer } from './receiver-buffer.js'
import type { IntakeOptions } from './receiver-buffer.js'
import { lowerLimit } from './rate-limiter.js'
import { attachReceiver } from './receiver.js'
import type { Receiver, ReceiverHost, StoreBlockOptions } from './receiver.js'

export type ReceiverEvent = 'receiverStarted' | 'receiverError' | 'receiverStopped'

export interface SupervisorOptions<T> extends Omit<IntakeOptions, 'onError'> {
  readonly receiver: Receiver<T>
  onEvent(type: ReceiverEvent, info: ReceiverInfo): void
  readonly logger: Logger
  /** `<class>-<stream id>` unless given. */
  readonly name?: string | undefined
  /** Default 2000 ms; doubles after each life that stored nothing, up to 30 s. */
  readonly restartDelayMs?: number | undefined
}

/** `idle` until the start; `waiting` between two lives; `ended` by itself, for good; `closed` by the context. */
type State = 'idle' | 'started' | 'waiting' | 'ended' | 'closed'

const LONGEST_DELAY_MS = 30_000
/** How long `onStop` may take, unless a stop gives it more. */
const STOP_PATIENCE_MS = 10_000

/**
 * Runs one receiver: starts it, watches it, starts it again with back-off, stops it. Whatever a receiver does, nothing
 * comes out of here but events and log lines; a call that arrives after its life has ended changes nothing.
 * Reference: `ReceiverSupervisor`, `ReceiverTracker`.
 */
export class ReceiverSupervisor<T> implements ReceiverHost<T> {
  readonly name: string
  readonly streamId: number
  readonly intake: ReceiverBuffer
  readonly #options: SupervisorOptions<T>
  readonly #receiver: Receiver<T>
  #state: State = 'idle'
  /** Ends the current life; a new one for each. */
  #life = new AbortController()
  #stored = false
  /** `onStop` is running: what it drains from its source is still taken. */
  #draining = false
  #patienceMs = STOP_PATIENCE_MS
  #fruitless = 0
  #restartTimer: { cancel(): void } | undefined
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #lastError = { lastErrorMessage: '', lastError: '', lastErrorTime: -1 }

  /** @throws `receiver-in-use`; `bad-option` for a receiver whose `maxRate`, a field of its own, is no number above 0 */
  constructor(options: SupervisorOptions<T>) {
    const { receiver, streamId, rate } = options
    this.#options = options
    this.#receiver = receiver
    this.streamId = streamId
    this.name = options.name ?? `${receiver.constructor.name}-${streamId}`
    if (receiver.maxRate !== undefined) positiveNumber(receiver.constructor.name, 'maxRate', receiver.maxRate)
    this.intake = new ReceiverBuffer({
      ...options,
      rate: { ...rate, maxRate: lowerLimit(rate?.maxRate, receiver.maxRate) },
      onError: (message, error) => this.reportError(message, error),
    })
    attachReceiver(receiver, this)
  }

  /** Where the receiver goes on: set from the journal before the start. */
  get position(): unknown {
    return this.intake.position
  }

  get over(): boolean {
    return (this.#state === 'ended' || this.#state === 'closed') && !this.#draining
  }

  get info(): ReceiverInfo {
    return { streamId: this.streamId, name: this.name, active: this.#state === 'started', ...this.#lastError }
  }

  start(): void {
    if (this.#state === 'idle') this.#begin()
  }

  /**
   * Stops for good, closes the last block and resolves when it is stored, or when that has failed, which is reported:
   * `intake.unstored` holds what is left. `onStop` is waited for 10 seconds, or `patienceMs` where that is longer.
   */
  stop(patienceMs = 0): Promise<void> {
    this.#patienceMs = Math.max(STOP_PATIENCE_MS, patienceMs)
    return (this.#closing ??= this.#close())
  }

  store(record: T, position: unknown): boolean {
    this.#mustBeTaking()
    return this.#taking(() => this.intake.store(record, position))
  }

  storeChunk(bytes: Uint8Array, codec: Codec<T>, position: unknown): boolean {
    this.#mustBeTaking()
    return this.#taking(() => this.intake.storeChunk(bytes, codec, position))
  }

  storeBlock(records: readonly T[], options: StoreBlockOptions): Promise<void> {
    return this.#takingBlock(() => this.intake.storeBlock(records, options))
  }

  storeBytes(bytes: Uint8Array, codec: Codec<T>, options: StoreBlockOptions): Promise<void> {
    return this.#takingBlock(() => this.intake.storeBytes(bytes, codec, options))
  }

  /** While the context stops no batch makes room: waiting for one would only use up the patience. */
  ready(): Promise<void> {
    const waits = this.#state === 'started' || (this.#draining && this.#state !== 'closed')
    return waits ? this.intake.ready() : Promise.resolve()
  }

  /** A batch has consumed this block: the context calls it once per block. */
  released(block: Block): void {
    this.intake.released(block)
  }

  reportError(message: string, error?: unknown): void {
    this.#note(message, error, this.#options.clock.now())
    this.#emit('receiverError')
    this.#options.logger.warn({ streamId: this.streamId, err: error }, `${this.name}: ${message}`)
  }

  restart(message: string, error?: unknown, delay?: Duration): void {
    if (this.#state !== 'started') return
    this.#fruitless = this.#stored ? 0 : this.#fruitless + 1
    const backOffMs = (this.#options.restartDelayMs ?? 2000) * 2 ** Math.max(0, this.#fruitless - 1)
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

  /** What `Receiver.stop` does; the context's own way is `stop`. */
  endForGood(message: string, error?: unknown): void {
    if (this.#state === 'started' || this.#state === 'waiting') void this.#end('ended', message, error)
  }

  #begin(): void {
    const life = (this.#life = new AbortController())
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

  async #close(): Promise<void> {
    if (this.#state === 'started' || this.#state === 'waiting') void this.#end('closed', 'Stopped by the context')
    this.#state = 'closed'
    this.intake.wakeAll()
    await this.#stopping
    await this.intake.flush()
    this.intake.close()
    const left = this.intake.unstored.length
    if (left > 0) this.reportError(`Stopped with ${left} blocks that could not be stored and are lost`)
  }

  async #end(next: State, message: string, error?: unknown): Promise<void> {
    const wasStarted = this.#state === 'started'
    this.#state = next
    this.#restartTimer?.cancel()
    this.#life.abort()
    this.intake.wakeAll()
    if (wasStarted) this.#stopping = this.#stopReceiver()
    if (wasStarted || next === 'ended') {
      this.#note(message, error, error === undefined ? -1 : this.#options.clock.now())
      this.#emit('receiverStopped')
      const level = error === undefined ? 'info' : 'warn'
      this.#options.logger[level]({ streamId: this.streamId, err: error }, `${this.name}: ${message}`)
    }
    await this.#stopping
  }

  /** Calls `onStop` and waits for it, but not for ever. Takes what it stores, and nothing afterwards. */
  async #stopReceiver(): Promise<void> {
    this.#draining = true
    try {
      const stopping = this.#receiver.onStop()
      if (isPromise(stopping)) await this.#withPatience(stopping)
    } catch (error) {
      this.reportError(`Error stopping receiver ${this.streamId}`, error)
    } finally {
      this.#draining = false
      this.intake.wakeAll()
    }
  }

  #withPatience(stopping: Promise<unknown>): Promise<unknown> {
    const { clock } = this.#options
    const patienceMs = this.#patienceMs
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(clock.now() + patienceMs, () => {
        this.reportError(`Receiver ${this.streamId} is still stopping after ${patienceMs} ms; going on without it`)
        resolve(undefined)
      })
      stopping.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #mustBeTaking(): void {
    if (this.#state !== 'started' && !this.#draining) throw receiverStopped(this.name)
    this.#stored = true
  }

  /** A receiver that runs far beyond its bound is stopped, and told why. */
  #taking(take: () => boolean): boolean {
    try {
      return take()
    } catch (error) {
      this.#overrun(error)
      throw error
    }
  }

  async #takingBlock(take: () => Promise<void>): Promise<void> {
    this.#mustBeTaking()
    try {
      await take()
    } catch (error) {
      this.#overrun(error)
      throw error
    }
  }

  #overrun(error: unknown): void {
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

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string {
  if (error === undefined) return ''
  return error instanceof Error ? (error.stack ?? String(error)) : String(error)
}
