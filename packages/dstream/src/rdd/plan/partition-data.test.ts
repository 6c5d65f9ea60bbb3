import { expect, test } from 'vitest'
import { RDDContext } from '../rdd-context.js'
import type { RDD } from '../rdd.js'

const sc = new RDDContext()
function reduced() {
  return sc
    .parallelize<readonly [string, number]>([
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ])
    .reduceByKey((x, y) => x + y)
}
const table = new Map([
  ['a', 4],
  ['b', 2],
])
const pairs = [...table]

test('a reduced partition is held as a table until somebody asks for an array', async () => {
  const rdd = reduced()
  expect(await rdd.partitions()).toEqual([table])
  expect(await rdd.partitions()).toEqual([table])
  expect(await rdd.materialise()).toEqual([pairs])
  expect(await rdd.partitions()).toEqual([pairs])
})

test('several partitions are held as arrays, and so is what no table made', async () => {
  const parts = await sc.parallelize(pairs, { numPartitions: 2 }).reduceByKey((x, y) => x + y, { numPartitions: 2 }).partitions() // prettier-ignore
  expect(parts.map(Array.isArray)).toEqual([true, true])
  expect(await sc.parallelize([1, 2]).partitions()).toEqual([[1, 2]])
  expect(await reduced().mapValues(String).partitions()).toEqual([[['a', '4'], ['b', '2']]]) // prettier-ignore
})

const reads: [string, (rdd: RDD<readonly [string, number]>) => Promise<unknown>, unknown][] = [
  ['collect', (rdd) => rdd.collect(), pairs],
  ['count', (rdd) => rdd.count(), 2],
  ['take', (rdd) => rdd.take(1), [['a', 4]]],
  ['values', (rdd) => rdd.values().collect(), [4, 2]],
  ['glom', (rdd) => rdd.glom().collect(), [pairs]],
  ['union', (rdd) => rdd.union(rdd).count(), 4],
  ['join', (rdd) => rdd.join(rdd).collect(), [['a', [4, 4]], ['b', [2, 2]]]], // prettier-ignore
  ['cache', (rdd) => rdd.cache().collect(), pairs],
  ['held', (rdd) => rdd.cacheAlways().partitions(), [table]],
]
test.each(reads)('%s reads a table that is held as the pairs it is', async (_, read, expected) => {
  const rdd = reduced()
  await rdd.partitions()
  expect(await read(rdd)).toEqual(expected)
  expect(await read(rdd)).toEqual(expected)
})
