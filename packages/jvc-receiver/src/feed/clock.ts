/** Time and timers, so that nothing else reads the real ones. The same shape as dstream's `Clock`. */
export interface Clock {
  now(): number
  /** Calls `run` once, at or after `atMs`. */
  setTimer(atMs: number, run: () => void): { cancel(): void }
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (atMs, run) => {
    const timer = setTimeout(run, Math.max(0, atMs - Date.now()))
    return { cancel: () => clearTimeout(timer) }
  },
}
