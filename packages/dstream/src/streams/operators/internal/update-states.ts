import type { Key } from '../../../base/keys/key.js'
import { release, type PlacedRecords } from '../../../rdd/execution/left-records.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Operator, PartitionUpdate } from '../../graph/operator.js'
import type { KeyedState } from '../../state/keyed-state.js'
import { initialStates, seed } from './initial-states.js'
import { statefulOperator, type OperatorWithTable } from './stateful-operator.js'
import { stateRDD } from './state-rdd.js'
import type { StateOptions } from './state-options.js'

/** One partition of a batch, grouped by key. */
export type GroupedPairs<K, V> = readonly (readonly [K, V[]])[]

/** How the states of a table are updated. */
interface StateSteps<K, V, S> {
  /** Updates the open version. @param isSeeded whether the table has just been given its initial states */
  update(batch: PlacedRecords<GroupedPairs<K, V>[number]>, time: number, isSeeded: boolean): Promise<unknown>
  /** The update of a partition on its own, where it can be. */
  readonly partitionUpdate?: PartitionUpdate<S, GroupedPairs<K, V>[number], never>
}

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
  stepsOf: (table: KeyedState<S>) => StateSteps<K, V, S>,
): OperatorWithTable<S, [K2, S]> {
  const { sc, initialState, version = 1, migrate, rememberPartitioner = true, ...partitioning } = options
  const initial = initialStates(kind, initialState)
  const spec = { kind, parent, sc, partitioning, version, migrate }
  return statefulOperator(spec, (table: KeyedState<S>, numPartitions) => {
    const { update, partitionUpdate } = stepsOf(table)
    return {
      params: { numPartitions, version },
      combine: (rdd: RDD<readonly [K, V]>, time) =>
        rdd.groupByKeyTransient({ partitioner: table.partitioner }).label(kind, time),
      gather: async (time, read, combined) => {
        const given = combined(time, read)
        const rdd = given instanceof Promise ? await given : given
        if (rdd === undefined && table.version === undefined && initial.none) return undefined
        const states = initial.read(table)
        const first = states instanceof Promise ? await states : states
        return { batch: (await rdd?.materialiseOrLeave()) ?? [], first }
      },
      update: ({ batch, first }, time) => {
        seed(table, first)
        return update(batch, time, first.length > 0)
      },
      release: ({ batch }) => release(batch),
      result: (time) => stateRDD<K2, S>(sc, table, time, rememberPartitioner ? table.partitioner : null),
      partitionUpdate,
    }
  })
}
