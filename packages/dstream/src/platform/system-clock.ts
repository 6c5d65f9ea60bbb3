import type { Clock } from '../base/ports.js'

/** The longest time of Node's timers, 2^31 − 1 ms. A longer timer is set again when that time has passed. */
const LONGEST_MS = 0x7fffffff

/** The real clock. A timer never runs early: Node's may, by a fraction of a millisecond, and is then set again. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (atMs, run) => {
    let timer: NodeJS.Timeout
    const wait = (): void => {
      const left = atMs - Date.now()
      if (left <= 0) run()
      else timer = setTimeout(wait, Math.min(left, LONGEST_MS))
    }
    timer = setTimeout(wait, Math.min(Math.max(0, atMs - Date.now()), LONGEST_MS))
    return { cancel: () => clearTimeout(timer) }
  },
  setDelay: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_MS))
    return { cancel: () => clearTimeout(timer) }
  },
}
