import type { Clock } from 'jvc-receiver/feed'

/** A virtual clock for tests, which stands still until it is advanced. */
export class ManualClock implements Clock {
  #now: number
  #timers: { at: number; run: () => void }[] = []

  constructor(now = 0) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  setTimer(at: number, run: () => void): { cancel(): void } {
    const timer = { at, run }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((t) => t !== timer)) }
  }

  /** The time of the next timer, or undefined when none is set. */
  next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map((t) => t.at))
  }

  /** Advances by `ms` and runs the due timers in order, with pending callbacks in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (await settled(); ; await settled()) {
      const at = this.next()
      if (at === undefined || at > until) break
      this.#now = Math.max(this.#now, at)
      const due = this.#timers.find((t) => t.at === at)
      this.#timers = this.#timers.filter((t) => t !== due)
      due?.run()
    }
    this.#now = until
    await settled()
  }
}

/** Lets every callback that is ready run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
