/** The time for which a stack is not written again. A log may be cut into files, so it is not left out for ever. */
const INTERVAL_MS = 60_000
/** Stacks that are remembered at a time. */
const MAX_STACKS = 1000

/** Remembers the stacks that a log has shown: a failure that is tried again, and then ends the job, has one. */
export class RecentStacks {
  readonly #shownMs = new Map<string, number>()
  readonly #now: () => number

  /** @param now milliseconds of a clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Returns whether the stack has not been shown lately; it then counts as shown. */
  add(stack: string): boolean {
    const now = this.#now()
    const shownMs = this.#shownMs.get(stack)
    if (shownMs !== undefined && now - shownMs < INTERVAL_MS) return false
    if (this.#shownMs.size >= MAX_STACKS) this.#shownMs.clear()
    this.#shownMs.set(stack, now)
    return true
  }
}
