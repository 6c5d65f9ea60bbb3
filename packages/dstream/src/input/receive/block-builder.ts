import type { Codec } from '../../base/codec.js'
import type { Clock } from '../../base/ports.js'
import type { RateLimiter } from './rate-limiter.js'
import { countOf } from '../../base/codec.js'
import { BytesSegment, RecordSegment } from './segment.js'
import type { BlockContents, Segment } from './segment.js'

export interface BlockBuilderOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly limiter: RateLimiter
  /** A block is closed; `stampMs` is the beginning of its interval, after which Spark names it. */
  onBlock(block: BlockContents, stampMs: number): void
}

/**
 * Gathers what a receiver stores and closes a block at every multiple of the block interval, never an empty one
 * (reference: `BlockGenerator`). What arrived faster than the rate stays until it is due. While nothing waits no timer
 * runs. Records and bytes that meet in one interval become blocks of their own, in order of arrival.
 */
export class BlockBuilder {
  readonly #options: BlockBuilderOptions
  #runs: Segment[] = []
  #timer: { cancel(): void } | undefined

  constructor(options: BlockBuilderOptions) {
    this.#options = options
  }

  add(record: unknown, position: unknown): void {
    this.#options.limiter.take(1)
    const last = this.#runs.at(-1)
    const run = last instanceof RecordSegment ? last : this.#open(new RecordSegment())
    run.add(record, position)
  }

  append(bytes: Uint8Array, codec: Codec<unknown>, position: unknown): void {
    const { limiter } = this.#options
    // Here and not when the block closes: in small pieces, and while they are still in the processor's cache.
    const count = countOf(codec, bytes)
    if (count !== undefined) limiter.take(count)
    const last = this.#runs.at(-1)
    const run = last instanceof BytesSegment && last.codec === codec ? last : this.#open(new BytesSegment(codec))
    run.add({ bytes, count, position })
  }

  /** Closes at once what is due. */
  cut(): void {
    const { clock, intervalMs } = this.#options
    this.#close(Math.floor(clock.now() / intervalMs) * intervalMs, this.#counted() - this.#options.limiter.ahead())
  }

  /** Closes everything at once, due or not: the last block before a stop. */
  flush(): void {
    const { clock, intervalMs } = this.#options
    this.#close(Math.floor(clock.now() / intervalMs) * intervalMs, Infinity)
  }

  /** Closes no block any more. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #counted(): number {
    return this.#runs.reduce((sum, run) => sum + run.counted, 0)
  }

  #open<R extends Segment>(run: R): R {
    this.#runs.push(run)
    this.#schedule()
    return run
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#runs.length === 0) return
    const { clock, intervalMs } = this.#options
    const tickMs = (Math.floor(clock.now() / intervalMs) + 1) * intervalMs
    this.#timer = clock.setTimer(tickMs, () => {
      this.#timer = undefined
      this.#close(tickMs - intervalMs, this.#counted() - this.#options.limiter.ahead())
    })
  }

  #close(stampMs: number, allowed: number): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const closed: Segment[] = []
    let left = Math.max(0, allowed)
    while (this.#runs.length > 0) {
      const run = this.#runs[0]!
      if (run.counted > left) {
        const front = run.takeFront(left)
        if (!front.empty) closed.push(front)
        break
      }
      left -= run.counted
      closed.push(run)
      this.#runs.shift()
    }
    this.#schedule()
    for (const run of closed) this.#options.onBlock(run.close(), stampMs)
  }
}
