import type { OutputHost, OutputSpec } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'

/** The surroundings that a context gives to a sink when it opens it. */
export type SinkHost = OutputHost

/**
 * The place that an output operation writes to, exactly once: the records and the time of a batch become visible together,
 * or not at all.
 */
export interface Sink<in T> {
  /**
   * Opens the sink. Called at the start of the context, before any other method. A sink that needs nothing of its
   * surroundings may leave the parameter out.
   */
  open?(host?: SinkHost): void | Promise<void>
  /** Returns the time of the last batch that the sink holds; `undefined` for an empty one. */
  lastCommitted(): Time | undefined | Promise<Time | undefined>
  /**
   * Returns whether the sink holds the batch of `time`, which is not after the last one. A batch that has failed is run
   * again after a restart, after later batches. Without this method every such batch counts as written and is left out.
   */
  has?(time: Time): boolean | Promise<boolean>
  /** Stores the records and the time in one step. The batch has failed when the promise rejects. */
  write(batch: { time: Time; rdd: RDD<T> }): Promise<void>
  /** Called once, when the context has stopped. */
  close?(): void | Promise<void>
}

/**
 * Returns the output operation that writes each batch to a sink.
 *
 * Guarantee: exactly once. A batch that is run again after a crash is left out when the sink has it already.
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
        // An error of `close` says less than this one.
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
    lastCommitted: () => last,
    close,
  }
}
