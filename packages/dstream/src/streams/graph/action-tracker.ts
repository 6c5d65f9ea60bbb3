import type { Job } from '../../rdd/rdd.js'

/** Awaits every action that a user's function begins on the RDDs it was given, whether the function awaits it or not. */
export class ActionTracker implements Job {
  #begun: Promise<unknown>[] = []

  track(action: Promise<unknown>): void {
    this.#begun.push(action)
    // Settled below; until then a rejection must not count as unhandled.
    action.catch(() => undefined)
  }

  /** Runs `f`, then waits for what it began. Rejects with what `f` threw, else with the first action that failed. */
  async run<R>(f: () => R | Promise<R>): Promise<R> {
    try {
      const result = await f()
      await this.#settle()
      return result
    } catch (error) {
      await this.#settle().catch(() => undefined)
      throw error
    }
  }

  async #settle(): Promise<void> {
    while (this.#begun.length > 0) {
      const failed = (await Promise.allSettled(this.#begun.splice(0))).find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
  }
}
