import type { Clock } from '../clock.js'

export interface RequestGateOptions {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Requests started per second, in all. */
  readonly perSecond: number
  /** Requests under way at once, in all. */
  readonly maxInFlight: number
}

/** A place in the traffic; give it back when the request is over. */
export interface Slot {
  /** When the request may be taken to have begun. */
  readonly startedAt: number
  /** @param answered whether the site gave an ordinary answer: it ends the caution after a pause */
  release(answered: boolean): void
}

interface Waiting {
  readonly start: (slot: Slot) => void
  readonly fail: (reason: unknown) => void
  readonly signal: AbortSignal
  readonly onAbort: () => void
}

/**
 * The one gate through which every request passes: so many at once, so many a second with jitter, and none at all while
 * the site has asked to be left alone. After such a pause a single request goes first, and the others follow once it
 * was answered.
 */
export class RequestGate {
  readonly #options: RequestGateOptions
  #queue: Waiting[] = []
  #inFlight = 0
  #nextAt = 0
  #pausedUntil = 0
  #cautious = false
  #timer: { cancel(): void } | undefined

  constructor(options: RequestGateOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** The end of the current pause, epoch milliseconds; undefined when there is none. */
  get pausedUntil(): number | undefined {
    return this.#pausedUntil > this.#options.clock.now() ? this.#pausedUntil : undefined
  }

  /**
   * Waits for a turn, first come first served.
   *
   * @param options `urgent` goes before all that wait
   * @throws the signal's reason when it aborts first
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

  /** No request begins for the next `ms`, and then one alone. A longer pause that is under way stays. */
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
    // Between half and one and a half times the mean, so that requests do not come like a clock's. A gate that was a
    // little late may catch up, so that coarse timers do not lower the rate.
    const gap = (1000 / perSecond) * (0.5 + random())
    this.#nextAt = Math.max(this.#nextAt, now - 100) + gap
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
