import type { Codec } from '../../base/codec.js'
import { badOption } from '../../base/errors/options.js'
import { notAttached, receiverInUse } from '../../base/errors/receive.js'
import { aCodec, checkOptions, positiveNumber } from '../../base/options.js'
import type { Duration } from '../../base/time/duration.js'

const brand = Symbol.for('dstream.receiver')
const attach = Symbol.for('dstream.receiver.attach')

/** The options of a receiver. */
export interface ReceiverOptions {
  /** The highest rate of this receiver in records per second, above 0; the lower of this and the context's `maxRate` holds. */
  readonly maxRate?: number | undefined
}

/** Data about a block that is stored with it. */
export interface StoreBlockOptions {
  /** The position of the source after this block. */
  readonly position?: unknown
  /** Shown in the `StreamInputInfo` of its batch. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** The four ways in which a receiver stores data. */
export interface ReceiverStore<T> {
  store(record: T, position: unknown): boolean
  storeChunk(bytes: Uint8Array, codec: Codec<T>, position: unknown): boolean
  storeBlock(records: readonly T[], options: StoreBlockOptions): Promise<void>
  storeBytes(bytes: Uint8Array, codec: Codec<T>, options: StoreBlockOptions): Promise<void>
}

/** Carries out a receiver's methods: its supervisor. */
export interface ReceiverHost<T> {
  readonly name: string
  readonly streamId: number
  readonly position: unknown
  /** True when this receiver will not be started any more. */
  readonly over: boolean
  /** Calls `put` with the store of a receiver that is started. @throws `receiver-stopped`, and what the store throws */
  accept(put: (store: ReceiverStore<T>) => boolean): boolean
  /** The same for a whole block; rejects instead. */
  acceptBlock(put: (store: ReceiverStore<T>) => Promise<void>): Promise<void>
  ready(): Promise<void>
  reportError(message: string, error: unknown): void
  restart(message: string, error: unknown, delay: Duration | undefined): void
  endForGood(message: string, error: unknown): void
  isStarted(): boolean
  isStopped(): boolean
}

/**
 * Brings data in from outside. Extend it: open the source in `onStart`, pass its data to `store`, close the source in
 * `onStop`. A receiver that fails is reported and started again; its failure never ends the application.
 *
 * Guarantees: data given to `store` and `storeChunk` is part of exactly one batch, unless the process crashes before its
 * block is journalled (with a checkpoint directory, at most a block interval later). Data given to `storeBlock` and
 * `storeBytes` is safe once their promise resolves: acknowledge it to the source then.
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
  /** The limit of this receiver alone, in records per second. */
  readonly maxRate: number | undefined
  /**
   * The codecs of `storeBytes` and `storeChunk`. They are only needed with a checkpoint directory: bytes that an earlier
   * run journalled are decoded by the codec in this list that has their id.
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
    // Defined on the prototype, so that it does not show among the receiver's own fields.
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Compares by brand and not by class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== Receiver) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isReceiver(value)
  }

  /**
   * Starts the source and returns, or returns a promise. When the promise is fulfilled, the receiver has ended for good.
   * When it is rejected, or when this method throws, the error is reported and the receiver restarts with back-off.
   * `signal` aborts when the receiver stops or restarts, before `onStop` is called. Callbacks that may come late check it,
   * so that they do not store data after the restart.
   */
  abstract onStart(signal: AbortSignal): void | Promise<void>

  /**
   * Undoes `onStart`. Data stored meanwhile is accepted, so that the source can be drained. It must not wait for ever:
   * after 10 seconds, or the `timeout` of a graceful stop where that is longer, the supervisor goes on without it.
   */
  abstract onStop(): void | Promise<void>

  /** The number of this receiver's stream, from 0 in order of definition. @throws `receiver-not-attached` */
  get streamId(): number {
    return this.#attached('streamId').streamId
  }

  /**
   * Stores one record. The record is accepted in any case; `false` asks the receiver to wait for `ready()` before the
   * next, because the buffer is full (`maxBufferedRecords`, `maxBufferedBytes`) or the records come faster than the rate.
   *
   * With a checkpoint directory a record must be data that can be stored. One that cannot goes through `onRecordError`
   * when its block closes: by default it fails the next batch, once.
   *
   * @param position the position of the source after this record; the last one given is stored with the data
   * @returns whether the receiver may go on without waiting
   * @throws `receiver-stopped` before the start and once `onStop` has returned
   * @throws `receiver-buffer-full` at twice the bound; the receiver is then restarted, which is reported
   * @throws `state-not-storable` for a position that cannot be stored
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
    return this.#attached('store').accept((store) => store.store(record, position))
  }

  /**
   * Stores several records that are still bytes: whole records, encoded as `codec` decodes them. They are gathered into
   * the block of the current interval and decoded when their batch is evaluated. The bytes belong to the engine from now
   * on. Returns and throws like `store`.
   */
  storeChunk(bytes: Uint8Array, codec: Codec<T>, position?: unknown): boolean {
    checkEncoded('storeChunk', bytes, codec)
    return this.#attached('storeChunk').accept((store) => store.storeChunk(bytes, codec, position))
  }

  /** Resolves when there is room for more, and when the receiver stops or restarts (`store` may throw then). */
  ready(): Promise<void> {
    return this.#attached('ready').ready()
  }

  /**
   * Makes one block at once, past the block interval and the rate limit. Resolves when it is durable: journalled with a
   * checkpoint directory, else in memory. No block is made of no records. A record that cannot be stored is left out with
   * `onRecordError: 'skip'`; by default nothing of the block is stored.
   *
   * @throws `receiver-stopped`, `receiver-buffer-full`, `block-not-stored`, `state-not-storable` for a position or metadata
   * that cannot be stored: the promise rejects with them
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
    const given: unknown = records
    if (!Array.isArray(given)) throw badOption('storeBlock', 'records', 'an array of records', given)
    return this.#attached('storeBlock').acceptBlock((store) => store.storeBlock(records, options))
  }

  /** Stores bytes as they arrived as one block, like `storeBlock`. They belong to the engine from now on. */
  storeBytes(bytes: Uint8Array, codec: Codec<T>, options: StoreBlockOptions = {}): Promise<void> {
    checkOptions('storeBytes', options, ['position', 'metadata'])
    checkEncoded('storeBytes', bytes, codec)
    return this.#attached('storeBytes').acceptBlock((store) => store.storeBytes(bytes, codec, options))
  }

  /**
   * The position to go on from: the last one that this run of the program has stored, else the last one that an earlier
   * run has made durable. `undefined` at a first start.
   */
  get position(): unknown {
    return this.#attached('position').position
  }

  /** Reports an error to the listeners (`receiverError`) and the log. The receiver goes on. */
  reportError(message: string, error?: unknown): void {
    this.#attached('reportError').reportError(message, error)
  }

  /**
   * Stops the receiver and starts it again after `delay`; by default 2 s, twice as long after each start that stored
   * nothing, at most 30 s. Returns at once. Listeners see a stop and a start.
   */
  restart(message: string, error?: unknown, delay?: Duration): void {
    this.#attached('restart').restart(message, error, delay)
  }

  /** Ends this receiver for good (Spark starts it again at once). Stored data stays. */
  stop(message: string, error?: unknown): void {
    this.#attached('stop').endForGood(message, error)
  }

  /** Returns whether `onStart` has been called and `onStop` has not been called yet. */
  isStarted(): boolean {
    return this.#attached('isStarted').isStarted()
  }

  /** Returns whether the receiver has been stopped; a loop in `onStart` ends then. */
  isStopped(): boolean {
    return this.#attached('isStopped').isStopped()
  }

  /** @internal Named by a symbol, so that any copy of this library can attach it. @throws `receiver-in-use` */
  [attach](host: ReceiverHost<T>): void {
    if (this.#host !== undefined && !this.#host.over) throw receiverInUse(this.#host.name)
    this.#host = host
  }

  #attached(method: string): ReceiverHost<T> {
    if (this.#host === undefined) throw notAttached(method)
    return this.#host
  }
}

/** @throws `bad-option` */
function checkEncoded(where: string, bytes: unknown, codec: Codec<unknown>): void {
  if (!(bytes instanceof Uint8Array)) throw badOption(where, 'bytes', 'a Uint8Array', bytes)
  aCodec(where, codec)
}

/** Returns true for a receiver of any copy of this library. */
export function isReceiver(value: unknown): value is Receiver<unknown> {
  return typeof value === 'object' && value !== null && brand in value
}

/** Connects a receiver with the host that carries out its methods. @throws `receiver-in-use` */
export function attachReceiver<T>(receiver: Receiver<T>, host: ReceiverHost<T>): void {
  return receiver[attach](host)
}
