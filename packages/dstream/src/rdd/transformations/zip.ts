import { unequalParts, unequalPartitions } from '../../base/errors/rdd.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import { chain } from '../../base/maybe-promise.js'
import { LineageNode } from '../plan/lineage.js'

/**
 * Pairs record i of one RDD with record i of the other. Both must have the same number of partitions, with the same number
 * of records in each. @throws `unequal-partitions` at once, `unequal-parts` when evaluated
 */
export function zip(left: LineageNode, right: LineageNode): LineageNode {
  if (left.numPartitions !== right.numPartitions) throw unequalPartitions(left.numPartitions, right.numPartitions)
  return new LineageNode({
    kind: 'zip',
    parents: [left, right],
    numPartitions: left.numPartitions,
    plan: {
      type: 'perPartition',
      open: (i, evaluation) =>
        chain(recordsOfPartition(left, i, evaluation), (as) =>
          chain(recordsOfPartition(right, i, evaluation), (bs) => {
            if (as.length !== bs.length) throw unequalParts(i, as.length, bs.length)
            return zipped(as, bs)
          }),
        ),
    },
  })
}

function* zipped(as: readonly unknown[], bs: readonly unknown[]): Generator<readonly unknown[]> {
  for (let i = 0; i < as.length; i++) yield [as[i], bs[i]]
}

/** Pairs record i of partition p with the number i·n + p: unique, and known without counting the other partitions. */
export function zipWithUniqueId(parent: LineageNode): LineageNode {
  const { numPartitions } = parent
  return new LineageNode({
    kind: 'zipWithUniqueId',
    parents: [parent],
    numPartitions,
    plan: {
      type: 'perPartition',
      open: (p, evaluation) =>
        chain(recordsOfPartition(parent, p, evaluation), (records) => numbered(records, p, numPartitions)),
    },
  })
}

function* numbered(records: readonly unknown[], from: number, step: number): Generator<readonly unknown[]> {
  for (let i = 0; i < records.length; i++) yield [records[i], from + i * step]
}
