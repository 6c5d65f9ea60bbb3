import type { Key } from '../../base/keys/key.js'
import { keyOf } from '../../base/keys/key.js'
import { partitionOf, type Partitioner } from '../../base/keys/partitioner.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { RecordOrigin } from '../../base/record-error.js'
import type { Feeder } from '../execution/evaluate.js'
import { bucketSink, type LoopSink } from '../execution/loop-sink.js'
import type { PairColumns } from '../execution/pair-columns.js'
import { columnsOf } from '../execution/pair-columns.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LeftPartitions, LineageNode, PairTable, PartitionData } from '../plan/lineage.js'
import type { MapSide, Merging } from '../plan/stage-runner.js'
import { chainBelow, mapSideTasks } from './task.js'

type Pair = readonly [unknown, unknown]

/** Returns a sink that takes the pairs of a partition as they are, and what gives them. It refuses what is no pair, and no key. */
export function uncombined(origin: RecordOrigin): {
  readonly sink: LoopSink
  readonly pairs: () => PairColumns<unknown, unknown>
} {
  const all: unknown[] = []
  const sink = bucketSink(origin, [all], (key) => (keyOf(key), 0))
  return { sink, pairs: () => columnsOf(all as Pair[]) }
}

interface DividedPairs {
  readonly node: LineageNode
  readonly parent: LineageNode
  /** One by hash. */
  readonly partitioner: Partitioner
  /** One feeder a partition of the parent. */
  readonly feeders: readonly Feeder[]
  readonly evaluation: Evaluation
}

/**
 * Moves pairs to the partitions of their keys as a stage, whose large tables may stay where they were made. Returns `undefined` where
 * none of it is done elsewhere.
 */
export function dividedElsewhere(given: DividedPairs): Promise<readonly PartitionData[] | LeftPartitions> | undefined {
  const { parent, evaluation } = given
  const { stages } = evaluation.runtime
  if (stages?.keepsTables !== true || isShared(parent)) return undefined
  const side = sideOf(given)
  return stages.takes(side) ? divided(side, given) : undefined
}

/** Whether some of the records are kept here for other readers too. */
function isShared(parent: LineageNode): boolean {
  for (let i = 0; i < parent.numPartitions; i++) if (chainBelow(parent, i).base.cached !== undefined) return true
  return false
}

function sideOf({ node, parent, partitioner, feeders, evaluation }: DividedPairs): MapSide {
  return {
    numPartitions: parent.numPartitions,
    ...mapSideTasks({ parent, create: undefined, merge: undefined, ownsValues: false }, evaluation),
    takeMade: () => undefined,
    combine(partition) {
      const { sink, pairs } = uncombined(node)
      return chain(feeders[partition]!(sink), pairs)
    },
    reduce: { merge: undefined, buckets: partitioner.numPartitions, keepsOrder: false },
    yieldIfDue: (pairs) => evaluation.yieldIfDue(pairs),
  }
}

async function divided(
  side: MapSide,
  { node, partitioner, evaluation }: DividedPairs,
): Promise<readonly PartitionData[] | LeftPartitions> {
  let buckets = newBuckets(partitioner)
  const add = (table: PairTable): MaybePromise<void> => {
    const sink = bucketSink(node, buckets, (key) => partitionOf(partitioner, keyOf(key) as Key))
    return pass(table, [], sink, evaluation)
  }
  const take = (): unknown[][] => {
    const taken = buckets
    buckets = newBuckets(partitioner)
    return taken
  }
  // Those of one partition stay in their order, whatever is between them.
  const merging: Merging = { add, take: () => columnsOf(take().flat() as Pair[]), mayLeave: true }
  const elsewhere = await evaluation.runtime.stages!.run(side, merging)
  if (elsewhere === undefined) return take()
  if ('partitions' in elsewhere) return elsewhere.partitions
  if ('table' in elsewhere) throw new TypeError('pairs that are divided are no table')
  const here = async (): Promise<readonly PartitionData[]> => {
    const merged = await elsewhere.merged()
    if (Array.isArray(merged)) return merged as readonly PairTable[]
    await add(merged as PairTable)
    return take()
  }
  return { tables: elsewhere, here }
}

function newBuckets({ numPartitions }: Partitioner): unknown[][] {
  return Array.from({ length: numPartitions }, (): unknown[] => [])
}
