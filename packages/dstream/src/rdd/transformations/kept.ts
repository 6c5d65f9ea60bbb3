import { chain, forEachInOrder, mapInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { isObject } from '../execution/copies.js'
import { partitionData } from '../execution/evaluate.js'
import { PairColumns } from '../execution/pair-columns.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode, type Copy, type PairTable, type PartitionData } from '../plan/lineage.js'

/** Records between two looks at the time. */
const CHUNK = 1024

/**
 * Keeps the records of an RDD for later batches. What can be changed is copied, since the program that made a record may go on
 * using it. The partitions stay what they are, tables included, as long as nothing in them can be changed.
 */
export function kept(parent: LineageNode, copy: Copy): LineageNode {
  const node = new LineageNode({
    kind: parent.kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner: parent.partitioner,
    groups: parent.groups,
    plan: {
      type: 'wide',
      run: (evaluation) =>
        chain(partitionData(parent, evaluation), (parts) =>
          mapInOrder(parts.length, (i) => keptPartition(parts[i]!, copy, evaluation)),
        ),
    },
  })
  node.copy = copy
  return node
}

/** Hands out the records that a node keeps. */
export function handedOut(parent: LineageNode, copy: Copy): LineageNode {
  return new LineageNode({
    kind: parent.kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner: parent.partitioner,
    groups: parent.groups,
    plan: { type: 'copies', copy },
  })
}

function keptPartition(data: PartitionData, copy: Copy, evaluation: Evaluation): MaybePromise<PartitionData> {
  if (Array.isArray(data)) return ownCopies(data, copy, evaluation)
  if (data instanceof Map && !hasObjects(data.values())) return data
  const { keys, values } = data instanceof PairColumns ? data : columnsOf(data as PairTable)
  return chain(ownCopies(values, copy, evaluation), (own) => (own === values ? data : new PairColumns(keys, own)))
}

function hasObjects(values: Iterable<unknown>): boolean {
  for (const value of values) if (isObject(value)) return true
  return false
}

function columnsOf(table: PairTable): PairColumns<unknown, unknown> {
  const keys: unknown[] = []
  const values: unknown[] = []
  for (const [key, value] of table) {
    keys.push(key)
    values.push(value)
  }
  return new PairColumns(keys, values)
}

/** Returns the array itself when nothing in it can be changed. */
function ownCopies(given: readonly unknown[], copy: Copy, evaluation: Evaluation): MaybePromise<readonly unknown[]> {
  let own: unknown[] | undefined
  const copyFrom = (from: number, until: number): void => {
    for (let i = from; i < until; i++) {
      const value = given[i]
      const copied = isObject(value) ? copy(value) : value
      if (own !== undefined) own.push(copied)
      else if (copied !== value) own = [...given.slice(0, i), copied]
    }
  }
  const done = forEachInOrder(Math.ceil(given.length / CHUNK), (chunk) => {
    const until = Math.min((chunk + 1) * CHUNK, given.length)
    copyFrom(chunk * CHUNK, until)
    return chain(evaluation.yieldIfDue(until - chunk * CHUNK), () => true)
  })
  return chain(done, () => own ?? given)
}
