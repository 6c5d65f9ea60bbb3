import type { MapKey } from '../../base/keys/key.js'
import { chain } from '../../base/maybe-promise.js'
import type { Feeder } from '../execution/evaluate.js'
import { combineSink, tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode, PairTable } from '../plan/lineage.js'
import type { MapSide } from '../plan/stage-runner.js'
import type { Rider } from './rider.js'
import { mapSideTasks } from './task.js'

/** The parts of a map side. */
interface MapSideParts {
  readonly parent: LineageNode
  /** One feeder a partition. */
  readonly feeders: readonly Feeder[]
  /** An empty table with the functions of the shuffle. */
  readonly sink: CombineSink
  /** Has what the stage below the map side has made for it. */
  readonly rider: Rider | undefined
}

/** Describes the map side of a shuffle. */
export function mapSide({ parent, feeders, sink, rider }: MapSideParts): MapSide {
  const { origin, create, merge, own } = sink
  return {
    // Where no record moves, there is one feeder for each of several partitions.
    numPartitions: feeders.length === parent.numPartitions ? feeders.length : 0,
    ...mapSideTasks({ parent, create, merge, ownsValues: own !== undefined }),
    takeMade: (partition) => rider?.takeMade(partition),
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
export async function runStage(
  side: MapSide,
  merged: CombineSink,
  evaluation: Evaluation,
  rider: Rider | undefined,
): Promise<PairTable> {
  await rider?.waitForRecords(evaluation)
  await evaluation.runtime.stages!.run(side, (table) => pass(table, [], merged, evaluation))
  return tableOf(merged)
}
