import { BatchMap } from '../../base/batch-map.js'
import { operator } from '../../streams/graph/make.js'
import { positiveNumber } from '../../base/options.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'

interface Rows {
  readonly from: number
  readonly until: number
}

/** The time at which counting began, and the next number. */
interface Progress {
  readonly zeroMs: number
  readonly next: number
}

/**
 * Counts 0, 1, 2, … at `rowsPerSecond` numbers per second of batch time. A batch that is run again gives the same numbers,
 * and a later run of the program goes on after the last number.
 *
 * Law: with whole batches, `out(k) = [⌊(k − 1)·i·r⌋ … ⌊k·i·r⌋ − 1]` for the k-th batch, interval i, rate r.
 */
export function rate(home: SourceHome, rowsPerSecond: number): InputSource<number> {
  positiveNumber('rateStream', 'rowsPerSecond', rowsPerSecond)
  const { streamId, slideMs, sc } = home
  const batches = new BatchMap<Rows>()
  let progress: Progress | undefined
  return {
    streamId,
    name: streamName('Rate', streamId),
    operator: operator<number>({
      kind: 'rateStream',
      params: { rowsPerSecond },
      parents: [],
      slideMs,
      source: true,
      compute: (time) => {
        const { from, until } = batches.get(time) ?? { from: 0, until: 0 }
        return rddOf(sc, [{ count: until - from, iterate: () => numbers(from, until) }])
      },
    }),
    start: () => {},
    stop: () => Promise.resolve(),
    plan: (time) => {
      const { zeroMs, next } = progress ?? { zeroMs: time - slideMs, next: 0 }
      const until = Math.max(next, Math.floor(((time - zeroMs) * rowsPerSecond) / 1000))
      progress = { zeroMs, next: until }
      const planned = { from: next, until, zeroMs }
      batches.set(time, planned)
      return planned
    },
    adopt: (time, planned) => {
      const { from, until, zeroMs } = planned as Rows & Progress
      batches.set(time, { from, until })
      progress = { zeroMs, next: Math.max(until, progress?.next ?? 0) }
    },
    snapshot: () => progress,
    restore: (snapshot) => {
      progress = snapshot as Progress
    },
    forget: (time) => batches.forget(time),
    info: (time) => {
      const { from, until } = batches.get(time) ?? { from: 0, until: 0 }
      return { inputStreamId: streamId, numRecords: until - from, metadata: {} }
    },
  }
}

function* numbers(from: number, until: number): Iterable<number> {
  for (let n = from; n < until; n++) yield n
}
