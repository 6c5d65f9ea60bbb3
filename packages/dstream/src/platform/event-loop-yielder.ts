import type { Slice, Yielder } from '../base/ports.js'
import { timersAtLoad } from './timers-at-load.js'

/** The time that evaluation may hold the event loop, and the time between two looks at the clock, in milliseconds. */
const HOLD_MS = 5
const LOOK_MS = 2
const FIRST_SIZE = 64
const LARGEST_SIZE = 1 << 17

let heldSince = 0
let breath: Promise<void> | undefined

/**
 * Resolves after one turn of the event loop, in which sockets are read and timers run. All runs that pause at once
 * share it.
 */
function yieldIfDue(): Promise<void> {
  return (breath ??= new Promise((resolve) => {
    timersAtLoad.setImmediate(() => {
      breath = undefined
      heldSince = performance.now()
      resolve()
    })
  }))
}

class TimedSlice implements Slice {
  size = FIRST_SIZE
  #last = performance.now()

  pause(): Promise<void> | undefined {
    const now = performance.now()
    const took = now - this.#last
    this.#last = now
    if (took < LOOK_MS / 2) this.size = Math.min(this.size * 2, LARGEST_SIZE)
    else if (took > LOOK_MS) this.size = Math.max(1, Math.floor((this.size * LOOK_MS) / took))
    if (now - heldSince < HOLD_MS) return undefined
    return yieldIfDue().then(() => {
      this.#last = performance.now()
    })
  }
}

/**
 * Lets the event loop turn about every 5 ms. A slice starts small and grows while its records are quick, so that the
 * clock is read at a fitting rate for a filter of nanoseconds and for a parser of milliseconds.
 */
export const eventLoopYielder: Yielder = {
  begin: () => {
    // An evaluation that begins after an idle time has not held the loop.
    const now = performance.now()
    if (now - heldSince > 2 * HOLD_MS) heldSince = now
    return new TimedSlice()
  },
}
