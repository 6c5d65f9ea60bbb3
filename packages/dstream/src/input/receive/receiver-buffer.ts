import type { Block } from '../../durable/blocks/block.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Codec } from '../../base/codec.js'
import { UnstorableRecords } from '../../durable/blocks/unstorable-records.js'
import { blockNotStored } from '../../base/errors/receive.js'
import type { RecordError } from '../../base/record-error.js'
import type { Clock } from '../../base/ports.js'
import { withoutHoles } from '../../base/options.js'
import { Backlog, sizeOf, sizeOfRecords } from './backlog.js'
import type { BufferLimits } from './backlog.js'
import { BlockBuilder } from './block-builder.js'
import { BlockQueue } from './block-queue.js'
import { checkPart, sortOut } from './refused-records.js'
import { RateLimiter } from './rate-limiter.js'
import type { RateOptions } from './rate-limiter.js'
import type { ReceiverStore, StoreBlockOptions } from './receiver.js'
import { boundedRecords, chunkOf, type BlockContents } from './segment.js'

export interface ReceiverBufferOptions {
  readonly streamId: number
  readonly clock: Clock
  /** Default 200 ms. */
  readonly blockIntervalMs?: number | undefined
  readonly limits?: Partial<BufferLimits> | undefined
  readonly rate?: RateOptions | undefined
  /** Resolves when the block is durable and counts for the next allocation. */
  addBlock(block: Block): Promise<void>
  /** @throws for a position or metadata that can never be stored; absent where nothing is stored */
  mustBeStorable?(value: unknown): void
  /**
   * Decides about a received record that can never be stored. Returns the error that fails it, or `undefined` when it is
   * left out. By default it fails.
   */
  decide?(error: RecordError): unknown
  /** Receives the error of a gathered record that can never be stored: the next batch fails with it. */
  failBatch?(error: unknown): void
  /** Returns true for the id of a block of an earlier run of the program. */
  hasBlock?(id: string): boolean
  /** Reports that a gathered block could not be stored; it is tried again. */
  onError(message: string, error: unknown): void
}

type Size = Readonly<Record<'records' | 'bytes', number>>

/**
 * The data of one receiver on its way to a batch: `store` and `storeChunk` pass the backlog's bound, the rate limiter,
 * the block builder and the block queue; `storeBlock` and `storeBytes` make their block at once, past rate and interval.
 * A block takes up room until a batch has consumed it (`released`).
 *
 * A stop has two steps: `flush` closes and stores everything, `close` then cancels the timers.
 */
export class ReceiverBuffer implements ReceiverStore<unknown> {
  /** The last position that was stored; a restart of the receiver goes on from it. */
  position: unknown
  readonly #options: ReceiverBufferOptions
  readonly #intervalMs: number
  readonly #backlog: Backlog
  readonly #limiter: RateLimiter
  readonly #builder: BlockBuilder
  readonly #queue: BlockQueue
  readonly #sizes = new Map<string, Size>()
  /** Blocks of `storeBlock` and `storeBytes` that are being stored; they do not pass the queue. */
  readonly #direct = new Set<Promise<void>>()
  #waiters: (() => void)[] = []
  #wakeTimer: { cancel(): void } | undefined
  #draining = false
  #stampMs = -Infinity
  #blocksOfStamp = 0

  constructor(options: ReceiverBufferOptions) {
    const { clock, blockIntervalMs = 200, limits } = options
    this.#options = options
    this.#intervalMs = blockIntervalMs
    this.#backlog = new Backlog(limits)
    this.#limiter = new RateLimiter(clock, options.rate)
    this.#queue = new BlockQueue({
      clock,
      add: (block) => options.addBlock(block),
      withoutUnstorable: (block, error) => this.#withoutUnstorable(block, error),
      onError: options.onError,
    })
    this.#builder = new BlockBuilder({
      clock,
      intervalMs: blockIntervalMs,
      limiter: this.#limiter,
      onBlock: (contents, stampMs) => this.#queue.push(this.#block(contents, stampMs)),
    })
  }

  /** @throws `receiver-buffer-full`, `state-not-storable` for the position */
  store(record: unknown, position: unknown): boolean {
    checkPart('position', position, this.#options)
    this.#backlog.reserve(1, sizeOf(record))
    this.#builder.add(record, position)
    if (position !== undefined) this.position = position
    return this.#hasRoom()
  }

  /** @throws `receiver-buffer-full`, `state-not-storable` for the position */
  storeChunk(bytes: Uint8Array, codec: Codec<unknown>, position: unknown): boolean {
    if (bytes.byteLength === 0) return this.#hasRoom()
    checkPart('position', position, this.#options)
    const chunk = chunkOf(bytes, codec, position)
    this.#backlog.reserve(0, chunk.size)
    this.#builder.append(chunk, codec)
    if (position !== undefined) this.position = position
    return this.#hasRoom()
  }

  /** @throws `receiver-buffer-full`, `block-not-stored` */
  async storeBlock(records: readonly unknown[], options: StoreBlockOptions): Promise<void> {
    if (records.length === 0) return
    // Before the copy: an array with holes may have billions of places.
    const copy = withoutHoles('storeBlock', records).slice()
    await this.#storeAtOnce(
      { payload: { records: copy }, count: copy.length, position: options.position, size: sizeOfRecords(copy) },
      options,
    )
  }

  /** @throws `receiver-buffer-full`, `block-not-stored` */
  async storeBytes(bytes: Uint8Array, codec: Codec<unknown>, options: StoreBlockOptions): Promise<void> {
    if (bytes.byteLength === 0) return
    const { count, position, size } = chunkOf(bytes, codec, options.position)
    await this.#storeAtOnce({ payload: { bytes, codec }, count, position, size }, options)
  }

  /** Resolves when a sender may go on. */
  ready(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
      this.#wake()
    })
  }

  /** Resolves every pending `ready`, even where there is no room. */
  wakeAll(): void {
    this.#wakeTimer?.cancel()
    this.#wakeTimer = undefined
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Closes the data that is due; resolves when all blocks closed so far are stored, or the first has failed to be. */
  closeDue(): Promise<void> {
    this.#builder.closeDue()
    return this.#queue.settled()
  }

  /** Closes the data that is due; resolves when the next allocation takes it. */
  closeForBatch(): MaybePromise<void> {
    this.#builder.closeDue()
    return this.#queue.passedOn()
  }

  /** True while `drain` waits. */
  get draining(): boolean {
    return this.#draining
  }

  /** Waits until the rate holds no data back any more, so that batches take it as they have taken the data before it. */
  async drain(untilMs: number): Promise<void> {
    this.#draining = true
    await this.#limiter.caughtUp(untilMs, this.#intervalMs)
    this.#draining = false
  }

  /** Closes and stores everything, also the data that the rate holds back and the blocks that are made at once. */
  async flush(): Promise<void> {
    this.#builder.flush()
    await Promise.allSettled([this.#queue.settled(), ...this.#direct])
  }

  /** Cancels all timers. */
  close(): void {
    this.wakeAll()
    this.#builder.stop()
    this.#queue.close()
  }

  /** Frees the room of a block that a batch has consumed. A block of an earlier run of the program takes up none. */
  released(block: Block): void {
    const size = this.#sizes.get(block.id)
    if (size === undefined) return
    this.#sizes.delete(block.id)
    this.#backlog.release(size.records, size.bytes)
    this.#wake()
  }

  setRate(recordsPerSecond: number): void {
    this.#limiter.update(recordsPerSecond)
    this.#wakeTimer?.cancel()
    this.#wakeTimer = undefined
    this.#wake()
  }

  get rate(): number {
    return this.#limiter.rate
  }

  /** The data in the builder and in blocks that no batch has consumed. */
  get buffered(): Size {
    return { records: this.#backlog.records, bytes: this.#backlog.bytes }
  }

  /** The error for which the first of the `unstored` blocks is not stored. */
  get storeError(): unknown {
    return this.#queue.lastError
  }

  /** Closed blocks that are not stored yet. */
  get unstored(): readonly Block[] {
    return this.#queue.waiting
  }

  #hasRoom(): boolean {
    return !this.#backlog.full && this.#limiter.waitMs() === 0
  }

  #wake(): void {
    if (this.#waiters.length === 0 || this.#backlog.full) return
    const waitMs = this.#limiter.waitMs()
    if (waitMs === 0) return this.wakeAll()
    this.#wakeTimer ??= this.#options.clock.setTimer(this.#options.clock.now() + waitMs, () => {
      this.#wakeTimer = undefined
      this.#wake()
    })
  }

  async #storeAtOnce(contents: BlockContents, options: StoreBlockOptions): Promise<void> {
    checkPart('position', contents.position, this.#options)
    checkPart('metadata', options.metadata, this.#options)
    this.#backlog.reserve(boundedRecords(contents), contents.size)
    const nowMs = this.#options.clock.now()
    const block = this.#block(contents, Math.floor(nowMs / this.#intervalMs) * this.#intervalMs, options.metadata)
    const adding = this.#addAtOnce(block)
    this.#direct.add(adding)
    try {
      await adding
    } catch (error) {
      this.released(block)
      throw blockNotStored(block.id, error)
    } finally {
      this.#direct.delete(adding)
    }
    if (contents.position !== undefined) this.position = contents.position
  }

  /** Adds a block of `storeBlock`: without the records that are left out, or not at all when one of them fails. */
  async #addAtOnce(block: Block): Promise<void> {
    try {
      await this.#options.addBlock(block)
    } catch (error) {
      if (!(error instanceof UnstorableRecords)) throw error
      const { rest, failures } = sortOut(block, error, this.#options.decide)
      if (failures.length > 0) throw failures[0]
      if (rest !== undefined) await this.#options.addBlock(rest)
      else this.released(block)
    }
  }

  #withoutUnstorable(block: Block, error: UnstorableRecords): Block | undefined {
    const { rest, failures } = sortOut(block, error, this.#options.decide)
    for (const failure of failures) {
      this.#options.onError('A received record cannot be stored', failure)
      this.#options.failBatch?.(failure)
    }
    if (rest === undefined) this.released(block)
    return rest
  }

  #block(contents: BlockContents, stampMs: number, metadata?: Readonly<Record<string, unknown>>): Block {
    const { payload, count, position, size } = contents
    const id = this.#newId(stampMs)
    this.#sizes.set(id, { records: boundedRecords(contents), bytes: size })
    return {
      id,
      streamId: this.#options.streamId,
      payload,
      count,
      ...(position === undefined ? {} : { position }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  }

  /** Returns Spark's `input-<stream>-<start of the interval>`, with a number where one interval has several blocks. */
  #newId(stampMs: number): string {
    if (stampMs > this.#stampMs) {
      this.#stampMs = stampMs
      this.#blocksOfStamp = 0
    }
    for (;;) {
      const n = this.#blocksOfStamp++
      const id = `input-${this.#options.streamId}-${this.#stampMs}${n === 0 ? '' : `-${n}`}`
      if (this.#options.hasBlock?.(id) !== true) return id
    }
  }
}
