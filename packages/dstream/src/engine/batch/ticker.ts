import type { Clock, Yielder } from '../../base/ports.js'

export interface TickerOptions {
  readonly clock: Clock
  readonly yielder: Yielder
  /** Returns the batch time after a time. */
  readonly next: (time: number) => number
  readonly run: (time: number) => Promise<void>
}

/**
 * Runs one batch per interval, never two at once, and skips none: late batches run back to back. Batch times are handed
 * out one after the other, so none repeats when the clock jumps back (reference: `RecurringTimer`).
 */
export class Ticker {
  readonly #options: TickerOptions
  #nextMs = 0
  #timer: { cancel(): void } | undefined
  #working: Promise<void> | undefined
  #stopped = true

  constructor(options: TickerOptions) {
    this.#options = options
  }

  /** The time of the next batch. */
  get nextMs(): number {
    return this.#nextMs
  }

  start(firstMs: number): void {
    this.#nextMs = firstMs
    this.#stopped = false
    this.#wait()
  }

  /** Lets no further batch begin, and resolves when the one under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#working
  }

  /** Resolves when no batch is under way and none is due. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  /** Runs one more batch after `stop`: with its own time, but at once. */
  async runOne(): Promise<void> {
    const time = this.#nextMs
    this.#nextMs = this.#options.next(time)
    await this.#options.run(time)
  }

  #wait(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.setTimer(this.#nextMs, () => {
      this.#working = this.#runDue().finally(() => {
        this.#working = undefined
        this.#wait()
      })
    })
  }

  async #runDue(): Promise<void> {
    const { clock, yielder } = this.#options
    const slice = yielder.begin()
    while (!this.#stopped && this.#nextMs <= clock.now()) {
      await this.runOne()
      await slice.pause()
    }
  }
}

/** Returns the first batch time: the next multiple of the interval since the epoch, strictly after now. */
export function firstBatchTime(nowMs: number, batchMs: number): number {
  return (Math.floor(nowMs / batchMs) + 1) * batchMs
}
