import type { Block } from '../../durable/blocks/block.js'
import type { Clock } from '../../base/ports.js'

const RETRY_MS = 2000

export interface BlockQueueOptions {
  readonly clock: Clock
  add(block: Block): Promise<void>
  onError(message: string, error: unknown): void
}

/**
 * Hands closed blocks on one by one, in order. A block that cannot be stored stays at the head and is tried again every
 * two seconds: a later one must not become durable before it, or its position would promise what was lost.
 */
export class BlockQueue {
  readonly #options: BlockQueueOptions
  readonly #waiting: Block[] = []
  #run: Promise<void> | undefined
  #timer: { cancel(): void } | undefined

  constructor(options: BlockQueueOptions) {
    this.#options = options
  }

  get waiting(): readonly Block[] {
    return this.#waiting
  }

  push(block: Block): void {
    this.#waiting.push(block)
    if (this.#timer === undefined) void this.settled()
  }

  /** Resolves when all blocks are stored, or the attempt at the first of them has failed. */
  settled(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    return (this.#run ??= this.#store())
  }

  /** Does not try again any more; what was not stored stays in `waiting`. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #store(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    while (this.#waiting.length > 0) {
      const block = this.#waiting[0]!
      try {
        await this.#options.add(block)
      } catch (error) {
        this.#options.onError(`Could not store block ${block.id}, trying again in ${RETRY_MS} ms`, error)
        this.#timer = this.#options.clock.setTimer(this.#options.clock.now() + RETRY_MS, () => void this.settled())
        break
      }
      if (this.#waiting[0] === block) this.#waiting.shift()
    }
    this.#run = undefined
  }
}
