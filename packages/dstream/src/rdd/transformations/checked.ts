import { isPlainPair, notePlainPairs } from '../../base/values/array-extras.js'
import { copyRecord } from '../../base/values/copy.js'
import { chain, forEachInOrder, mapInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { partitionData } from '../execution/evaluate.js'
import { PairColumns } from '../execution/pair-columns.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode, type PartitionData } from '../plan/lineage.js'
import { failOnRecord } from '../plan/record-policy.js'

type Check = (value: unknown) => void

/** Records between two looks at the time. */
const CHUNK = 1024

/**
 * Checks every record of an RDD, and caches the records that pass. The partitions stay what they are, tables included, as
 * long as every record passes. One on which `check` throws goes the way of a record on which a user's function threw.
 */
export function checked(parent: LineageNode, check: Check): LineageNode {
  const node: LineageNode = new LineageNode({
    kind: parent.kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner: parent.partitioner,
    groups: parent.groups,
    plan: {
      type: 'wide',
      run: (evaluation) =>
        chain(partitionData(parent, evaluation), (parts) =>
          mapInOrder(parts.length, (i) => checkPartition(parts[i]!, i, node, check, evaluation)),
        ),
    },
  })
  node.copy = copyRecord
  return node
}

function checkPartition(
  data: PartitionData,
  partition: number,
  node: LineageNode,
  check: Check,
  evaluation: Evaluation,
): MaybePromise<PartitionData> {
  const refused = new Set<number>()
  const refuse = (i: number, record: unknown, cause: unknown): void => {
    failOnRecord(node, record, cause, evaluation.runtime.onRecordError, { place: `[${partition}] ${i}` })
    refused.add(i)
  }
  const records = data instanceof PairColumns || Array.isArray(data) ? data : [...data]
  const length = Array.isArray(records) ? records.length : (records as PairColumns<unknown, unknown>).size
  let arePlain = true
  const done = forEachInOrder(Math.ceil(length / CHUNK), (chunk) => {
    const until = Math.min((chunk + 1) * CHUNK, length)
    if (Array.isArray(records)) arePlain = checkRecords(records, chunk * CHUNK, until, check, refuse) && arePlain
    else checkColumns(records as PairColumns<unknown, unknown>, chunk * CHUNK, until, check, refuse)
    return chain(evaluation.yieldIfDue(until - chunk * CHUNK), () => true)
  })
  return chain(done, () => {
    if (refused.size > 0) return [...records].filter((_, i) => !refused.has(i))
    if (records === data && Array.isArray(records)) notePlainPairs(records, arePlain)
    return data
  })
}

type Refuse = (i: number, record: unknown, cause: unknown) => void

/** Returns whether all of these records are pairs with nothing beside two numbers or strings, which need no check. */
function checkRecords(records: readonly unknown[], from: number, until: number, check: Check, refuse: Refuse): boolean {
  let arePlain = true
  for (let i = from; i < until; i++) {
    const record = records[i]
    if (isPairOfPrimitives(record) && isPlainPair(record)) continue
    arePlain = false
    try {
      check(record)
    } catch (cause) {
      refuse(i, record, cause)
    }
  }
  return arePlain
}

/** Does not make the pairs: a check of two numbers is cheaper than an array of them. */
function checkColumns(
  { keys, values }: PairColumns<unknown, unknown>,
  from: number,
  until: number,
  check: Check,
  refuse: Refuse,
): void {
  for (let i = from; i < until; i++) {
    try {
      // As part of a pair, so that the place in an error is that of a pair; numbers and strings need no look.
      if (typeof keys[i] === 'object' || !isPrimitive(values[i])) check([keys[i], values[i]])
    } catch (cause) {
      refuse(i, [keys[i], values[i]], cause)
    }
  }
}

function isPairOfPrimitives(record: unknown): boolean {
  return Array.isArray(record) && record.length === 2 && isPrimitive(record[0]) && isPrimitive(record[1])
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string'
}
