import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Each } from '../../graph/operator.js'

/** Runs a loop over `length` elements in slices; between two slices the event loop runs. */
export async function inSlices(
  sc: RDDContext,
  length: number,
  run: (from: number, until: number) => void,
): Promise<void> {
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

/**
 * Returns a loop over iterables that may pause after any element. Several iterables share the slices, because the first slice
 * is sized before the cost of an element is known.
 */
export function eachInSlices(sc: RDDContext): Each {
  const slice = sc.runtime.yielder.begin()
  let left = slice.size
  return async (elements, each) => {
    for (const element of elements) {
      each(element)
      if (--left > 0) continue
      const pause = slice.pause()
      left = slice.size
      if (pause !== undefined) await pause
    }
  }
}
