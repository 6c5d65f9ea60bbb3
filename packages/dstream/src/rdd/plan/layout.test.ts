import { expect, test } from 'vitest'
import { HashPartitioner, type Partitioner } from '../../base/keys/partitioner.js'
import type { Key } from '../../base/keys/key.js'
import { RDDContext } from '../rdd-context.js'
import type { RDD } from '../rdd.js'

// Where records lie, as Spark lays them: its PartitioningSuite, RDDSuite and PairRDDFunctionsSuite.

const sc = new RDDContext({ defaultParallelism: 4 })
/** Fits pairs whose keys are 0 to 4, and nothing else. */
const byKey: Partitioner = { numPartitions: 5, getPartition: (key: Key) => key as number }
function pairs(records: [number, string][], numPartitions = 2) {
  return sc.parallelize(records, { numPartitions })
}
const placed = pairs([[1, 'a'], [2, 'b'], [3, 'c'], [1, 'a']]).partitionBy(byKey) // prettier-ignore
const others = pairs([[2, 'b'], [3, 'cc'], [4, 'd']]) // prettier-ignore
const two = new HashPartitioner(2)
function concat(a: string, b: string) {
  return a + b
}

type Row = [
  name: string,
  rdd: RDD<unknown>,
  numPartitions: number,
  partitioner: Partitioner | undefined,
  records?: unknown[],
]
const rows: Row[] = [
  ['distinct of placed pairs stays in place', placed.distinct(), 5, byKey, [[1, 'a'], [2, 'b'], [3, 'c']]],
  ['distinct in so many as there are', placed.distinct({ numPartitions: 5 }), 5, byKey],
  ['distinct in other partitions', placed.distinct({ numPartitions: 3 }), 3, undefined, [[1, 'a'], [2, 'b'], [3, 'c']]],
  ['distinct of what is not placed', pairs([[1, 'a'], [1, 'a']], 3).distinct(), 3, undefined, [[1, 'a']]],
  ['distinct of nothing', sc.emptyRDD<number>().distinct(), 1, undefined, []],
  ['subtract', placed.subtract(others), 5, undefined, [[1, 'a'], [1, 'a'], [3, 'c']]],
  ['subtract from fewer', sc.parallelize([1, 2, 3], { numPartitions: 2 }).subtract(sc.parallelize([2], { numPartitions: 4 })), 2, undefined, [1, 3]], // prettier-ignore
  ['subtractByKey', placed.subtractByKey(others), 5, byKey, [[1, 'a'], [1, 'a']]],
  ['subtractByKey of what is not placed', others.subtractByKey(placed), 2, new HashPartitioner(2), [[4, 'd']]],
  ['intersection', placed.intersection(others), 4, undefined, [[2, 'b']]],
  ['a partitioner of fewer than the default', others.partitionBy(two).reduceByKey(concat), 2, two],
  ['the larger one', others.partitionBy(two).join(placed), 5, byKey],
  ['ten times smaller than another: the default', others.partitionBy(two).join(pairs([[1, 'a']], 20)), 4, new HashPartitioner(4)], // prettier-ignore
  ['a union with nothing', sc.union([sc.emptyRDD<[number, string]>(), placed]), 5, byKey],
] // prettier-ignore

test.each(rows)('%s', async (_, rdd, numPartitions, partitioner, records) => {
  expect(rdd.numPartitions).toBe(numPartitions)
  expect(rdd.partitioner).toEqual(partitioner)
  if (records !== undefined) expect((await rdd.collect()).sort()).toEqual(records)
})
