import type { OutputSpec } from '../graph/graph.js'
import type { Operator } from '../graph/operator.js'
import type { RDD } from '../rdd/rdd.js'
import { Time } from '../time/time.js'

/**
 * A store that takes part in exactly-once: what `write` is given and its batch time become visible together, or not at
 * all.
 */
export interface Sink<in T> {
  open?(): void | Promise<void>
  /** The time of the last batch that the store holds. */
  lastCommitted(): Time | undefined | Promise<Time | undefined>
  write(batch: { time: Time; rdd: RDD<T> }): Promise<void>
  close?(): void | Promise<void>
}

/**
 * Writes each batch to a store that remembers which batches it has.
 *
 * Guarantee: exactly once. A batch that is run again after a crash is passed over when the store has it already.
 */
export const toSink = <T>(parent: Operator<T>, sink: Sink<T>): OutputSpec => {
  let last: number | undefined
  return {
    kind: 'to',
    params: {},
    parent,
    exposes: true,
    open: async () => {
      await sink.open?.()
      last = (await sink.lastCommitted())?.milliseconds
    },
    run: async (rdd, time) => {
      if (last !== undefined && time <= last) return
      await sink.write({ time: new Time(time), rdd: rdd as RDD<T> })
      last = time
    },
    close: async () => sink.close?.(),
  }
}
