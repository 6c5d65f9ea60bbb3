import type { Clock } from 'dstream'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** A clock that moves only on request, and runs the due timers in order of their times. */
export class ManualClock implements Clock {
  #nowMs: number
  #order = 0
  #timers: Timer[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  setTimer(atMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs, order: this.#order++, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  setDelay(delayMs: number, run: () => void): { cancel(): void } {
    return this.setTimer(this.#nowMs + delayMs, run)
  }

  /** Returns the time of the next timer at or before `limitMs`. */
  nextTimer(limitMs: number): number | undefined {
    const next = this.#next()
    return next !== undefined && next.atMs <= limitMs ? Math.max(next.atMs, this.#nowMs) : undefined
  }

  /** Moves the clock to `toMs` and runs no timers. */
  moveTo(toMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, toMs)
  }

  /** Moves the clock to `toMs` and runs one timer that is due then. Returns false when there was none. */
  runNext(toMs: number): boolean {
    this.#nowMs = Math.max(this.#nowMs, toMs)
    const next = this.#next()
    if (next === undefined || next.atMs > this.#nowMs) return false
    this.#timers = this.#timers.filter((other) => other !== next)
    next.run()
    return true
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer
      }
    }
    return first
  }
}
