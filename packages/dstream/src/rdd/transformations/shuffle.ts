import type { RecordOrigin } from '../../base/record-error.js'
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
import { feed, feedAll, pass } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { forEachInOrder, chain, type MaybePromise } from '../../base/maybe-promise.js'
import { PairColumns } from '../execution/pair-columns.js'
import { LineageNode, type AnyFunction, type PartitionData, type LoopInput } from '../plan/lineage.js'
import {
  bucketSink,
  collectSink,
  combineSink,
  tableOf,
  type CombineSink,
  type LoopSink,
} from '../execution/loop-sink.js'

/** Puts the records of one partition, or of all that are to come together, into a sink. */
type Feeder = (sink: LoopSink) => MaybePromise<void>

/**
 * The partitioner of a keyed operator: what the options ask for; else the largest that a parent has already, so that
 * nothing moves, unless it is smaller than the default and ten times smaller than the largest parent; else hash partitions
 * (Spark's `Partitioner.defaultPartitioner`).
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

/** How the result holds a key: see {@link CombineSink}. */
type KeyCopier = CombineSink['copyKey']

/** For results that are used up at once: whatever text a key was cut from is there anyway. */
export const keepKey: KeyCopier = (key) => key

/** Values of a key fold into one, over all partitions in order: `f` is associative, so no combiners are needed. */
export function reduceByKey(
  parent: LineageNode,
  kind: string,
  f: AnyFunction,
  partitioner: Partitioner,
  copyKey?: KeyCopier,
) {
  return foldTogether(parent, kind, [undefined, aFunction(kind, 'the function', f)], partitioner, copyKey)
}

/** Values of a key in order of arrival. */
export function groupByKey(
  parent: LineageNode,
  kind: string,
  partitioner: Partitioner,
  copyKey?: KeyCopier,
): LineageNode {
  return foldTogether(parent, kind, [(value: unknown) => [value], push], partitioner, copyKey)
}

function push(values: unknown[], value: unknown): unknown[] {
  values.push(value)
  return values
}

/** Spark's combineByKey: one combiner per key and partition, then the combiners of a key merge in order of partitions. */
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
  return keyed(kind, [parent], partitioner, ([feeders], origin, evaluation) => {
    let combined = combineSink(origin, undefined, mergeCombiners)
    const done = forEachInOrder(feeders!.length, (i) => {
      const sink = combineSink(origin, create, merge)
      return chain(feeders![i]!(sink), () => {
        if (i > 0) return pass(tableOf(sink), [], combined, evaluation)
        // The combiners of the first partition need no merging: its table is the one that the others are merged into.
        combined = combineSink(origin, undefined, mergeCombiners, undefined, sink)
      })
    })
    return chain(done, () => tableOf(combined))
  })
}

function foldTogether(
  parent: LineageNode,
  kind: string,
  [create, merge]: readonly [create: AnyFunction | undefined, merge: AnyFunction],
  partitioner: Partitioner,
  copyKey: KeyCopier = detachKey,
): LineageNode {
  return keyed(kind, [parent], partitioner, ([feeders], origin) => {
    const sink = combineSink(origin, create, merge, copyKey)
    const done = forEachInOrder(feeders!.length, (i) => feeders![i]!(sink))
    return chain(done, () => tableOf(sink))
  })
}

/**
 * A node whose records are pairs, mostly the entries of a table, built from its parents. Where all parents have the partitioner
 * already, the table of each partition is built alone and nothing moves.
 */
export function keyed(
  kind: string,
  parents: readonly LineageNode[],
  partitioner: Partitioner,
  build: (
    feeders: readonly (readonly Feeder[])[],
    origin: RecordOrigin,
    evaluation: Evaluation,
  ) => MaybePromise<LoopInput>,
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
            return build(feeders, node, evaluation)
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
          run(evaluation) {
            const feeders = parents.map((parent) =>
              Array.from(
                { length: parent.numPartitions },
                (_, i) => (sink: LoopSink) => feed(parent, i, sink, evaluation),
              ),
            )
            return chain(build(feeders, node, evaluation), (pairs) => split(pairs, partitioner, node, evaluation))
          },
        },
      })
  return node
}

/** The same pairs, each in the partition of its key, in order of arrival. */
export function partitionBy(parent: LineageNode, kind: string, partitioner: Partitioner): LineageNode {
  if (samePartitioner(parent.partitioner, partitioner)) return parent
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions: partitioner.numPartitions,
    partitioner,
    plan: {
      type: 'wide',
      run: (evaluation) => splitBy(partitioner, node, (sink) => feedAll(parent, sink, evaluation)),
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
  const out: unknown[] = []
  return chain(pass(pairs, [], collectSink(out), evaluation), () => [out])
}

function splitBy(partitioner: Partitioner, origin: RecordOrigin, feeder: Feeder): MaybePromise<unknown[][]> {
  const buckets = Array.from({ length: partitioner.numPartitions }, (): unknown[] => [])
  const partitionOf = (key: unknown) => partitionOfKey(partitioner, keyOf(key) as Key)
  return chain(feeder(bucketSink(origin, buckets, partitionOf)), () => buckets)
}
