import { timersAtLoad } from './timers-at-load.js'

/** The longest interval of Node's timers, in milliseconds. */
const LONGEST_MS = 0x7fffffff

/**
 * Keeps the process running until the returned function is called. A pending promise does not: a program that awaits
 * one ends silently, with exit code 0 or 13.
 */
export function keepAlive(): () => void {
  const timer = timersAtLoad.setInterval(() => undefined, LONGEST_MS)
  return () => timersAtLoad.clearInterval(timer)
}
