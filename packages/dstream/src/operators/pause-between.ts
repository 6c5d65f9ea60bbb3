import type { RDDContext } from '../rdd/rdd-context.js'

/**
 * Cuts a loop into slices: to be called after each element, and what it returns, if anything, to be awaited, so that the
 * event loop can breathe.
 */
export const pauseBetween = (sc: RDDContext): (() => Promise<void> | undefined) => {
  const slice = sc.runtime.yielder.begin()
  let left = slice.size
  return () => {
    if (--left > 0) return undefined
    const pause = slice.pause()
    left = slice.size
    return pause
  }
}
