import type { Clock } from '../clock.js'
import type { Events } from './events.js'
import type { Forum } from './forum.js'

/** The interval between two checks of the clock, in milliseconds. */
const TICK = 20

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
  #timer: { cancel(): void }

  constructor(forum: Forum, events: Events, clock: Clock, rate: number, total: number) {
    this.#forum = forum
    this.#events = events
    this.#clock = clock
    this.#rate = rate
    this.#total = total
    this.#last = clock.now()
    this.#timer = this.#nextTick()
  }

  /** Publishes at once, independent of rate and total. */
  now(count: number): void {
    for (let i = 0; i < count; i++) this.#publish(this.#clock.now())
  }

  setRate(rate: number): void {
    this.#tick()
    this.#rate = rate
  }

  setTotal(total: number): void {
    this.#tick()
    this.#total = total
  }

  pause(): void {
    this.#tick()
    this.#paused = true
  }

  resume(): void {
    this.#tick()
    this.#paused = false
  }

  /** True when the total is reached. */
  get done(): boolean {
    return this.published >= this.#total
  }

  stop(): void {
    this.#timer.cancel()
  }

  #nextTick(): { cancel(): void } {
    return this.#clock.setTimer(this.#clock.now() + TICK, () => {
      this.#timer = this.#nextTick()
      this.#tick()
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
