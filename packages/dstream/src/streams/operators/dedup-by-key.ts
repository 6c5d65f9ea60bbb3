import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { pairOf } from '../../rdd/plan/shapes.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { KeyedState } from '../state/keyed-state.js'
import { checkPositiveDuration, type Duration } from '../../base/time/duration.js'
import { eachInSlices } from './internal/in-slices.js'
import { statefulOperator } from './internal/stateful-operator.js'

const KIND = 'dedupByKey'

/**
 * Passes the first pair of each key, over all batches. Without a `ttl` keys are remembered for ever. With one, a key
 * expires in the first batch whose time minus the ttl lies strictly after the batch in which its pair passed; then the next
 * pair of the key passes. Repeats do not extend the time.
 *
 * Law: over all batches, `out = in` without the pairs whose key has come before.
 */
export function dedupByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  options: { readonly sc: RDDContext; readonly ttl?: Duration | undefined },
): Operator<[K, V]> {
  const { sc, ttl } = options
  const ttlMs = ttl === undefined ? undefined : checkPositiveDuration(KIND, ttl).milliseconds
  const spec = { kind: KIND, parent, sc, partitioning: {}, timed: ttlMs !== undefined }
  return statefulOperator(spec, (table: KeyedState<true>) => {
    const passFirst = (pair: readonly [K, V], time: number, passed: [K, V][]): void => {
      const [key] = pairOf({ operator: KIND, time }, pair) as readonly [K, V]
      if (table.cell(key) !== undefined) return
      table.set(key, true)
      passed.push(pair as [K, V])
    }
    return {
      params: { ttlMs },
      gather: async (time, read) => (await (await read(parent, time))?.materialise()) ?? [],
      update: async (batch, time) => {
        const passed = batch.map((): [K, V][] => [])
        const each = eachInSlices(sc)
        // Expired keys are dropped before the records, so that a record of this batch passes again.
        if (ttlMs !== undefined) for (const cell of table.expired(time - ttlMs)) table.drop(cell)
        for (const [p, pairs] of batch.entries()) {
          await each(pairs, (pair) => passFirst(pair, time, passed[p]!))
        }
        return passed
      },
      result: (_, passed) =>
        rddOf(
          sc,
          passed.map((records) => ({ records })),
        ),
    }
  })
}
