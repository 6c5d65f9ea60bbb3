import type { RDDContext } from '../rdd/rdd-context.js'

/** Runs a loop over `length` elements in slices, between which the event loop can breathe. */
export const inSlices = async (
  sc: RDDContext,
  length: number,
  run: (from: number, until: number) => void,
): Promise<void> => {
  const slice = sc.runtime.yielder.begin()
  for (let from = 0; from < length;) {
    const until = Math.min(from + slice.size, length)
    run(from, until)
    from = until
    if (from === length) return
    const pause = slice.pause()
    if (pause !== undefined) await pause
  }
}
