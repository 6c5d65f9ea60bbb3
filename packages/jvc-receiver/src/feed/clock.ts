/** Time and timers. Code that depends on time takes a clock; only {@link systemClock} reads the real time. */
export interface Clock {
  /** Returns the time in milliseconds since the epoch. */
  now(): number
  /** Calls `run` once, at or after `atMs`. */
  setTimer(atMs: number, run: () => void): { cancel(): void }
}

/** The longest time of Node's timers; a longer one would run at once. */
const LONGEST_MS = 0x7fffffff

/** The machine's clock. A timer never runs early: Node's may, by a fraction of a millisecond, and is then set again. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (atMs, run) => {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      timer = setTimeout(
        () => {
          const left = atMs - Date.now()
          if (left > 0) wait(left)
          else run()
        },
        Math.min(Math.max(0, leftMs), LONGEST_MS),
      )
    }
    wait(atMs - Date.now())
    return { cancel: () => clearTimeout(timer) }
  },
}
