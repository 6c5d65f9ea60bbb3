import type { MapKey } from '../../base/keys/key.js'
import { HashPartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import { chain } from '../../base/maybe-promise.js'
import type { Feeder } from '../execution/evaluate.js'
import { combineSink, tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { AnyFunction, LineageNode, PairTable } from '../plan/lineage.js'
import type { LeftTables, MapSide, Merging, ReduceSide } from '../plan/stage-runner.js'
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
  /** Merges the combined values of two partitions. */
  readonly mergeCombiners: AnyFunction
  /** The partitioner of the result. */
  readonly partitioner: Partitioner
  readonly evaluation: Evaluation
}

/** The tables of a shuffle by partition of the result. */
export class PartitionTables {
  constructor(readonly tables: readonly PairTable[]) {}
}

/** The most buckets of a map side. Each is a task of its own, and each partition leaves a block for each of them. */
const MOST_BUCKETS = 256
/** The most buckets of a result whose order is kept: more than workers there are mostly. */
const MOST_ORDERED = 64

/** Describes the map side of a shuffle. */
export function mapSide(parts: MapSideParts): MapSide {
  const { parent, feeders, sink, rider, evaluation } = parts
  const { origin, create, merge, own } = sink
  return {
    // Where no record moves, there is one feeder for each of several partitions.
    numPartitions: feeders.length === parent.numPartitions ? feeders.length : 0,
    ...mapSideTasks({ parent, create, merge, ownsValues: own !== undefined }, evaluation),
    takeMade: (partition) => rider?.takeMade(partition),
    combine(partition) {
      const table = combineSink(origin, create, merge, { copyKey: keepKey, own })
      return chain(feeders[partition]!(table), () => tableOf(table))
    },
    reduce: reduceSide(parts),
    yieldIfDue: (pairs) => evaluation.yieldIfDue(pairs),
  }
}

/** Whether a partitioner goes by the hash of keys, into several buckets that a map side may have. */
export function dividesByHash(partitioner: Partitioner): boolean {
  const { numPartitions } = partitioner
  const isByHash =
    partitioner instanceof HashPartitioner && partitioner.getPartition === HashPartitioner.prototype.getPartition
  return isByHash && numPartitions > 1 && numPartitions <= MOST_BUCKETS
}

/** Returns how workers may merge. A partitioner of the user's own is asked here, when the order of the pairs is made again. */
function reduceSide({ mergeCombiners, partitioner, parent }: MapSideParts): ReduceSide {
  if (dividesByHash(partitioner)) {
    return { merge: mergeCombiners, buckets: partitioner.numPartitions, keepsOrder: false }
  }
  return { merge: mergeCombiners, buckets: Math.min(parent.numPartitions, MOST_ORDERED), keepsOrder: true }
}

/** Keeps a key as it is. Only the keys of the merged table are copied. */
function keepKey(key: MapKey): MapKey {
  return key
}

/** The tables of a shuffle that have stayed where they were made. */
export class TablesElsewhere {
  constructor(readonly tables: LeftTables) {}

  async merged(): Promise<PairTable | PartitionTables> {
    const merged = await this.tables.merged()
    return Array.isArray(merged) ? new PartitionTables(merged as readonly PairTable[]) : (merged as PairTable)
  }
}

/** The run of a map side. */
interface StageRun {
  readonly evaluation: Evaluation
  readonly rider: Rider | undefined
  /** Whether large tables may stay where they were made. */
  readonly mayLeave: boolean
}

/**
 * Runs a map side as a stage and merges its tables, in order of the partitions. Workers may have merged them by partition of the
 * result.
 *
 * @param newSink makes an empty table with the functions of the merging
 */
export async function runStage(
  side: MapSide,
  newSink: () => CombineSink,
  { evaluation, rider, mayLeave }: StageRun,
): Promise<PairTable | PartitionTables | TablesElsewhere> {
  await rider?.waitForRecords(evaluation)
  let merged = newSink()
  const merging: Merging = {
    add: (table) => pass(table, [], merged, evaluation),
    take() {
      const table = tableOf(merged)
      merged = newSink()
      return table
    },
    mayLeave,
  }
  const elsewhere = await evaluation.runtime.stages!.run(side, merging)
  if (elsewhere === undefined) return merging.take()
  if ('release' in elsewhere) return new TablesElsewhere(elsewhere)
  return 'table' in elsewhere ? elsewhere.table : new PartitionTables(elsewhere.partitions)
}
