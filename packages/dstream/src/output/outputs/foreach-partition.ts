import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { PartitionContext } from '../../rdd/plan/partition-context.js'
import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'

/** The batches whose finished partitions are known; a batch that is given up stays until so many have come behind it. */
const MOST_BATCHES = 64

/**
 * Returns the output operation that calls `f` with each partition of the RDD of each batch, with empty ones too. The promise of
 * `f` is awaited. A further attempt calls it with the partitions whose calls have not ended well.
 *
 * Guarantee: at least once per partition, and in order of time. Time and partition are the same when a batch is run again, so
 * that both can be the key of an idempotent write.
 */
export function foreachPartition<T>(
  parent: Operator<T>,
  f: (records: Iterable<T>, context: PartitionContext) => unknown,
): OutputSpec {
  /** The partitions that earlier attempts are done with, by batch. */
  const done = new Map<number, Map<number, unknown>>()
  return {
    kind: 'foreachPartition',
    params: {},
    parent,
    handsOutRDD: false,
    functions: [f as AnyFunction],
    byPartition: 'calls',
    run: async (rdd, time, attempt) => {
      const { number, replayed } = attempt
      const finished = (number > 1 && done.get(time)) || new Map<number, unknown>()
      done.set(time, finished)
      if (done.size > MOST_BATCHES) done.delete(done.keys().next().value!)
      await rdd.callPartitions({
        f: f as (records: Iterable<never>, context: PartitionContext) => unknown,
        attempt: { time, attempt: number, replayed },
        signalOf: () => attempt.signal,
        done: finished,
      })
      done.delete(time)
    },
  }
}
