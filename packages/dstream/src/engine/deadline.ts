import type { Clock } from '../base/ports.js'

/** How long an aborted step may take to settle, in milliseconds. */
const GRACE_MS = 1000

/** Waits for the steps of a stop until a time is over, and keeps the names of those that were not done by then. */
export class Deadline {
  readonly #clock: Clock
  readonly #endMs: number
  readonly #hung = new Set<string>()

  /** @param clock a real clock: a step that hangs on a virtual one would never be over */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#endMs = clock.now() + timeoutMs
  }

  /** The steps that were not done in time. */
  get hung(): readonly string[] {
    return [...this.#hung]
  }

  get isOver(): boolean {
    return this.#clock.now() >= this.#endMs
  }

  /**
   * Waits for a step. When the time is over first, notes what hangs, aborts it, and waits a moment longer.
   *
   * @param names what hangs when the step is not done
   * @throws what the step throws in time
   */
  async wait(step: Promise<unknown>, names: () => readonly string[], abort?: () => void): Promise<void> {
    if (await this.#isDone(step, Math.max(0, this.#endMs - this.#clock.now()))) return
    for (const name of names()) this.#hung.add(name)
    abort?.()
    step.catch(() => undefined)
    await this.#isDone(step, GRACE_MS)
  }

  async #isDone(step: Promise<unknown>, ms: number): Promise<boolean> {
    let timer: { cancel(): void } | undefined
    const over = new Promise<false>((resolve) => {
      timer = this.#clock.setTimer(this.#clock.now() + ms, () => resolve(false))
    })
    try {
      return await Promise.race([step.then(() => true), over])
    } finally {
      timer?.cancel()
    }
  }
}
