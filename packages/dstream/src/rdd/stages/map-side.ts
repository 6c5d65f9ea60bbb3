import type { MapKey } from '../../base/keys/key.js'
import { chain } from '../../base/maybe-promise.js'
import type { Feeder } from '../execution/evaluate.js'
import { combineSink, tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode, PairTable } from '../plan/lineage.js'
import type { MapSide } from '../plan/stage-runner.js'
import { mapSideTasks } from './task.js'

/**
 * Describes the map side of a shuffle.
 *
 * @param feeders one feeder a partition
 * @param sink an empty table with the functions of the shuffle
 */
export function mapSide(parent: LineageNode, feeders: readonly Feeder[], sink: CombineSink): MapSide {
  const { origin, create, merge, own } = sink
  return {
    // Where no record moves, there is one feeder for each of several partitions.
    numPartitions: feeders.length === parent.numPartitions ? feeders.length : 0,
    taskOf: mapSideTasks({ parent, create, merge, ownsValues: own !== undefined }),
    combine(partition) {
      const table = combineSink(origin, create, merge, { copyKey: keepKey, own })
      return chain(feeders[partition]!(table), () => tableOf(table))
    },
  }
}

/** Keeps a key as it is. Only the keys of the merged table are copied. */
function keepKey(key: MapKey): MapKey {
  return key
}

/** Runs a map side as a stage and merges its tables into `merged`, in order of the partitions. */
export async function runStage(side: MapSide, merged: CombineSink, evaluation: Evaluation): Promise<PairTable> {
  await evaluation.runtime.stages!.run(side, (table) => pass(table, [], merged, evaluation))
  return tableOf(merged)
}
