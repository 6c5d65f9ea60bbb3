import type { Clock, Yielder } from '../../base/ports.js'

/**
 * Runs one batch per interval, never two at once, and skips none: what is late runs back to back. Batch times are handed
 * out one after the other, so a clock that jumps back makes none repeat (reference: `RecurringTimer`).
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

  /** The time of the batch that comes next. */
  get nextMs(): number {
    return this.#nextMs
  }

  start(firstMs: number): void {
    this.#nextMs = firstMs
    this.#stopped = false
    this.#wait()
  }

  /** No further batch begins; resolves when the one under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#working
  }

  /** Resolves when no batch is under way and none is due. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  /** After `stop`: one more batch, at its own time but at once. */
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

/** The first batch time: the next multiple of the interval since the epoch, strictly after now. */
export function firstBatchTime(nowMs: number, batchMs: number): number {
  return (Math.floor(nowMs / batchMs) + 1) * batchMs
}
