import type { Clock, Yielder } from '../../base/ports.js'

/** The longest time between two looks at the clock, and the time between two reports that it is behind. */
const MINUTE_MS = 60_000

/** The most late batches that begin together. */
const MOST_AT_ONCE = 100

/** A clock that shows an earlier time than it should: the next batch is more than one interval ahead of it. */
export interface ClockBehind {
  readonly nowMs: number
  /** Time of the next batch. */
  readonly nextMs: number
}

export interface TickerOptions {
  readonly clock: Clock
  readonly yielder: Yielder
  readonly batchMs: number
  /** Returns the batch time after a time. */
  readonly next: (time: number) => number
  /** @param due the times after it that are due already: these batches run right behind it */
  readonly run: (time: number, due: readonly number[]) => Promise<void>
  /** What becomes of the batches while the clock is behind: they wait for it, or go on, one every interval. */
  readonly whenBehind: 'wait' | 'continue'
  /** Called as soon as the clock is found to be behind, and every minute as long as it is. */
  readonly onBehind: (behind: ClockBehind) => void
}

/**
 * Runs one batch per interval, never two at once, and skips none: late batches run back to back. Batch times are handed
 * out one after the other, so none repeats when the clock jumps back (reference: `RecurringTimer`).
 */
export class Ticker {
  readonly #options: TickerOptions
  #nextMs = 0
  /** How far the batch times run ahead of a clock that is behind. */
  #aheadMs = 0
  /** How far ahead of the clock the next batch may be. At the start twice an interval: a graceful stop runs one batch early. */
  #slackMs: number
  #reportedMs: number | undefined
  #timer: { cancel(): void } | undefined
  #watch: { cancel(): void } | undefined
  #working: Promise<void> | undefined
  #stopped = true

  constructor(options: TickerOptions) {
    this.#options = options
    this.#slackMs = 2 * options.batchMs
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
    this.#cancel()
    await this.#working
  }

  /** Resolves when no batch is under way and none is due. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  /** Runs one more batch after `stop`: with its own time, but at once. */
  async runOne(due: readonly number[] = []): Promise<void> {
    const time = this.#nextMs
    this.#nextMs = this.#options.next(time)
    await this.#options.run(time, due)
  }

  /** Returns the times after the next one that are due, at most so many that one of them ends the wait for a commit. */
  #dueBehindNext(): number[] {
    const { clock, next } = this.#options
    const nowMs = clock.now() + this.#aheadMs
    const due: number[] = []
    for (let time = next(this.#nextMs); time <= nowMs && due.length < MOST_AT_ONCE; time = next(time)) due.push(time)
    return due
  }

  /** Looks at the clock, and waits for the next batch. A clock that is set back meanwhile is noticed within an interval. */
  #wait(): void {
    if (this.#stopped) return
    this.#cancel()
    this.#lookAtClock()
    const { clock, batchMs } = this.#options
    this.#timer = clock.setTimer(this.#nextMs - this.#aheadMs, () => {
      this.#watch?.cancel()
      this.#slackMs = batchMs
      this.#working = this.#runDue().finally(() => {
        this.#working = undefined
        this.#wait()
      })
    })
    this.#watch = clock.setDelay?.(Math.min(batchMs, MINUTE_MS), () => this.#wait())
  }

  #cancel(): void {
    this.#timer?.cancel()
    this.#watch?.cancel()
  }

  #lookAtClock(): void {
    const { clock, batchMs, whenBehind, onBehind } = this.#options
    const nowMs = clock.now()
    if (this.#nextMs - nowMs <= this.#slackMs) {
      this.#reportedMs = undefined
      return
    }
    const sinceMs = nowMs - (this.#reportedMs ?? -Infinity)
    if (sinceMs >= MINUTE_MS || sinceMs < 0) {
      this.#reportedMs = nowMs
      onBehind({ nowMs, nextMs: this.#nextMs })
    }
    const leftMs = this.#nextMs - this.#aheadMs - nowMs
    // The next batch is due when it would be if the clock were right but for whole intervals.
    if (whenBehind === 'continue' && leftMs > this.#slackMs) {
      this.#aheadMs += Math.floor(leftMs / batchMs) * batchMs
    }
  }

  async #runDue(): Promise<void> {
    const { clock, yielder, batchMs } = this.#options
    const slice = yielder.begin()
    for (;;) {
      const lateMs = clock.now() - (this.#nextMs - this.#aheadMs)
      if (this.#stopped || lateMs < 0) return
      // Batches that run ahead of the clock need not make up for lost time: the clock comes closer instead.
      this.#aheadMs = Math.max(0, this.#aheadMs - Math.floor(lateMs / batchMs) * batchMs)
      await this.runOne(this.#dueBehindNext())
      const pause = slice.pause()
      if (pause !== undefined) await pause
    }
  }
}

/** Returns the first batch time: the next multiple of the interval since the epoch, strictly after now. */
export function firstBatchTime(nowMs: number, batchMs: number): number {
  return (Math.floor(nowMs / batchMs) + 1) * batchMs
}
