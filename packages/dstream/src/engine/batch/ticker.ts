import type { Clock, Yielder } from '../../base/ports.js'

/**
 * Runs one batch per interval, never two at once, and skips none: late batches run back to back. Batch times are handed
 * out one after the other, so none repeats when the clock jumps back (reference: `RecurringTimer`).
 */
export class Ticker {
  readonly #clock: Clock
  readonly #yielder: Yielder
  readonly #batchMs: number
  readonly #run: (time: number) => Promise<void>
  #nextMs = 0
  #timer: { cancel(): void } | undefined
  #working: Promise<void> | undefined
  #stopped = true

  constructor(clock: Clock, yielder: Yielder, batchMs: number, run: (time: number) => Promise<void>) {
    this.#clock = clock
    this.#yielder = yielder
    this.#batchMs = batchMs
    this.#run = run
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
    this.#nextMs += this.#batchMs
    await this.#run(time)
  }

  #wait(): void {
    if (this.#stopped) return
    this.#timer = this.#clock.setTimer(this.#nextMs, () => {
      this.#working = this.#runDue().finally(() => {
        this.#working = undefined
        this.#wait()
      })
    })
  }

  async #runDue(): Promise<void> {
    const slice = this.#yielder.begin()
    while (!this.#stopped && this.#nextMs <= this.#clock.now()) {
      await this.runOne()
      await slice.pause()
    }
  }
}

/** Returns the first batch time: the next multiple of the interval since the epoch, strictly after now. */
export function firstBatchTime(nowMs: number, batchMs: number): number {
  return (Math.floor(nowMs / batchMs) + 1) * batchMs
}
