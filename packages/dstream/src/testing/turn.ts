import { timersAtLoad } from '../platform/timers-at-load.js'

/** Resolves after a turn of the event loop, so that due callbacks have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => timersAtLoad.setImmediate(resolve))
}
