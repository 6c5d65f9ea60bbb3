import type { Block } from '../../durable/blocks/block.js'
import type { Codec } from '../../base/codec.js'
import { blockNotStored } from '../../base/errors/receive.js'
import type { Clock } from '../../base/ports.js'
import { Backlog, sizeOf } from './backlog.js'
import type { BufferLimits } from './backlog.js'
import { BlockBuilder } from './block-builder.js'
import { BlockQueue } from './block-queue.js'
import { RateLimiter } from './rate-limiter.js'
import type { RateOptions } from './rate-limiter.js'
import type { StoreBlockOptions } from './receiver.js'
import { countOf } from '../../base/codec.js'
import type { BlockContents } from './segment.js'

export interface IntakeOptions {
  readonly streamId: number
  readonly clock: Clock
  /** Default 200 ms. */
  readonly blockIntervalMs?: number | undefined
  readonly limits?: Partial<BufferLimits> | undefined
  readonly rate?: RateOptions | undefined
  /** Resolves when the block is durable, and counts for the next allocation. */
  addBlock(block: Block): Promise<void>
  /** True for an id that a block of an earlier run has. */
  hasBlock?(id: string): boolean
  /** A block that was gathered could not be stored; it is tried again. */
  onError(message: string, error: unknown): void
}

interface Size {
  readonly records: number
  readonly bytes: number
}

/** The way of one receiver's data: bound, rate limit, block builder, journal; and back, when a batch has consumed it. */
export class ReceiverBuffer {
  position: unknown
  readonly #options: IntakeOptions
  readonly #intervalMs: number
  readonly #backlog: Backlog
  readonly #limiter: RateLimiter
  readonly #builder: BlockBuilder
  readonly #queue: BlockQueue
  readonly #sizes = new Map<string, Size>()
  /** Blocks on their way past the queue. */
  readonly #direct = new Set<Promise<void>>()
  #waiters: (() => void)[] = []
  #wakeTimer: { cancel(): void } | undefined
  #stampMs = -Infinity
  #sameStamp = 0

  constructor(options: IntakeOptions) {
    const { clock, blockIntervalMs = 200, limits } = options
    this.#options = options
    this.#intervalMs = blockIntervalMs
    this.#backlog = new Backlog(limits)
    this.#limiter = new RateLimiter(clock, options.rate)
    this.#queue = new BlockQueue({ clock, add: (block) => options.addBlock(block), onError: options.onError })
    this.#builder = new BlockBuilder({
      clock,
      intervalMs: blockIntervalMs,
      limiter: this.#limiter,
      onBlock: (closed, stampMs) => this.#queue.push(this.#block(closed, stampMs)),
    })
  }

  /** @throws `receiver-buffer-full` */
  store(record: unknown, position: unknown): boolean {
    this.#backlog.take(1, sizeOf(record))
    this.#builder.add(record, position)
    if (position !== undefined) this.position = position
    return this.#hasRoom()
  }

  /** @throws `receiver-buffer-full` */
  storeChunk(bytes: Uint8Array, codec: Codec<unknown>, position: unknown): boolean {
    if (bytes.byteLength === 0) return this.#hasRoom()
    this.#backlog.take(0, bytes.byteLength)
    this.#builder.append(bytes, codec, position)
    if (position !== undefined) this.position = position
    return this.#hasRoom()
  }

  async storeBlock(records: readonly unknown[], options: StoreBlockOptions): Promise<void> {
    if (records.length === 0) return
    const copy = records.slice()
    const bytes = copy.reduce<number>((sum, record) => sum + sizeOf(record), 0)
    await this.#storeAtOnce(
      { payload: { records: copy }, count: copy.length, position: options.position, bytes },
      options,
    )
  }

  async storeBytes(bytes: Uint8Array, codec: Codec<unknown>, options: StoreBlockOptions): Promise<void> {
    if (bytes.byteLength === 0) return
    const { position } = options
    const count = countOf(codec, bytes)
    await this.#storeAtOnce({ payload: { bytes, codec }, count, position, bytes: bytes.byteLength }, options)
  }

  /** Resolves when a sender may go on. */
  ready(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
      this.#wake()
    })
  }

  /** Lets everybody go who waits for room, whether there is some or not. */
  wakeAll(): void {
    this.#wakeTimer?.cancel()
    this.#wakeTimer = undefined
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Closes the current block; resolves when all blocks closed so far are stored, or the first of them could not be. */
  cut(): Promise<void> {
    this.#builder.cut()
    return this.#queue.settled()
  }

  /** The same for everything, at the end: what the rate holds back, and blocks that were made at once. */
  async flush(): Promise<void> {
    this.#builder.flush()
    await Promise.allSettled([this.#queue.settled(), ...this.#direct])
  }

  /** The end: no timer is left. */
  close(): void {
    this.wakeAll()
    this.#builder.close()
    this.#queue.close()
  }

  /** A batch has consumed this block: there is room for as much. Blocks of an earlier run take none. */
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

  /** What is held, in the builder and in blocks that no batch has consumed. */
  get held(): Size {
    return { records: this.#backlog.records, bytes: this.#backlog.bytes }
  }

  /** Blocks that are closed and could not be stored yet. */
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

  async #storeAtOnce(closed: BlockContents, options: StoreBlockOptions): Promise<void> {
    this.#backlog.take(heldRecords(closed), closed.bytes)
    const nowMs = this.#options.clock.now()
    const block = this.#block(closed, Math.floor(nowMs / this.#intervalMs) * this.#intervalMs, options.metadata)
    const adding = this.#options.addBlock(block)
    this.#direct.add(adding)
    try {
      await adding
    } catch (error) {
      this.released(block)
      throw blockNotStored(block.id, error)
    } finally {
      this.#direct.delete(adding)
    }
    if (closed.position !== undefined) this.position = closed.position
  }

  #block(closed: BlockContents, stampMs: number, metadata?: Readonly<Record<string, unknown>>): Block {
    const { payload, count, position, bytes } = closed
    const id = this.#newId(stampMs)
    this.#sizes.set(id, { records: heldRecords(closed), bytes })
    return {
      id,
      streamId: this.#options.streamId,
      payload,
      count,
      ...(position === undefined ? {} : { position }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  }

  /** Spark's `input-<stream>-<begin of the interval>`, with a number where one interval has several blocks. */
  #newId(stampMs: number): string {
    if (stampMs > this.#stampMs) {
      this.#stampMs = stampMs
      this.#sameStamp = 0
    }
    for (;;) {
      const n = this.#sameStamp++
      const id = `input-${this.#options.streamId}-${this.#stampMs}${n === 0 ? '' : `-${n}`}`
      if (this.#options.hasBlock?.(id) !== true) return id
    }
  }
}

/** What counts for the bound in records: of bytes only their length does. */
function heldRecords({ payload }: BlockContents): number {
  return 'records' in payload ? payload.records.length : 0
}
