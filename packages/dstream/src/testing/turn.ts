import { timersAtLoad } from '../platform/timers-at-load.js'

/** A turn of the event loop, so that callbacks that are due can run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => timersAtLoad.setImmediate(resolve))
}
