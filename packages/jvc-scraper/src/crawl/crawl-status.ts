import type { Clock } from '../clock.js'
import { messageOf } from '../errors.js'
import { NoPage } from './errors.js'

/**
 * The state of a crawl:
 *
 * - `starting`: the topic list has not been asked for with an outcome yet.
 * - `reading`: the last reading of the list succeeded.
 * - `challenged`: the last reading failed because the site asks for a human.
 * - `failing`: the last reading failed for another reason.
 */
export type CrawlState = 'starting' | 'reading' | 'challenged' | 'failing'

/** A snapshot of how the crawl is doing. Times are epoch milliseconds. */
export interface CrawlStatus {
  readonly state: CrawlState
  /** The time at which the crawl entered its state. */
  readonly since: number
  /** The time of the last complete reading of the list; undefined when the list was never read. */
  readonly lastReadAt: number | undefined
  /** The reason for the last failure; undefined in the states `starting` and `reading`. */
  readonly reason: string | undefined
}

/** Derives the {@link CrawlStatus} from the outcomes of reading the topic list. */
export class CrawlStatusTracker {
  readonly #clock: Clock
  #current: CrawlStatus

  constructor(clock: Clock) {
    this.#clock = clock
    this.#current = { state: 'starting', since: clock.now(), lastReadAt: undefined, reason: undefined }
  }

  get current(): CrawlStatus {
    return this.#current
  }

  succeeded(): void {
    this.#enter('reading', this.#clock.now(), undefined)
  }

  failed(error: unknown): void {
    const isChallenge = error instanceof NoPage && error.outcome.kind === 'challenge'
    this.#enter(isChallenge ? 'challenged' : 'failing', this.#current.lastReadAt, messageOf(error))
  }

  #enter(state: CrawlState, lastReadAt: number | undefined, reason: string | undefined): void {
    const since = state === this.#current.state ? this.#current.since : this.#clock.now()
    this.#current = { state, since, lastReadAt, reason }
  }
}
