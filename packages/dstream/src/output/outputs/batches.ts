import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'

/** One batch of `batches()`. */
export interface Batch<T> {
  /** The end of the interval of the batch. */
  time: Time
  records: T[]
}

interface Handover<T> {
  batch: Batch<T>
  taken: () => void
}

/**
 * Returns an output operation and the async iterable that reads it. Each batch is handed over when the loop asks for the
 * next one, so a slow loop slows the batches. The loop ends when the context has stopped; after the loop is left early,
 * batches run on unread.
 */
export function batches<T>(parent: Operator<T>): { output: OutputSpec; iterable: AsyncIterable<Batch<T>> } {
  const waiting: Handover<T>[] = []
  let asking: ((result: IteratorResult<Batch<T>>) => void) | undefined
  let ended = false

  const hand = (): void => {
    if (asking === undefined) return
    const next = waiting.shift()
    if (next === undefined && !ended) return
    const ask = asking
    asking = undefined
    next?.taken()
    ask(next === undefined ? { done: true, value: undefined } : { done: false, value: next.batch })
  }
  const end = (): void => {
    ended = true
    for (const { taken } of waiting.splice(0)) taken()
    hand()
  }

  const output: OutputSpec = {
    kind: 'batches',
    params: {},
    parent,
    handsOutRDD: false,
    run: async (rdd, time) => {
      if (ended) return
      const records = await (rdd as RDD<T>).collect()
      await new Promise<void>((taken) => {
        waiting.push({ batch: { time: new Time(time), records }, taken })
        hand()
      })
    },
    close: () => Promise.resolve(end()),
  }
  const iterator: AsyncIterator<Batch<T>> = {
    next: () =>
      new Promise((resolve) => {
        asking = resolve
        hand()
      }),
    return: () => {
      end()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return { output, iterable: { [Symbol.asyncIterator]: () => iterator } }
}
