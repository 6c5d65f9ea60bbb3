import type { Clock } from '../clock.js'

export interface RequestGateOptions {
  readonly clock: Clock
  /** Returns a number in [0, 1). */
  readonly random: () => number
  /** The mean rate at which requests start, per second. */
  readonly perSecond: number
  /** The maximum number of requests under way. */
  readonly maxInFlight: number
}

/** The permission to make one request; release it when the request is over. */
export interface Slot {
  /** The time at which the request starts, epoch milliseconds. */
  readonly startedAt: number
  /** @param answered whether the site gave an ordinary answer, which ends the caution after a pause */
  release(answered: boolean): void
}

interface Waiting {
  readonly start: (slot: Slot) => void
  readonly fail: (reason: unknown) => void
  readonly signal: AbortSignal
  readonly onAbort: () => void
}

/**
 * Limits all requests to the site: their rate (with jitter), their concurrency, and none at all during a pause that the
 * site has asked for. After a pause a single request goes first, and the others follow once it was answered.
 */
export class RequestGate {
  readonly #options: RequestGateOptions
  #queue: Waiting[] = []
  #inFlight = 0
  #nextAt = 0
  #pausedUntil = 0
  #cautious = false
  #timer: { cancel(): void } | undefined
  /** The least time between the starts of two requests, in milliseconds, whatever the rate. */
  minGapMs = 0

  constructor(options: RequestGateOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** The end of the current pause, epoch milliseconds, or undefined when there is none. */
  get pausedUntil(): number | undefined {
    return this.#pausedUntil > this.#options.clock.now() ? this.#pausedUntil : undefined
  }

  /**
   * Waits for a slot, first come, first served.
   *
   * @param options `urgent` overtakes all waiting requests
   * @throws the signal's reason when it aborts while waiting
   */
  acquire(signal: AbortSignal, options: { readonly urgent?: boolean } = {}): Promise<Slot> {
    return new Promise((start, fail) => {
      if (signal.aborted) return fail(signal.reason as Error)
      const waiting: Waiting = {
        start,
        fail,
        signal,
        onAbort: () => {
          this.#queue = this.#queue.filter((other) => other !== waiting)
          fail(signal.reason as Error)
        },
      }
      signal.addEventListener('abort', waiting.onAbort, { once: true })
      if (options.urgent) this.#queue.unshift(waiting)
      else this.#queue.push(waiting)
      this.#advance()
    })
  }

  /** Starts no request for the next `ms` milliseconds. A longer pause that is under way stays. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.clock.now() + ms)
    this.#cautious = true
    this.#advance()
  }

  #advance(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { clock, maxInFlight } = this.#options
    while (this.#queue.length > 0 && this.#inFlight < (this.#cautious ? 1 : maxInFlight)) {
      const now = clock.now()
      const at = Math.max(this.#nextAt, this.#pausedUntil)
      if (at > now) {
        this.#timer = clock.setTimer(at, () => this.#advance())
        return
      }
      this.#start(this.#queue.shift() as Waiting, now)
    }
  }

  #start({ start, signal, onAbort }: Waiting, now: number): void {
    signal.removeEventListener('abort', onAbort)
    const { perSecond, random } = this.#options
    // Varies the gap between half and one and a half times the mean, so that requests are not evenly spaced. A slot that
    // started up to 100 ms late is made up for, so that coarse timers do not lower the rate.
    const gap = (1000 / perSecond) * (0.5 + random())
    this.#nextAt = Math.max(Math.max(this.#nextAt, now - 100) + gap, now + this.minGapMs)
    this.#inFlight++
    let over = false
    start({
      startedAt: now,
      release: (answered) => {
        if (over) return
        over = true
        this.#inFlight--
        if (answered && now >= this.#pausedUntil) this.#cautious = false
        this.#advance()
      },
    })
  }
}
