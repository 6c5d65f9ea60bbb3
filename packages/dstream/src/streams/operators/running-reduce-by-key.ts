import { operator } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { partitionerOf, type PartitionOptions } from '../../base/keys/partitioner.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { copyForCall } from '../state/freeze.js'
import { KeyedState } from '../state/keyed-state.js'
import { columnsOf } from './internal/columns.js'
import { inSlices } from './internal/in-slices.js'
import { withStateVersion, stateRDD } from './internal/state-rdd.js'
import type { StatefulOperator } from './update-state-by-key.js'

const KIND = 'runningReduceByKey'

/**
 * The running reduction of all batches so far. A batch is reduced first, then each of its keys is merged once: what is
 * not in the batch costs nothing.
 *
 * Law: after batch n, per key, `out = all values of batches 1 … n, in order, reduced by f`; keys in order of first arrival.
 */
export function runningReduceByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  options: PartitionOptions & { readonly sc: RDDContext },
): StatefulOperator<K, V> {
  const { sc, ...partitioning } = options
  const partitioner = partitionerOf(partitioning, sc.defaultParallelism, KIND)
  const table = new KeyedState<V>({ partitioner })
  const merge = (cell: Cell<V> | undefined, key: K, value: V, time: number): void => {
    try {
      const merged = cell === undefined ? value : f(copyForCall(cell.value) as V, value)
      if (cell === undefined) table.set(key, merged)
      else if (merged === undefined) table.drop(cell)
      else table.write(cell, merged)
    } catch (cause) {
      // Skipped: the total stays what it was.
      failOnRecord({ operator: KIND, time }, [key, value], cause, sc.runtime.onRecordError)
    }
  }
  const stateful = operator<[K, V]>({
    kind: KIND,
    params: { numPartitions: partitioner.numPartitions },
    parents: [parent],
    state: { tables: { state: table as KeyedState<unknown> }, version: 1 },
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      if (rdd === undefined && table.version === undefined) return undefined
      const batch = await rdd?.reduceInPassing(f, { partitioner }).label(KIND, time).held()
      const { keys, values } = await columnsOf(sc, batch ?? [])
      await withStateVersion([table], time, async () => {
        const cells = new Array<Cell<V> | undefined>(keys.length)
        await inSlices(sc, keys.length, (from, until) => {
          table.findCells(keys, cells, from, until)
          for (let i = from; i < until; i++) merge(cells[i], keys[i]!, values[i]!, time)
        })
      })
      return stateRDD<K, V>(sc, table, time)
    },
  })
  return { ...stateful, table }
}
