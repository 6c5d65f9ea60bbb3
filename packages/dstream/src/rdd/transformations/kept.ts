import { chain, forEachInOrder, mapInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { isPlainPair, notePlainPairs } from '../../base/values/array-extras.js'
import { isFlatObject } from '../../base/values/copy.js'
import { contentsOf, isObject, isPairOfAtoms, noteContents } from '../execution/copies.js'
import { partitionData } from '../execution/evaluate.js'
import { columnsOf, PairColumns } from '../execution/pair-columns.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode, type Copy, type PairTable, type PartitionData } from '../plan/lineage.js'

/** Records between two looks at the time. */
const CHUNK = 1024

/**
 * Keeps the records of an RDD for later batches. What can be changed is copied, since the program that made a record may go on
 * using it. The partitions stay what they are, tables included, as long as nothing in them can be changed.
 *
 * @param copy copies a record, or the value of a pair in a table
 * @param made whether an operator has made the records: it makes a new array, and new pairs of numbers, strings and the like,
 *   which are kept as they are
 */
export function kept(parent: LineageNode, copy: Copy, made: boolean): LineageNode {
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
          mapInOrder(parts.length, (i) => keptPartition(parts[i]!, copy, made, evaluation)),
        ),
    },
  })
  node.copy = copy
  node.staged = undefined
  // Copies of what this thread has made are made here.
  node.stagedBelow = parent.staged === 'shuffle' ? undefined : parent.staged
  return node
}

/**
 * Hands out the records that a node keeps.
 *
 * @param isNew whether the readers are of the batch that makes the records, so that what makes them may be a stage for them too
 */
export function handedOut(parent: LineageNode, copy: Copy, isNew: boolean): LineageNode {
  const node = new LineageNode({
    kind: parent.kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner: parent.partitioner,
    groups: parent.groups,
    plan: { type: 'copies', copy },
  })
  node.staged = isNew ? parent.stagedBelow : undefined
  return node
}

function keptPartition(
  data: PartitionData,
  copy: Copy,
  made: boolean,
  evaluation: Evaluation,
): MaybePromise<PartitionData> {
  if (Array.isArray(data)) return keptRecords(made ? data : data.slice(), copy, made, evaluation)
  if (data instanceof Map && !hasObjects(data.values())) return data
  const { keys, values } = columnsOf(data as PairTable)
  return chain(keptRecords(values, copy, false, evaluation), (own) =>
    own === values ? data : new PairColumns(keys, own),
  )
}

function keptRecords(
  records: readonly unknown[],
  copy: Copy,
  made: boolean,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  const contents = contentsOf(records)
  if (contents === 'atoms' || (contents === 'pairs' && made)) return records
  return copiesOf(records, copy, made, evaluation)
}

function hasObjects(values: Iterable<unknown>): boolean {
  for (const value of values) if (isObject(value)) return true
  return false
}

/** Copies records, and notes what the copies consist of, so that no reader has to look at each of them. */
function copiesOf(
  given: readonly unknown[],
  copy: Copy,
  made: boolean,
  evaluation: Evaluation,
): MaybePromise<readonly unknown[]> {
  const own: unknown[] = []
  let arePairs = true
  let areFlat = true
  const done = forEachInOrder(Math.ceil(given.length / CHUNK), (chunk) => {
    const until = Math.min((chunk + 1) * CHUNK, given.length)
    for (let i = own.length; i < until; i++) {
      const value = given[i]
      if (isPairOfAtoms(value)) {
        areFlat = false
        const isPlain = isPlainPair(value)
        arePairs &&= isPlain
        own.push(made ? value : isPlain ? (value as unknown[]).slice() : copy(value))
        continue
      }
      arePairs = false
      own.push(isObject(value) ? copy(value) : value)
      areFlat &&= isFlatObject(own[i])
    }
    return chain(evaluation.yieldIfDue(until - chunk * CHUNK), () => true)
  })
  return chain(done, () => {
    if (arePairs) notePlainPairs(own, true)
    if (areFlat) noteContents(own, 'flat')
    return own
  })
}
