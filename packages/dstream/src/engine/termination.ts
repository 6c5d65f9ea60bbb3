import type { Clock } from '../base/ports.js'

interface Waiter {
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Settles the promises that await the end of a context: stopped, or failed with the last reported error (reference:
 * `ContextWaiter`). An error without a waiter has been logged, and never becomes an unhandled rejection.
 */
export class Termination {
  readonly #clock: Clock
  #waiters: Waiter[] = []
  #error: { readonly error: unknown } | undefined
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a wait would settle at once. */
  get settled(): boolean {
    return this.#stopped || this.#error !== undefined
  }

  /** The last error that was reported. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#error
  }

  fail(error: unknown): void {
    this.#error = { error }
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  stop(): void {
    this.#stopped = true
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  wait(): Promise<void> {
    const end = this.#settle()
    // An awaiting caller sees the rejection; a promise that is never awaited must not end the process.
    end.catch(() => undefined)
    return end
  }

  #settle(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error.error)
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Resolves to true when the context has stopped, to false after `timeoutMs`. */
  async waitOrTimeout(timeoutMs: number): Promise<boolean> {
    if (this.settled) return this.wait().then(() => true)
    let timer: { cancel(): void } | undefined
    const timeout = new Promise<false>((resolve) => {
      timer = this.#clock.setTimer(this.#clock.now() + timeoutMs, () => resolve(false))
    })
    let waiter: Waiter | undefined
    const end = new Promise<true>((resolve, reject) => {
      waiter = { resolve: () => resolve(true), reject }
      this.#waiters.push(waiter)
    })
    try {
      return await Promise.race([end, timeout])
    } finally {
      timer?.cancel()
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
    }
  }
}
