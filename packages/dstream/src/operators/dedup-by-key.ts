import type { Operator } from '../graph/operator.js'
import type { Key } from '../keys/key.js'
import { operator } from '../graph/make.js'
import { partitionerOf } from '../keys/partitioner.js'
import { rddOf } from '../rdd/rdd-of.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import { KeyedState } from '../state/keyed-state.js'
import { checkPositiveDuration, type Duration } from '../time/duration.js'
import { inVersion } from './state-rdd.js'

/**
 * The first pair of each key, over all batches; with a `ttl`, the first again when the key has not passed for longer than
 * that. Keys are remembered for ever without one.
 *
 * Law: over all batches, `out = in` without the pairs whose key has come before.
 */
export const dedupByKey = <K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  options: { readonly sc: RDDContext; readonly ttl?: Duration | undefined },
): Operator<[K, V]> => {
  const { sc, ttl } = options
  const ttlMs = ttl === undefined ? undefined : checkPositiveDuration('dedupByKey', ttl).milliseconds
  const partitioner = partitionerOf({}, sc.defaultParallelism, 'dedupByKey')
  const table = new KeyedState<true>({ partitioner, timed: ttlMs !== undefined })
  return operator<[K, V]>({
    kind: 'dedupByKey',
    params: { ttlMs },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version: 1 },
    compute: async (time, read) => {
      const batch = (await (await read(parent, time))?.materialise()) ?? []
      const kept: [K, V][][] = []
      await inVersion([table], time, () => {
        // A key that is due goes before its record is looked at.
        if (ttlMs !== undefined) for (const { key } of [...table.expired(time - ttlMs)]) table.delete(key)
        for (const pairs of batch) {
          const first = pairs.filter(([key]) => {
            if (table.cell(key) !== undefined) return false
            table.set(key, true)
            return true
          })
          kept.push(first as [K, V][])
        }
      })
      return rddOf(
        sc,
        kept.map((records) => ({ records })),
      )
    },
  })
}
