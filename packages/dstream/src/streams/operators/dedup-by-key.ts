import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { operator } from '../graph/make.js'
import { partitionerOf } from '../../base/keys/partitioner.js'
import { pairOf } from '../../rdd/plan/record-policy.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { KeyedState } from '../state/keyed-state.js'
import { checkPositiveDuration, type Duration } from '../../base/time/duration.js'
import { eachInSlices } from './internal/in-slices.js'
import { withStateVersion } from './internal/state-rdd.js'

const KIND = 'dedupByKey'

/**
 * The first pair of each key, over all batches. Without a `ttl` keys are remembered for ever; with one a key is forgotten
 * in the first batch whose time minus the ttl lies strictly after the batch in which a pair of it passed, so that one may
 * pass again. Repeats do not prolong that.
 *
 * Law: over all batches, `out = in` without the pairs whose key has come before.
 */
export function dedupByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  options: { readonly sc: RDDContext; readonly ttl?: Duration | undefined },
): Operator<[K, V]> {
  const { sc, ttl } = options
  const ttlMs = ttl === undefined ? undefined : checkPositiveDuration(KIND, ttl).milliseconds
  const partitioner = partitionerOf({}, sc.defaultParallelism, KIND)
  const table = new KeyedState<true>({ partitioner, timed: ttlMs !== undefined })
  const keep = (pair: readonly [K, V], time: number, kept: [K, V][]): void => {
    const [key] = pairOf({ operator: KIND, time }, pair) as readonly [K, V]
    if (table.cell(key) !== undefined) return
    table.set(key, true)
    kept.push(pair as [K, V])
  }
  return operator<[K, V]>({
    kind: KIND,
    params: { ttlMs },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version: 1 },
    compute: async (time, read) => {
      const batch = (await (await read(parent, time))?.materialise()) ?? []
      const kept = batch.map((): [K, V][] => [])
      await withStateVersion([table], time, async () => {
        const each = eachInSlices(sc)
        // A key that is due goes before its record is looked at.
        if (ttlMs !== undefined) for (const cell of table.expired(time - ttlMs)) table.drop(cell)
        for (const [p, pairs] of batch.entries()) {
          await each(pairs, (pair) => keep(pair, time, kept[p]!))
        }
      })
      return rddOf(
        sc,
        kept.map((records) => ({ records })),
      )
    },
  })
}
