import type { OutputHost, OutputSpec } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'

/** The surroundings that a context gives to a sink when it opens it. */
export type SinkHost = OutputHost

/**
 * A store that takes part in exactly-once: what `write` is given and its batch time become visible together, or not at
 * all.
 */
export interface Sink<in T> {
  /** Called at start, before anything else. A sink that needs nothing of the host may leave the parameter out. */
  open?(host?: SinkHost): void | Promise<void>
  /** The time of the last batch that the store holds. */
  lastCommitted(): Time | undefined | Promise<Time | undefined>
  /**
   * Whether the store holds the batch of `time`, which is not after the last one. A batch that has failed is run again
   * after a restart, behind later ones: a sink without this method cannot tell it from one that it has, and passes it over.
   */
  has?(time: Time): boolean | Promise<boolean>
  /** Stores the records and the time as one. A batch of which this rejects has failed. */
  write(batch: { time: Time; rdd: RDD<T> }): Promise<void>
  /** Called once, when the context has stopped. */
  close?(): void | Promise<void>
}

/**
 * Writes each batch to a store that remembers which batches it has.
 *
 * Guarantee: exactly once. A batch that is run again after a crash is passed over when the store has it already.
 */
export function toSink<T>(parent: Operator<T>, sink: Sink<T>): OutputSpec {
  let last: number | undefined
  const close = async (): Promise<void> => sink.close?.()
  return {
    kind: 'to',
    params: {},
    parent,
    handsOutRDD: true,
    open: async (host) => {
      await sink.open?.(host)
      try {
        last = (await sink.lastCommitted())?.milliseconds
      } catch (error) {
        // Its own failure says less than this one.
        await close().catch(() => undefined)
        throw error
      }
    },
    run: async (rdd, time) => {
      const at = new Time(time)
      if (last !== undefined && time <= last && (await (sink.has?.(at) ?? true))) return
      await sink.write({ time: at, rdd: rdd as RDD<T> })
      last = Math.max(time, last ?? time)
    },
    close,
  }
}
