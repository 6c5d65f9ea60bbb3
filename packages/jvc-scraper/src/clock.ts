/** Time and timers. Code that depends on time takes a clock; only {@link systemClock} reads the real time. */
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

/** Waits for `ms` milliseconds. @throws the signal's reason as soon as the signal aborts */
export function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const stop = (): void => {
      timer.cancel()
      reject(signal.reason as Error)
    }
    const timer = clock.setTimer(clock.now() + ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}
