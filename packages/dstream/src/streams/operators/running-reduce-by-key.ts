import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { RDD } from '../../rdd/rdd.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Cell } from '../state/cell.js'
import { handOut } from '../state/own.js'
import type { KeyedState } from '../state/keyed-state.js'
import { columnsOf } from './internal/columns.js'
import { inSlices } from './internal/in-slices.js'
import { stateRDD } from './internal/state-rdd.js'
import { statefulOperator, type OperatorWithTable } from './internal/stateful-operator.js'

const KIND = 'runningReduceByKey'

/**
 * Reduces the values of each key over all batches so far. A batch is reduced first, then each of its keys is merged once:
 * a key without data in the batch costs nothing.
 *
 * Law: after batch n, per key, `out = all values of batches 1 … n, in order, reduced by f`; keys in order of first arrival.
 */
export function runningReduceByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  options: PartitionOptions & { readonly sc: RDDContext },
): OperatorWithTable<V, [K, V]> {
  const { sc, ...partitioning } = options
  return statefulOperator({ kind: KIND, parent, sc, partitioning }, (table: KeyedState<V>, numPartitions) => {
    const merge = (cell: Cell<V> | undefined, key: K, value: V, time: number): void => {
      try {
        const total = cell && handOut(cell.value)
        const merged = cell === undefined ? value : f(total as V, value)
        if (cell === undefined) table.set(key, merged)
        else if (merged === undefined) table.drop(cell)
        else table.writeBack(cell, merged, total)
      } catch (cause) {
        // When the record is skipped, the total keeps its value.
        failOnRecord({ operator: table.operatorId ?? KIND, time }, [key, value], cause, sc.runtime.onRecordError)
      }
    }
    return {
      params: { numPartitions },
      functions: [f],
      combine: (rdd: RDD<readonly [K, V]>, time) =>
        rdd.reduceByKeyTransient(f, { partitioner: table.partitioner }).label(KIND, time),
      gather: async (time, read, combined) => {
        const rdd = await combined(time, read)
        if (rdd === undefined && table.version === undefined) return undefined
        return columnsOf(sc, (await rdd?.partitions()) ?? [])
      },
      update: ({ keys, values }, time) => {
        const cells = new Array<Cell<V> | undefined>(keys.length)
        return inSlices(sc, keys.length, (from, until) => {
          table.findCells(keys, cells, from, until)
          for (let i = from; i < until; i++) merge(cells[i], keys[i]!, values[i]!, time)
        })
      },
      result: (time) => stateRDD<K, V>(sc, table, time),
    }
  })
}
