import type { Clock } from 'jvc-receiver/feed'

export { systemClock, type Clock } from 'jvc-receiver/feed'

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
