import type { Operator, Read } from '../src/streams/graph/operator.js'

/** Makes the reads of an operator that a test evaluates without a graph. All parents have the slide of `slideMs`. */
export function reads(read: (of: Operator<any>, time: number) => Promise<any> | undefined, slideMs = 1000): Read {
  const times = (_: Operator, afterMs: number, untilMs: number): number[] => {
    const first = Math.floor(Math.max(0, afterMs) / slideMs) + 1
    return Array.from(
      { length: Math.max(0, Math.floor(untilMs / slideMs) - first + 1) },
      (_, i) => (first + i) * slideMs,
    )
  }
  return Object.assign(read, { times, isWhole: () => true }) as Read
}

/** The reads of a source, which has no parents. */
export const noReads = reads(() => Promise.reject(new Error('a source has no parents')))
