import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { RecordOrigin } from '../../base/record-error.js'
import type { Feeder } from '../execution/evaluate.js'
import { combineSink, tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { AnyFunction, LineageNode, PairTable } from '../plan/lineage.js'
import type { MapSide } from '../plan/stage-runner.js'
import { taskOf } from './task.js'

/**
 * Describes the map side of a shuffle.
 *
 * @param feeders one feeder a partition
 * @param newSink makes an empty table with the functions of the shuffle
 */
export function mapSide(parent: LineageNode, feeders: readonly Feeder[], newSink: () => CombineSink): MapSide {
  const { create, merge, own } = newSink()
  const spec = { parent, create, merge, ownsValues: own !== undefined }
  return {
    // Where no record moves, there is one feeder for each of several partitions.
    numPartitions: feeders.length === parent.numPartitions ? feeders.length : 0,
    taskOf: (partition, addressOf) => taskOf(spec, partition, addressOf),
    combine(partition) {
      const sink = newSink()
      return chain(feeders[partition]!(sink), () => tableOf(sink))
    },
  }
}

/** Runs a map side as a stage and merges its tables, in order of the partitions. */
export async function runStage(
  side: MapSide,
  mergeCombiners: AnyFunction,
  origin: RecordOrigin,
  evaluation: Evaluation,
): Promise<PairTable> {
  let merged: CombineSink | undefined
  const merge = (table: PairTable): MaybePromise<void> => {
    if (table.size === 0) return undefined
    // The keys are in tables of their own already.
    const copyKey: CombineSink['copyKey'] = (key) => key
    if (merged === undefined && table instanceof Map) {
      merged = combineSink(origin, undefined, mergeCombiners, { copyKey, map: table })
      return undefined
    }
    merged ??= combineSink(origin, undefined, mergeCombiners, { copyKey })
    return pass(table, [], merged, evaluation)
  }
  await evaluation.runtime.stages!.run(side, merge)
  return merged === undefined ? new Map<never, never>() : tableOf(merged)
}
