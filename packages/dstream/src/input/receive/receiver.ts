import type { Codec } from '../../base/codec.js'
import { notAttached, receiverInUse } from '../../base/errors/receive.js'
import { checkOptions, positiveNumber } from '../../base/options.js'
import type { Duration } from '../../base/time/duration.js'

const brand = Symbol.for('dstream.receiver')
const attach = Symbol.for('dstream.receiver.attach')

/** What a receiver can be made with. */
export interface ReceiverOptions {
  /** Records per second of this receiver alone, above 0; the lower of this and the context's `maxRate` holds. */
  readonly maxRate?: number | undefined
}

/** What is kept with a block of one's own. */
export interface StoreBlockOptions {
  /** Where the source stands after this block. */
  readonly position?: unknown
  /** Shown in the `StreamInputInfo` of its batch. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** What a receiver's methods are carried out by: its supervisor. */
export interface ReceiverHost<T> {
  readonly name: string
  readonly streamId: number
  readonly position: unknown
  /** Nothing will start this receiver any more. */
  readonly over: boolean
  store(record: T, position: unknown): boolean
  storeChunk(bytes: Uint8Array, codec: Codec<T>, position: unknown): boolean
  ready(): Promise<void>
  storeBlock(records: readonly T[], options: StoreBlockOptions): Promise<void>
  storeBytes(bytes: Uint8Array, codec: Codec<T>, options: StoreBlockOptions): Promise<void>
  reportError(message: string, error: unknown): void
  restart(message: string, error: unknown, delay: Duration | undefined): void
  endForGood(message: string, error: unknown): void
  isStarted(): boolean
  isStopped(): boolean
}

/**
 * Brings data in from outside: extend it, open the source in `onStart`, hand on what comes with `store`, close the source
 * in `onStop`. A receiver that fails is reported and started again; its failure never ends the application.
 *
 * Guarantees: what `store` and `storeChunk` take is part of exactly one batch, unless the process dies before its block
 * is journalled (with a checkpoint directory, at most a block interval later). What `storeBlock` and `storeBytes` have
 * resolved for is safe: acknowledge it to the source then.
 *
 * @example
 * class Ticker extends Receiver<number> {
 *   onStart(signal: AbortSignal) {
 *     const timer = setInterval(() => this.store(Math.random()), 100)
 *     signal.addEventListener('abort', () => clearInterval(timer))
 *   }
 *   onStop() {}
 * }
 */
export abstract class Receiver<T> {
  /** This receiver's own limit, in records per second. */
  readonly maxRate: number | undefined
  /**
   * The codecs of `storeBytes` and `storeChunk`. Only needed with a checkpoint directory: bytes that an earlier run
   * journalled are decoded by the codec here that has their id.
   */
  readonly codecs: readonly Codec<T>[] = []
  #host: ReceiverHost<T> | undefined

  /** @throws `bad-option` for a `maxRate` that is no number above 0 */
  constructor(options: ReceiverOptions = {}) {
    checkOptions('Receiver', options, ['maxRate'])
    if (options.maxRate !== undefined) positiveNumber('Receiver', 'maxRate', options.maxRate)
    this.maxRate = options.maxRate
  }

  static {
    // On the prototype, so that it is no part of the receiver's own fields.
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== Receiver) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isReceiver(value)
  }

  /**
   * Starts the source and returns; or returns a promise: when it is fulfilled the receiver has ended for good, when it is
   * rejected, or when this throws, that is reported and the receiver restarts with back-off. `signal` aborts when this
   * life ends, before `onStop` is called: callbacks that may come late check it, so that they do not store into the next.
   */
  abstract onStart(signal: AbortSignal): void | Promise<void>

  /**
   * Undoes `onStart`. What it stores meanwhile is taken, so that it can drain its source. Must not wait for ever: after 10
   * seconds, or the `timeout` of a graceful stop where that is longer, the supervisor goes on without it.
   */
  abstract onStop(): void | Promise<void>

  /** The number of this receiver's stream, from 0 in order of definition. @throws `receiver-not-attached` */
  get streamId(): number {
    return this.#attached('streamId').streamId
  }

  /**
   * Hands on one record, which is taken in any case. `false` asks to wait for `ready()` before the next: as many records
   * wait as may (`maxBufferedRecords`, `maxBufferedBytes`), or they come faster than the rate. The last `position` that
   * was given is kept with the data.
   *
   * @throws `receiver-stopped` before the start and once `onStop` has returned
   * @throws `receiver-buffer-full` at twice the bound; the receiver is then restarted, which is reported
   *
   * @example
   * class Letters extends Receiver<string> {
   *   async onStart() {
   *     for (const letter of 'abc') if (!this.store(letter)) await this.ready()
   *   }
   *   onStop() {}
   * }
   */
  store(record: T, position?: unknown): boolean {
    return this.#attached('store').store(record, position)
  }

  /**
   * `store` for several records that are still bytes: whole records in the form of `codec`. They are gathered into the
   * block of the current interval and decoded when their batch is evaluated. The bytes belong to the engine from now on.
   */
  storeChunk(bytes: Uint8Array, codec: Codec<T>, position?: unknown): boolean {
    return this.#attached('storeChunk').storeChunk(bytes, codec, position)
  }

  /** Resolves when there is room for more, and when this life of the receiver ends (`store` throws then). */
  ready(): Promise<void> {
    return this.#attached('ready').ready()
  }

  /**
   * Makes one block at once, past the block interval and the rate limit. Resolves when it is durable: journalled when
   * there is a checkpoint directory, else handed over. No records make no block. Rejects when the block is not taken.
   *
   * @example
   * class Pages extends Receiver<string> {
   *   async onStart() {
   *     await this.storeBlock(['a', 'b'], { position: 2 })
   *   }
   *   onStop() {}
   * }
   */
  storeBlock(records: readonly T[], options: StoreBlockOptions = {}): Promise<void> {
    checkOptions('storeBlock', options, ['position', 'metadata'])
    return this.#attached('storeBlock').storeBlock(records, options)
  }

  /** `storeBlock` for the bytes as they arrived; they belong to the engine from now on. */
  storeBytes(bytes: Uint8Array, codec: Codec<T>, options: StoreBlockOptions = {}): Promise<void> {
    checkOptions('storeBytes', options, ['position', 'metadata'])
    return this.#attached('storeBytes').storeBytes(bytes, codec, options)
  }

  /**
   * Where to go on: the last position that an earlier run has made durable, or the last that this run has taken.
   * `undefined` at a first start.
   */
  get position(): unknown {
    return this.#attached('position').position
  }

  /** Tells listeners and the log (`receiverError`), and goes on. */
  reportError(message: string, error?: unknown): void {
    this.#attached('reportError').reportError(message, error)
  }

  /**
   * Ends this life and begins another after `delay`: 2 s, twice as long after each life that stored nothing, at most 30 s.
   * Returns at once. Reported as a stop and a start.
   */
  restart(message: string, error?: unknown, delay?: Duration): void {
    this.#attached('restart').restart(message, error, delay)
  }

  /** Ends this receiver for good (Spark starts it again at once). What it stored stays. */
  stop(message: string, error?: unknown): void {
    this.#attached('stop').endForGood(message, error)
  }

  /** Whether `onStart` has been called and `onStop` not yet. */
  isStarted(): boolean {
    return this.#attached('isStarted').isStarted()
  }

  /** Whether it has been told to stop; a loop of its own ends then. */
  isStopped(): boolean {
    return this.#attached('isStopped').isStopped()
  }

  /** @internal By symbol, so that any copy of this library can attach it. @throws `receiver-in-use` */
  [attach](host: ReceiverHost<T>): void {
    if (this.#host !== undefined && !this.#host.over) throw receiverInUse(this.#host.name)
    this.#host = host
  }

  #attached(method: string): ReceiverHost<T> {
    if (this.#host === undefined) throw notAttached(method)
    return this.#host
  }
}

/** True for a receiver of any copy of this library. */
export function isReceiver(value: unknown): value is Receiver<unknown> {
  return typeof value === 'object' && value !== null && brand in value
}

/** Connects a receiver with the host that carries out its methods. @throws `receiver-in-use` */
export function attachReceiver<T>(receiver: Receiver<T>, host: ReceiverHost<T>): void {
  return receiver[attach](host)
}
