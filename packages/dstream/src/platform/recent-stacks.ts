/** The time in milliseconds in which a stack is not written again. It is bounded, since a log may be cut into files. */
const INTERVAL_MS = 60_000
/** The number of stacks that are remembered at a time. */
const MAX_STACKS = 1000

/**
 * Remembers the stacks that a log has shown, since a failure that is retried and then ends the job repeats the same
 * stack.
 */
export class RecentStacks {
  readonly #shownMs = new Map<string, number>()
  readonly #now: () => number

  /** @param now returns the time of a clock in milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Returns true if the stack has not been shown recently; it then counts as shown. */
  add(stack: string): boolean {
    const now = this.#now()
    const shownMs = this.#shownMs.get(stack)
    if (shownMs !== undefined && now - shownMs < INTERVAL_MS) return false
    if (this.#shownMs.size >= MAX_STACKS) this.#shownMs.clear()
    this.#shownMs.set(stack, now)
    return true
  }
}
