import { GROUPED } from '../../base/text/groups.js'
import type { RecordOrigin } from '../../base/record-error.js'
import { copyRecord } from '../../base/values/copy.js'
import { detachKey } from '../../base/keys/detach.js'
import { type Key, keyOf } from '../../base/keys/key.js'
import {
  asksFor,
  checkPartitionOptions,
  HashPartitioner,
  partitionerOf,
  partitionOf as partitionOfKey,
  samePartitioner,
  type Partitioner,
  type PartitionOptions,
} from '../../base/keys/partitioner.js'
import { aFunction } from '../../base/options.js'
import { begunFold } from '../execution/early-fold.js'
import { feed, feedAll, type Feeder } from '../execution/evaluate.js'
import { pass } from '../execution/pass.js'
import { dividesByHash, mapSide, PartitionTables, runStage, TablesElsewhere } from '../stages/map-side.js'
import { rideBelow } from '../stages/shared-stage.js'
import { dividedElsewhere } from '../stages/uncombined.js'
import { noteFunctions } from '../plan/body-trace.js'
import { ENGINE_FUNCTIONS } from '../plan/engine-functions.js'
import type { Evaluation } from '../plan/evaluation.js'
import { forEachInOrder, chain, type MaybePromise } from '../../base/maybe-promise.js'
import { PairColumns } from '../execution/pair-columns.js'
import { LineageNode, type AnyFunction, type Copy, type LoopInput, type PartitionData } from '../plan/lineage.js'
import {
  bucketSink,
  collected,
  collectSink,
  combineSink,
  tableOf,
  type CombineSink,
  type LoopSink,
} from '../execution/loop-sink.js'

/**
 * Chooses the partitioner of a keyed operator as Spark's `Partitioner.defaultPartitioner` does. The options come first. Then
 * comes the largest partitioner of a parent, so that its records need not move, unless that is smaller than the default
 * and ten times smaller than the largest parent. Otherwise the result is partitioned by hash.
 */
export function choosePartitioner(
  where: string,
  options: PartitionOptions | undefined,
  parents: readonly LineageNode[],
  defaultParallelism: number,
): Partitioner {
  checkPartitionOptions(where, options)
  if (asksFor(options)) return partitionerOf(options, defaultParallelism, where)
  let known: Partitioner | undefined
  for (const { partitioner } of parents) {
    if (partitioner !== undefined && partitioner.numPartitions > (known?.numPartitions ?? 0)) known = partitioner
  }
  const largest = Math.max(...parents.map(({ numPartitions }) => numPartitions))
  const fits = (n: number) => n >= defaultParallelism || n * 10 > largest
  return known !== undefined && fits(known.numPartitions) ? known : new HashPartitioner(defaultParallelism)
}

/** Copies a key for the result: see {@link CombineSink}. */
type KeyCopier = CombineSink['copyKey']

/** Copies nothing, for results that are consumed at once: the text that a key was cut from is in memory anyway. */
export const keepKey: KeyCopier = (key) => key

/**
 * Folds the values of each key, over all partitions in order. `f` is associative, so that no combiners are needed. It may
 * change its first argument, as the function of a fold may: the first value of a key is copied.
 */
export function reduceByKey(
  parent: LineageNode,
  kind: string,
  f: AnyFunction,
  partitioner: Partitioner,
  copyKey?: KeyCopier,
) {
  return foldTogether(parent, kind, { merge: aFunction(kind, 'the function', f) }, partitioner, copyKey, copyRecord)
}

/** Keeps the first value of each key. The keys are not copied: the values, which hold them, are in memory anyway. */
export function firstByKey(parent: LineageNode, kind: string, partitioner: Partitioner): LineageNode {
  return foldTogether(parent, kind, { merge: ENGINE_FUNCTIONS.first }, partitioner, keepKey)
}

/** Collects the values of each key in order of arrival. */
export function groupByKey(
  parent: LineageNode,
  kind: string,
  partitioner: Partitioner,
  copyKey?: KeyCopier,
): LineageNode {
  const { listOf, push, appendAll } = ENGINE_FUNCTIONS
  const node = foldTogether(
    parent,
    kind,
    { create: listOf, merge: push, mergeCombiners: appendAll },
    partitioner,
    copyKey,
  )
  node.groups = GROUPED
  return node
}

/** Makes one combiner per key and partition, then merges the combiners of a key in order of partitions, as Spark does. */
export function combineByKey(
  parent: LineageNode,
  kind: string,
  functions: { readonly create: AnyFunction; readonly merge: AnyFunction; readonly mergeCombiners: AnyFunction },
  partitioner: Partitioner,
): LineageNode {
  const { create, merge, mergeCombiners } = functions
  aFunction(kind, 'createCombiner', create)
  aFunction(kind, 'mergeValue', merge)
  aFunction(kind, 'mergeCombiners', mergeCombiners)
  noteFunctions(create, merge, mergeCombiners)
  const spec = { parent, create, merge, ownsValues: false }
  const rider = rideBelow(spec, () => combineSink(node, create, merge, { copyKey: keepKey }))
  const node: LineageNode = keyed(kind, [parent], partitioner, ([feeders], origin, evaluation, mayLeave) => {
    const newMerged = (): CombineSink => combineSink(origin, undefined, mergeCombiners)
    let combined = newMerged()
    const sink = combineSink(origin, create, merge)
    const { stages } = evaluation.runtime
    const parts = { parent, feeders: feeders!, sink, rider, mergeCombiners, partitioner, evaluation }
    const side = stages && mapSide(parts)
    if (side !== undefined && stages!.takes(side)) return runStage(side, newMerged, { evaluation, rider, mayLeave })
    const done = forEachInOrder(feeders!.length, (i) => {
      const sink = combineSink(origin, create, merge)
      return chain(feeders![i]!(sink), () => {
        if (i > 0) return pass(tableOf(sink), [], combined, evaluation)
        // The table of the first partition needs no merging: the others are merged into it.
        combined = combineSink(origin, undefined, mergeCombiners, { integers: sink.integers, map: sink.map })
      })
    })
    return chain(done, () => tableOf(combined))
  })
  return node
}

/** The functions of a fold that needs no combiners of its own: without `mergeCombiners`, `merge` merges them too. */
interface Fold {
  readonly create?: AnyFunction
  readonly merge: AnyFunction
  readonly mergeCombiners?: AnyFunction
}

function foldTogether(
  parent: LineageNode,
  kind: string,
  { create, merge, mergeCombiners = merge }: Fold,
  partitioner: Partitioner,
  copyKey: KeyCopier = detachKey,
  own?: Copy,
): LineageNode {
  noteFunctions(create, merge, mergeCombiners)
  const spec = { parent, create, merge, ownsValues: own !== undefined }
  const rider = rideBelow(spec, () => combineSink(node, create, merge, { copyKey: keepKey, own }))
  const node: LineageNode = keyed(kind, [parent], partitioner, ([feeders], origin, evaluation, mayLeave) => {
    const begun = begunFold(parent, { create, merge, copyKey, own }, origin)
    return chain(begun, (fold) => {
      const sink = combineSink(origin, create, merge, { copyKey, own, ...fold?.table })
      const { stages } = evaluation.runtime
      const parts = { parent, feeders: feeders!, sink, rider, mergeCombiners, partitioner, evaluation }
      const side = stages && mapSide(parts)
      if (side !== undefined && stages!.takes(side)) {
        const newMerged = (): CombineSink => combineSink(origin, undefined, mergeCombiners, { copyKey })
        return runStage(side, newMerged, { evaluation, rider, mayLeave })
      }
      const rest = feeders!.slice(fold?.partitions ?? 0)
      const done = forEachInOrder(rest.length, (i) => rest[i]!(sink))
      return chain(done, () => tableOf(sink))
    })
  })
  return node
}

/**
 * Makes a node of pairs, usually the entries of a table, that `build` makes from the parents. Where all parents have the
 * partitioner already, each partition is built on its own and no record moves.
 */
export function keyed(
  kind: string,
  parents: readonly LineageNode[],
  partitioner: Partitioner,
  build: (
    feeders: readonly (readonly Feeder[])[],
    origin: RecordOrigin,
    evaluation: Evaluation,
    mayLeave: boolean,
  ) => MaybePromise<LoopInput | PartitionTables | TablesElsewhere>,
): LineageNode {
  const { numPartitions } = partitioner
  const inPlace = parents.every((parent) => samePartitioner(parent.partitioner, partitioner))
  const node: LineageNode = inPlace
    ? new LineageNode({
        kind,
        parents,
        numPartitions,
        partitioner,
        cached: true,
        plan: {
          type: 'perPartition',
          open(i, evaluation) {
            const feeders = parents.map((parent) => [(sink: LoopSink) => feed(parent, i, sink, evaluation)])
            // Tables by partition come of a stage, and where no record moves there is none.
            return build(feeders, node, evaluation, false) as MaybePromise<LoopInput>
          },
        },
      })
    : new LineageNode({
        kind,
        parents,
        numPartitions,
        partitioner,
        plan: {
          type: 'wide',
          run: (evaluation) => chain(pairsOf(evaluation, false), (pairs) => partitionsOf(pairs as Here, evaluation)),
          leave: (evaluation) =>
            chain(pairsOf(evaluation, true), (pairs) => {
              if (!(pairs instanceof TablesElsewhere)) return partitionsOf(pairs, evaluation)
              const here = () => chain(pairs.merged(), (merged) => partitionsOf(merged, evaluation))
              return { tables: pairs.tables, here }
            }),
        },
      })
  const pairsOf = (evaluation: Evaluation, mayLeave: boolean) => {
    const feeders = parents.map((parent) => feedersOf(parent, evaluation))
    return build(feeders, node, evaluation, mayLeave)
  }
  const partitionsOf = (pairs: Here, evaluation: Evaluation) =>
    pairs instanceof PartitionTables ? pairs.tables : split(pairs, partitioner, node, evaluation)
  return node
}

/** The pairs of a shuffle whose tables have not stayed elsewhere. */
type Here = LoopInput | PartitionTables

function feedersOf(parent: LineageNode, evaluation: Evaluation): Feeder[] {
  return Array.from({ length: parent.numPartitions }, (_, i) => (sink: LoopSink) => feed(parent, i, sink, evaluation))
}

/** Moves each pair to the partition of its key, in order of arrival. */
export function partitionBy(parent: LineageNode, kind: string, partitioner: Partitioner): LineageNode {
  if (samePartitioner(parent.partitioner, partitioner)) return parent
  const moved = (evaluation: Evaluation) => splitBy(partitioner, node, (sink) => feedAll(parent, sink, evaluation))
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions: partitioner.numPartitions,
    partitioner,
    plan: {
      type: 'wide',
      run: moved,
      ...(dividesByHash(partitioner) && {
        leave: (evaluation) => {
          const feeders = feedersOf(parent, evaluation)
          return dividedElsewhere({ node, parent, partitioner, feeders, evaluation }) ?? moved(evaluation)
        },
      }),
    },
  })
  return node
}

function split(
  pairs: LoopInput,
  partitioner: Partitioner,
  origin: RecordOrigin,
  evaluation: Evaluation,
): MaybePromise<readonly PartitionData[]> {
  if (partitioner.numPartitions > 1) return splitBy(partitioner, origin, (sink) => pass(pairs, [], sink, evaluation))
  if (Array.isArray(pairs) || pairs instanceof Map || pairs instanceof PairColumns) return [pairs as PartitionData]
  const sink = collectSink()
  return chain(pass(pairs, [], sink, evaluation), () => [collected(sink)])
}

function splitBy(partitioner: Partitioner, origin: RecordOrigin, feeder: Feeder): MaybePromise<unknown[][]> {
  const buckets = Array.from({ length: partitioner.numPartitions }, (): unknown[] => [])
  const partitionOf = (key: unknown) => partitionOfKey(partitioner, keyOf(key) as Key)
  return chain(feeder(bucketSink(origin, buckets, partitionOf)), () => buckets)
}
