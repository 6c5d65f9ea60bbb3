import { isThenable } from '../../base/promises.js'
import type { ActionObserver } from '../../rdd/rdd.js'

/** Awaits every action that a user's function starts on the RDDs it was given, even those that the function does not await. */
export class ActionTracker implements ActionObserver {
  #started: Promise<unknown>[] = []
  #hasStarted = false

  /** Whether an action has started. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  track(action: Promise<unknown>): void {
    this.#hasStarted = true
    this.#started.push(action)
    // `#settle` reports the rejection; until then it must not count as unhandled.
    action.catch(() => undefined)
  }

  /** Runs `f`, then awaits its actions. Rejects with the error of `f`, else with that of the first failed action. */
  async run<R>(f: () => R | Promise<R>): Promise<R> {
    try {
      const given = f()
      const result = isThenable(given) ? await given : given
      if (this.#started.length > 0) await this.#settle()
      return result
    } catch (error) {
      await this.#settle().catch(() => undefined)
      throw error
    }
  }

  async #settle(): Promise<void> {
    let failed: { readonly error: unknown } | undefined
    while (this.#started.length > 0 && failed === undefined) {
      for (const action of this.#started.splice(0)) {
        try {
          await action
        } catch (error) {
          failed ??= { error }
        }
      }
    }
    if (failed !== undefined) throw failed.error
  }
}
