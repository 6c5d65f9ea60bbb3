import { ActionTracker } from '../../streams/graph/action-tracker.js'
import type { Attempt, OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'

/**
 * Returns the output operation that calls `f` with the RDD of each batch, also of an empty one. The promise of `f` is
 * awaited, and so is every action that `f` begins.
 *
 * Guarantee: at least once per batch and in order of time. `time` is the same when a batch is run again, so that it can be
 * the key of an idempotent write.
 */
export function foreachRDD<T>(
  parent: Operator<T>,
  f: (rdd: RDD<T>, time: Time, attempt: Attempt) => unknown,
): OutputSpec {
  return {
    kind: 'foreachRDD',
    params: {},
    parent,
    handsOutRDD: true,
    rddFunction: { f, rdds: 1 },
    run: (rdd, time, attempt) => {
      const actions = new ActionTracker()
      return actions.run(() => f((rdd as RDD<T>).observedBy(actions), new Time(time), attempt)) as Promise<void>
    },
  }
}
