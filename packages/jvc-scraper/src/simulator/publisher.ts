import type { Clock } from '../clock.js'
import type { Events } from './events.js'
import type { Forum } from './forum.js'

/** The shortest interval between two ticks, in milliseconds. */
const TICK = 20
/** The longest one. */
const MAX_TICK = 60_000

/** Publishes posts at a rate: as many as are due at each tick, each dated with the moment it was due. */
export class Publisher {
  readonly #forum: Forum
  readonly #events: Events
  readonly #clock: Clock
  /** Posts per second. */
  #rate: number
  /** Stop when this many are out. */
  #total: number
  /** The number of posts published since the start, by rate and by command. */
  published = 0
  #paused = false
  #last: number
  /** The posts that are due, with the fraction of the next one. */
  #owed = 0
  #timer: { cancel(): void } | undefined

  constructor(forum: Forum, events: Events, clock: Clock, rate: number, total: number) {
    this.#forum = forum
    this.#events = events
    this.#clock = clock
    this.#rate = rate
    this.#total = total
    this.#last = clock.now()
    this.#schedule()
  }

  /** Publishes at once, independent of rate and total. */
  now(count: number): void {
    for (let i = 0; i < count; i++) this.#publish(this.#clock.now())
  }

  setRate(rate: number): void {
    this.#tick()
    this.#rate = rate
    this.#schedule()
  }

  setTotal(total: number): void {
    this.#tick()
    this.#total = total
    this.#schedule()
  }

  pause(): void {
    this.#tick()
    this.#paused = true
  }

  resume(): void {
    this.#tick()
    this.#paused = false
    this.#schedule()
  }

  /** True when the total is reached. */
  get done(): boolean {
    return this.published >= this.#total
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Sets the timer for the next due post; none when no post will come by itself. */
  #schedule(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#paused || this.done || this.#rate <= 0) return
    const dueMs = ((1 - this.#owed) * 1000) / this.#rate
    this.#timer = this.#clock.setTimer(this.#clock.now() + Math.min(MAX_TICK, Math.max(TICK, Math.ceil(dueMs))), () => {
      this.#tick()
      this.#schedule()
    })
  }

  #tick(): void {
    const now = this.#clock.now()
    const elapsed = Math.max(0, now - this.#last)
    this.#last = now
    if (this.#paused || this.done || this.#rate <= 0) return
    const before = this.#owed
    this.#owed += (elapsed * this.#rate) / 1000
    for (let i = 1; this.#owed >= 1 && !this.done; i++) {
      this.#owed--
      this.#publish(Math.min(now, now - elapsed + ((i - before) * 1000) / this.#rate))
    }
    if (this.done) this.#owed = 0
  }

  #publish(at: number): void {
    this.#forum.publish(Math.floor(at))
    this.#events.afterPost(this.#clock.now())
    this.published++
  }
}
