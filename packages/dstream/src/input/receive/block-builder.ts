import type { Codec } from '../../base/codec.js'
import type { Clock } from '../../base/ports.js'
import type { RateLimiter } from './rate-limiter.js'
import { BytesSegment, RecordSegment } from './segment.js'
import type { BlockContents, ByteChunk, Segment } from './segment.js'

export interface BlockBuilderOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly limiter: RateLimiter
  /** Receives each closed block. `stampMs` is the beginning of its interval, from which Spark makes the block's id. */
  onBlock(block: BlockContents, stampMs: number): void
}

/**
 * The bytes with which a block is closed before its interval ends. A socket can bring more in an interval than a thread decodes in
 * a second; in one block it could neither be begun early nor be shared between threads.
 */
const MOST_BYTES = 4 * 2 ** 20

/**
 * - `idle`: no data waits, and no timer runs.
 * - `gathering`: data waits, and a timer runs to the end of the block interval.
 * - `stopped`: no block is closed by a timer any more.
 */
type BuilderState =
  { readonly name: 'idle' | 'stopped' } | { readonly name: 'gathering'; readonly timer: { cancel(): void } }

const IDLE: BuilderState = { name: 'idle' }
const STOPPED: BuilderState = { name: 'stopped' }

/**
 * Gathers what a receiver stores into segments and closes them as blocks at every multiple of the block interval, or with a
 * number of bytes before it, never an empty one (reference: `BlockGenerator`). Records that came faster than the rate wait until they are due. Records and
 * bytes that arrive within one interval become separate blocks, in order of arrival.
 */
export class BlockBuilder {
  readonly #options: BlockBuilderOptions
  #segments: Segment[] = []
  #state: BuilderState = IDLE

  constructor(options: BlockBuilderOptions) {
    this.#options = options
  }

  add(record: unknown, position: unknown): void {
    this.#options.limiter.acquire(1)
    const last = this.#segments.at(-1)
    const segment = last instanceof RecordSegment ? last : this.#open(new RecordSegment())
    segment.add(record, position)
  }

  append(chunk: ByteChunk, codec: Codec<unknown>): void {
    const { limiter } = this.#options
    const { count } = chunk
    if (count !== undefined) limiter.acquire(count)
    const last = this.#segments.at(-1)
    const segment = last instanceof BytesSegment && last.codec === codec ? last : this.#open(new BytesSegment(codec))
    segment.add(chunk)
    if (segment.bytes >= MOST_BYTES && limiter.ahead() === 0) this.closeDue()
  }

  /** Closes everything that is due, without waiting for the end of the interval. */
  closeDue(): void {
    this.#close(this.#intervalStartMs(), this.#dueRecords())
  }

  /** Closes everything, due or not: the last blocks before a stop. */
  flush(): void {
    this.#close(this.#intervalStartMs(), Infinity)
  }

  /** Stops the timer for good. */
  stop(): void {
    this.#cancelTimer()
    this.#state = STOPPED
  }

  #open<S extends Segment>(segment: S): S {
    this.#segments.push(segment)
    this.#gather()
    return segment
  }

  #gather(): void {
    if (this.#state.name !== 'idle' || this.#segments.length === 0) return
    const { clock, intervalMs } = this.#options
    const intervalStartMs = this.#intervalStartMs()
    const timer = clock.setTimer(intervalStartMs + intervalMs, () => {
      this.#state = IDLE
      this.#close(intervalStartMs, this.#dueRecords())
    })
    this.#state = { name: 'gathering', timer }
  }

  /** Closes the first `allowed` counted records; the others stay for a later interval. */
  #close(stampMs: number, allowed: number): void {
    this.#cancelTimer()
    const closed: Segment[] = []
    let left = Math.max(0, allowed)
    while (this.#segments.length > 0) {
      const segment = this.#segments[0]!
      if (segment.counted > left) {
        const front = segment.splitFront(left)
        if (!front.empty) closed.push(front)
        break
      }
      left -= segment.counted
      closed.push(segment)
      this.#segments.shift()
    }
    this.#gather()
    for (const segment of closed) this.#options.onBlock(segment.close(), stampMs)
  }

  #cancelTimer(): void {
    if (this.#state.name !== 'gathering') return
    this.#state.timer.cancel()
    this.#state = IDLE
  }

  #dueRecords(): number {
    const counted = this.#segments.reduce((sum, segment) => sum + segment.counted, 0)
    return counted - this.#options.limiter.ahead()
  }

  #intervalStartMs(): number {
    const { clock, intervalMs } = this.#options
    return Math.floor(clock.now() / intervalMs) * intervalMs
  }
}
