import type { Key } from '../../../base/keys/key.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Operator } from '../../graph/operator.js'
import type { KeyedState } from '../../state/keyed-state.js'
import { initialStates, seed } from './initial-states.js'
import { statefulOperator, type OperatorWithTable } from './stateful-operator.js'
import { stateRDD } from './state-rdd.js'
import type { StateOptions } from './state-options.js'

/** One partition of a batch, grouped by key. */
export type GroupedPairs<K, V> = readonly (readonly [K, V[]])[]

interface UpdateStatesOptions<K extends Key, S> extends StateOptions<K, S> {
  readonly sc: RDDContext
  readonly rememberPartitioner?: boolean | undefined
}

/**
 * Makes an operator whose states are updated from the grouped values of each batch, and whose stream holds all states. A
 * batch without an RDD counts as one without data; before the first data and without initial states the operator gives no
 * RDD.
 */
export function updateStates<K extends Key, V, K2 extends Key, S>(
  kind: string,
  parent: Operator<readonly [K, V]>,
  options: UpdateStatesOptions<K2, S>,
  update: (table: KeyedState<S>, batch: readonly GroupedPairs<K, V>[], time: number) => Promise<void>,
): OperatorWithTable<S, [K2, S]> {
  const { sc, initialState, version = 1, migrate, rememberPartitioner = true, ...partitioning } = options
  const initial = initialStates(kind, initialState)
  const spec = { kind, parent, sc, partitioning, version, migrate }
  return statefulOperator(spec, (table: KeyedState<S>, numPartitions) => ({
    params: { numPartitions, version },
    combine: (rdd: RDD<readonly [K, V]>, time) =>
      rdd.groupByKeyTransient({ partitioner: table.partitioner }).label(kind, time),
    gather: async (time, read, combined) => {
      const given = combined(time, read)
      const rdd = given instanceof Promise ? await given : given
      if (rdd === undefined && table.version === undefined && initial.none) return undefined
      const batch = (await rdd?.materialise()) ?? []
      const first = initial.read(table)
      return { batch, first: first instanceof Promise ? await first : first }
    },
    update: ({ batch, first }, time) => {
      seed(table, first)
      return update(table, batch, time)
    },
    result: (time) => stateRDD<K2, S>(sc, table, time, rememberPartitioner ? table.partitioner : null),
  }))
}
