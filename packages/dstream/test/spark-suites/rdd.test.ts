import { describe, expect, test } from 'vitest'
import { HashPartitioner, RDDContext, type Key, type RDD } from '../../src/index.js'

// What the suites of Spark's RDDs look at, through the public API: one line per case.

const sc = new RDDContext({ defaultParallelism: 4 })
function add(a: number, b: number): number {
  return a + b
}
function nums(from: number, to: number, numPartitions = 4): RDD<number> {
  return sc.parallelize(
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
    { numPartitions },
  )
}
function pairs<V>(list: readonly (readonly [Key, V])[], numPartitions = 4): RDD<readonly [Key, V]> {
  return sc.parallelize(list, { numPartitions })
}
async function sorted(rdd: { collect(): Promise<unknown[]> }): Promise<unknown[]> {
  return (await rdd.collect()).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
async function sizes(rdd: RDD<unknown>): Promise<number[]> {
  return (await rdd.glom().collect()).map((part) => part.length)
}
function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}

type Case = readonly [name: string, actual: () => unknown, expected: unknown]
function cases(table: readonly Case[]): void {
  test.each(table)('%s', async (_, actual, expected) => {
    expect(await actual()).toEqual(expected)
  })
}

describe('RDDSuite', () => {
  const rdd = nums(1, 4, 2)
  const dups = sc.parallelize([1, 1, 2, 2, 3, 3, 4, 4], { numPartitions: 2 })
  cases([
    ['collect', () => rdd.collect(), [1, 2, 3, 4]],
    ['distinct count of duplicates', () => dups.distinct().count(), 4],
    ['distinct', () => sorted(dups.distinct()), [1, 2, 3, 4]],
    ['distinct into partitions', () => dups.distinct({ numPartitions: 2 }).numPartitions, 2],
    ['reduce', () => rdd.reduce(add), 10],
    ['fold', () => rdd.fold(0, add), 10],
    ['fold begins each partition and the whole with the zero', () => rdd.fold(10, add), 10 + 3 * 10],
    ['first', () => rdd.first(), 1],
    ['count', () => rdd.count(), 4],
    ['isEmpty', () => rdd.isEmpty(), false],
    ['max, min', async () => [await rdd.max(), await rdd.min()], [4, 1]],
    ['top 2', () => rdd.top(2), [4, 3]],
    ['takeOrdered 2', () => rdd.takeOrdered(2), [1, 2]],
    ['take more than there is', () => rdd.take(100), [1, 2, 3, 4]],
    ['take 0', () => rdd.take(0), []],
    ['filter', () => rdd.filter((x) => x > 2).collect(), [3, 4]],
    ['flatMap', () => rdd.flatMap((x) => Array.from({ length: x }, (_, i) => i + 1)).collect(), [1, 1, 2, 1, 2, 3, 1, 2, 3, 4]], // prettier-ignore
    ['union with itself', () => rdd.union(rdd).collect(), [1, 2, 3, 4, 1, 2, 3, 4]],
    ['glom', () => rdd.glom().map((part) => part.join()).collect(), ['1,2', '3,4']], // prettier-ignore
    ['mapPartitions', () => rdd.mapPartitions((part) => [[...part].reduce(add)]).collect(), [3, 7]],
    ['mapPartitionsWithIndex', () => rdd.mapPartitionsWithIndex((i, part) => [[i, [...part].reduce(add)]]).collect(), [[0, 3], [1, 7]]], // prettier-ignore
    ['an empty RDD has no partition', () => sc.emptyRDD().numPartitions, 0],
    ['count of an empty RDD', () => sc.emptyRDD().count(), 0],
    ['collect of an empty RDD', () => sc.emptyRDD<number>().collect(), []],
    ['take of an empty RDD', () => sc.emptyRDD().take(3), []],
    ['isEmpty of an empty RDD', () => sc.emptyRDD().isEmpty(), true],
    ['isEmpty of nothing parallelized', () => sc.parallelize([]).isEmpty(), true],
    ['isEmpty of empty partitions', () => nums(1, 100, 10).filter((x) => x > 200).isEmpty(), true], // prettier-ignore
    ['isEmpty of a last record', () => nums(1, 100, 10).filter((x) => x === 100).isEmpty(), false], // prettier-ignore
    ['reduceByKey of an empty RDD', () => sc.emptyRDD<[string, number]>().reduceByKey(add).collect(), []],
    ['keys and values of nothing', () => sc.emptyRDD<[string, number]>().values().collect(), []],
    ['more partitions than records', () => sizes(sc.parallelize([1, 2], { numPartitions: 5 })), [0, 0, 1, 0, 1]],
    ['zip', () => rdd.zip(rdd.map(String)).collect(), [[1, '1'], [2, '2'], [3, '3'], [4, '4']]], // prettier-ignore
    ['zipWithIndex', () => sc.parallelize(['a', 'b', 'c'], { numPartitions: 2 }).zipWithIndex().collect(), [['a', 0], ['b', 1], ['c', 2]]], // prettier-ignore
    ['zipWithIndex of one partition', () => nums(0, 9, 1).zipWithIndex().map(([x, i]) => x - i).distinct().collect(), [0]], // prettier-ignore
    ['cartesian', () => sc.parallelize([1, 2]).cartesian(sc.parallelize(['a', 'b'])).collect().then((all) => all.length), 4], // prettier-ignore
    ['cartesian with nothing', () => nums(1, 3).cartesian(sc.emptyRDD()).collect(), []],
    ['intersection', () => sorted(nums(1, 4).intersection(sc.parallelize([3, 4, 4, 5]))), [3, 4]],
    ['intersection takes each once', () => sorted(sc.parallelize([5, 5, 5]).intersection(sc.parallelize([5, 5]))), [5]],
    ['subtract keeps what is there often', () => sorted(sc.parallelize([1, 1, 2, 3]).subtract(sc.parallelize([3]))), [1, 1, 2]], // prettier-ignore
    ['repartition up', () => nums(1, 1000, 10).repartition(20).numPartitions, 20],
    ['repartition keeps all', () => nums(1, 1000, 10).repartition(20).reduce(add), 500_500],
    ['repartition spreads evenly', async () => Math.max(...(await sizes(nums(1, 1000, 2).repartition(20)))) <= 60, true], // prettier-ignore
    ['coalesce down', () => sizes(nums(1, 10, 10).coalesce(2)), [5, 5]],
    ['coalesce does not grow', () => nums(1, 10, 2).coalesce(10).numPartitions, 2],
    ['coalesce grows with a shuffle', () => nums(1, 10, 2).coalesce(10, { shuffle: true }).numPartitions, 10],
    ['coalesce keeps order', () => nums(1, 10, 10).coalesce(3).collect(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    ['sortBy of numbers down', () => sc.parallelize([3, 1, 2]).sortBy((x) => x, { ascending: false }).collect(), [3, 2, 1]], // prettier-ignore
    ['sortBy of a tuple', () => sc.parallelize(['b1', 'a2', 'a1']).sortBy((s) => [s[0]!, Number(s[1])]).collect(), ['a1', 'a2', 'b1']], // prettier-ignore
    ['sortBy into partitions', () => sc.parallelize([3, 1, 2, 4]).sortBy((x) => x, { numPartitions: 2 }).numPartitions, 2], // prettier-ignore
    ['groupBy', () => sorted(nums(1, 4).groupBy((x) => x % 2)), [[0, [2, 4]], [1, [1, 3]]]], // prettier-ignore
    ['keyBy', () => nums(1, 2).keyBy((x) => x * 10).collect(), [[10, 1], [20, 2]]], // prettier-ignore
    ['aggregate into a Map', async () => {
      const counts = await sc.parallelize(['a', 'b', 'a'], { numPartitions: 3 }).aggregate(
        () => new Map<string, number>(),
        (map, x) => map.set(x, (map.get(x) ?? 0) + 1),
        (a, b) => (b.forEach((n, x) => a.set(x, (a.get(x) ?? 0) + n)), a),
      )
      return [...counts]
    }, [['a', 2], ['b', 1]]], // prettier-ignore
    ['countByValue', async () => [...(await dups.countByValue())], [[1, 2], [2, 2], [3, 2], [4, 2]]], // prettier-ignore
    ['takeSample without replacement has no twins', async () => new Set(await nums(1, 100, 2).takeSample(false, 20, 7)).size, 20], // prettier-ignore
    ['takeSample without replacement ends with the data', async () => (await nums(1, 100, 2).takeSample(false, 200, 7)).length, 100], // prettier-ignore
    ['takeSample with replacement goes on', async () => (await nums(1, 100, 2).takeSample(true, 200, 7)).length, 200],
    ['takeSample of nothing', () => sc.emptyRDD<number>().takeSample(false, 10, 1), []],
    ['takeSample of none', () => nums(1, 5).takeSample(false, 0, 1), []],
    ['a seed decides a sample', async () => (await nums(1, 999).sample(false, 0.3, 5).collect()).join() === (await nums(1, 999).sample(false, 0.3, 5).collect()).join(), true], // prettier-ignore
    ['sample of all', () => nums(1, 9).sample(false, 1, 3).count(), 9],
    ['sample of none', () => nums(1, 9).sample(false, 0, 3).count(), 0],
    ['randomSplit covers all, once', async () => (await Promise.all(nums(1, 600).randomSplit([1, 2, 3], 11).map((part) => part.collect()))).flat().sort((a, b) => a - b).length, 600], // prettier-ignore
    ['union of none', () => sc.union([]).collect(), []],
    ['union of partitions one after the other', () => sc.union([nums(1, 2, 1), nums(3, 4, 2)]).numPartitions, 3],
    ['mutable records are not copied', async () => (await sc.parallelize([{ n: 1 }]).map((o) => o).collect())[0], { n: 1 }], // prettier-ignore
  ])

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['reduce', () => sc.emptyRDD<number>().reduce(add), /empty collection/],
    ['first', () => sc.emptyRDD().first(), /empty collection/],
    ['max', () => sc.emptyRDD<number>().max(), /empty collection/],
    ['min', () => sc.emptyRDD<number>().min(), /empty collection/],
  ])('%s of an empty RDD says so', async (_, act, words) => {
    await expect(act()).rejects.toThrow(words)
  })

  test('zip of unequal numbers of partitions, or of records, is refused', async () => {
    expect(() => nums(1, 4, 2).zip(nums(1, 4, 3))).toThrow(/Can't zip RDDs with unequal numbers of partitions: 2 and 3/)
    await expect(
      nums(1, 4, 2)
        .zip(nums(1, 5, 2))
        .collect(),
    ).rejects.toThrow(/Can only zip RDDs with same number of elements in each partition/)
  })

  test.each([0, -1, 1.5, Number.NaN])('repartition(%s) and its like are refused', (n) => {
    expect(() => nums(1, 2).repartition(n)).toThrow(code('bad-option') as never)
    expect(() => nums(1, 2).coalesce(n)).toThrow()
    expect(() => sc.parallelize([1], { numPartitions: n })).toThrow()
    expect(() => new HashPartitioner(n)).toThrow()
  })
})

describe('ParallelCollectionSplitSuite', () => {
  cases([
    ['one record, many slices', () => sizes(sc.parallelize([1], { numPartitions: 3 })), [0, 0, 1]],
    ['as many as slices', () => sizes(nums(1, 3, 3)), [1, 1, 1]],
    ['100 in 3', () => sizes(nums(1, 100, 3)), [33, 33, 34]],
    ['a range in 3', () => sizes(sc.range(0, 100, { numPartitions: 3 })), [33, 33, 34]],
    ['a range', () => sc.range(0, 5).collect(), [0, 1, 2, 3, 4]],
    ['a range by steps', () => sc.range(0, 10, { step: 3 }).collect(), [0, 3, 6, 9]],
    ['a range down', () => sc.range(10, 0, { step: -3 }).collect(), [10, 7, 4, 1]],
    ['a range the wrong way', () => sc.range(10, 0).collect(), []],
    ['an empty range', () => sc.range(3, 3).count(), 0],
  ])
  test('a step of 0 is refused', () => {
    expect(() => sc.range(0, 5, { step: 0 })).toThrow(/step/)
  })
})

describe('PairRDDFunctionsSuite', () => {
  const some = pairs([[1, 1], [1, 2], [1, 3], [1, 1], [2, 1]]) // prettier-ignore
  const others = pairs<string>([[1, 'x'], [2, 'y'], [2, 'z'], [4, 'w']]) // prettier-ignore
  cases([
    ['groupByKey', () => sorted(some.groupByKey()), [[1, [1, 2, 3, 1]], [2, [1]]]], // prettier-ignore
    ['groupByKey with negative keys', () => sorted(pairs([[-1, 1], [-1, 2], [2, 1]]).groupByKey()), [[-1, [1, 2]], [2, [1]]]], // prettier-ignore
    ['groupByKey into many partitions', () => some.groupByKey({ numPartitions: 10 }).numPartitions, 10],
    ['reduceByKey', () => sorted(some.reduceByKey(add)), [[1, 7], [2, 1]]], // prettier-ignore
    ['reduceByKey, then collectAsMap', async () => [...(await some.reduceByKey(add).collectAsMap())].sort(), [[1, 7], [2, 1]]], // prettier-ignore
    ['foldByKey', () => sorted(some.foldByKey(0, add)), [[1, 7], [2, 1]]], // prettier-ignore
    ['aggregateByKey with a mutable zero of its own per key', () => sorted(pairs([[1, 1], [1, 1], [3, 2], [5, 1], [5, 3]], 2).aggregateByKey(() => new Set<number>(), (set, v) => set.add(v), (a, b) => new Set([...a, ...b])).mapValues((set) => [...set].sort())), [[1, [1]], [3, [2]], [5, [1, 3]]]], // prettier-ignore
    ['combineByKey', () => sorted(some.combineByKey((v) => [v], (c, v) => [...c, v], (a, b) => [...a, ...b]).mapValues((c) => c.length)), [[1, 4], [2, 1]]], // prettier-ignore
    ['countByKey', async () => [...(await some.countByKey())].sort(), [[1, 4], [2, 1]]], // prettier-ignore
    ['collectAsMap: the last of a key', async () => [...(await pairs([['a', 1], ['a', 2]], 1).collectAsMap())], [['a', 2]]], // prettier-ignore
    ['join', () => sorted(some.join(others)), [[1, [1, 'x']], [1, [1, 'x']], [1, [2, 'x']], [1, [3, 'x']], [2, [1, 'y']], [2, [1, 'z']]]], // prettier-ignore
    ['join of all with all', () => pairs([[1, 1], [1, 2]]).join(pairs([[1, 'x'], [1, 'y']])).count(), 4], // prettier-ignore
    ['join of no match', () => pairs([[1, 1]]).join(pairs([[2, 2]])).collect(), []], // prettier-ignore
    ['join with nothing', () => some.join(sc.emptyRDD<[Key, string]>()).collect(), []],
    ['leftOuterJoin', () => sorted(pairs([[1, 1], [3, 1]]).leftOuterJoin(others)), [[1, [1, 'x']], [3, [1, undefined]]]], // prettier-ignore
    ['rightOuterJoin', () => sorted(pairs([[1, 1]]).rightOuterJoin(others)), [[1, [1, 'x']], [2, [undefined, 'y']], [2, [undefined, 'z']], [4, [undefined, 'w']]]], // prettier-ignore
    ['fullOuterJoin', () => sorted(pairs([[1, 1], [3, 1]]).fullOuterJoin(others)), [[1, [1, 'x']], [2, [undefined, 'y']], [2, [undefined, 'z']], [3, [1, undefined]], [4, [undefined, 'w']]]], // prettier-ignore
    ['cogroup', () => sorted(pairs([[1, 1], [1, 2], [3, 1]]).cogroup(others)), [[1, [[1, 2], ['x']]], [2, [[], ['y', 'z']]], [3, [[1], []]], [4, [[], ['w']]]]], // prettier-ignore
    ['subtractByKey', () => sorted(pairs([['a', 1], ['b', 2], ['b', 3], ['c', 4]]).subtractByKey(pairs([['b', 0]]))), [['a', 1], ['c', 4]]], // prettier-ignore
    ['lookup', () => some.lookup(1), [1, 2, 3, 1]],
    ['lookup of an unknown key', () => some.lookup(99), []],
    ['lookup with a partitioner', () => some.partitionBy(new HashPartitioner(3)).lookup(2), [1]],
    ['lookup of an array key', () => pairs([[['a', 1], 'x']]).lookup(['a', 1]), ['x']], // prettier-ignore
    ['mapValues keeps the partitioner', () => some.partitionBy(new HashPartitioner(3)).mapValues(String).partitioner?.numPartitions, 3], // prettier-ignore
    ['map loses the partitioner', () => some.partitionBy(new HashPartitioner(3)).map((x) => x).partitioner, undefined],
    ['filter keeps the partitioner', () => some.partitionBy(new HashPartitioner(3)).filter(() => true).partitioner?.numPartitions, 3], // prettier-ignore
    ['flatMapValues', () => pairs([['a', [1, 2]], ['b', []]]).flatMapValues((v) => v).collect(), [['a', 1], ['a', 2]]], // prettier-ignore
    ['keys, values', async () => [await some.keys().count(), await some.values().sum()], [5, 8]],
    [
      'a join takes the larger partitioner',
      () => some.partitionBy(new HashPartitioner(7)).join(others).numPartitions,
      7,
    ],
    ['null is a key', () => sorted(pairs([[null, 1], [null, 2]]).reduceByKey(add)), [[null, 3]]], // prettier-ignore
    ['NaN is a key', () => pairs([[Number.NaN, 1], [Number.NaN, 2]]).reduceByKey(add).values().collect(), [3]], // prettier-ignore
    ['array keys by value', () => sorted(pairs([[[1, 'a'], 1], [[1, 'a'], 2]]).reduceByKey(add)), [[[1, 'a'], 3]]], // prettier-ignore
  ])
  test('a plain object is no key', async () => {
    await expect(pairs([[{} as never, 1]]).reduceByKey(add).collect()).rejects.toMatchObject({ cause: { code: 'key-not-allowed' } }) // prettier-ignore
  })
})

describe('SortingSuite', () => {
  const large = Array.from({ length: 1000 }, (_, i): [number, number] => [(i * 7919) % 1009, i])
  const up = [...large].sort(([a], [b]) => a - b)
  cases([
    ['sortByKey', () => pairs([['c', 1], ['a', 2], ['b', 3]]).sortByKey().collect(), [['a', 2], ['b', 3], ['c', 1]]], // prettier-ignore
    ['large', () => sc.parallelize(large, { numPartitions: 4 }).sortByKey().collect(), up],
    ['large, one partition', () => sc.parallelize(large).sortByKey({ numPartitions: 1 }).collect(), up],
    ['large, twenty partitions', () => sc.parallelize(large).sortByKey({ numPartitions: 20 }).collect(), up],
    ['down', () => sc.parallelize(large).sortByKey({ ascending: false }).keys().collect(), [...up].reverse().map(([k]) => k)], // prettier-ignore
    ['an empty RDD', () => sc.emptyRDD<[number, number]>().sortByKey().collect(), []],
    ['empty partitions', () => pairs([[2, 'b'], [1, 'a']], 8).sortByKey().collect(), [[1, 'a'], [2, 'b']]], // prettier-ignore
    ['values that are null', () => pairs([[2, null], [1, null]]).sortByKey().collect(), [[1, null], [2, null]]], // prettier-ignore
    ['partitions hold ranges', async () => {
      const parts = await sc.parallelize(large, { numPartitions: 4 }).sortByKey({ numPartitions: 4 }).keys().glom().collect() // prettier-ignore
      return parts.every((part, i) => i === 0 || Math.max(...parts[i - 1]!) <= Math.min(...part))
    }, true], // prettier-ignore
  ])
})

describe('PartitioningSuite', () => {
  test('HashPartitioners of one size are equal, of two sizes not', () => {
    const byTwo = pairs([['a', 1]]).partitionBy(new HashPartitioner(2))
    expect(byTwo.partitionBy(new HashPartitioner(2)).id).toBe(byTwo.id)
    expect(byTwo.partitionBy(new HashPartitioner(3)).id).not.toBe(byTwo.id)
  })

  test('HashPartitioner puts null into partition 0 and every key into range', () => {
    const p = new HashPartitioner(7)
    expect(p.getPartition(null)).toBe(0)
    for (const key of [0, -1, 2 ** 40, 'x', '', true, 5n, ['a', 1]]) {
      expect(p.getPartition(key)).toBeGreaterThanOrEqual(0)
      expect(p.getPartition(key)).toBeLessThan(7)
    }
  })
})

describe('DoubleRDDSuite', () => {
  const of = (list: number[]): RDD<number> => sc.parallelize(list, { numPartitions: 2 })
  const histogram = async (list: number[], buckets: number | number[]): Promise<number[]> =>
    (await of(list).histogram(buckets)).counts
  cases([
    ['sum', () => of([1, 2, 3.5]).sum(), 6.5],
    ['sum of nothing', () => of([]).sum(), 0],
    ['mean', () => of([1, 2, 3]).mean(), 2],
    ['stats', () => of([1, 2, 3, 4]).stats(), expect.objectContaining({ count: 4, sum: 10, mean: 2.5, variance: 1.25, min: 1, max: 4 })], // prettier-ignore
    ['the variance of a sample', async () => (await of([1, 2, 3, 4]).stats()).sampleVariance, 5 / 3],
    ['nothing in one bucket', () => histogram([], [0, 10]), [0]],
    ['within one bucket', () => histogram([1, 2, 3, 4], [0, 10]), [4]],
    ['out of range', () => histogram([10.01, -0.01], [0, 10]), [0]],
    ['the upper border belongs to the last bucket', () => histogram([10], [0, 10]), [1]],
    ['two buckets', () => histogram([1, 2, 3, 5, 6], [0, 5, 10]), [3, 2]],
    ['borders between', () => histogram([10.01, -0.01, 5], [0, 5, 10]), [0, 1]],
    ['uneven buckets', () => histogram([1, 2, 3, 5, 6], [0, 5, 11]), [3, 2]],
    ['NaN counts nowhere', () => histogram([1, Number.NaN, 6], [0, 5, 11]), [1, 1]],
    ['four buckets with infinities', () => histogram([10.01, -0.01, 0, 1, 3, 4, 13, 15.9, 16, 17, 30, 50], [0, 4, 5, 16, 30, 31, 1000].slice(0, 5)), [3, 1, 3, 3]], // prettier-ignore
    ['NaN as last border', () => histogram([-0.01, 0, 1, 2, 3, 5, 6, 11.01, 12, 199, 200, 200.1, Number.NaN], [0, 5, 11, 12, 200, Number.NaN]), [4, 2, 1, 2, 3]], // prettier-ignore
    ['a number of buckets', async () => await of([1, 2, 3, 4]).histogram(3), { buckets: [1, 2, 3, 4], counts: [1, 1, 2] }], // prettier-ignore
    ['one value, one bucket', async () => await of([5, 5]).histogram(1), { buckets: [5, 5], counts: [2] }],
  ])
  test('a histogram of nothing by number, of one border, or of borders out of order is refused', async () => {
    await expect(of([]).histogram(2)).rejects.toThrow(/empty RDD|cannot|no values/i)
    await expect(of([1]).histogram([1])).rejects.toThrow()
    await expect(of([1]).histogram([5, 1])).rejects.toThrow()
    await expect(of([Number.POSITIVE_INFINITY]).histogram(2)).rejects.toThrow()
  })
})

describe('AccumulatorSuite', () => {
  test('sums, collects, resets', async () => {
    const [sum, all] = [sc.longAccumulator('sum'), sc.collectionAccumulator<number>()]
    await nums(1, 20).foreach((x) => {
      sum.add(x)
      all.add(x)
    })
    expect([sum.value, sum.name, all.value.length]).toEqual([210, 'sum', 20])
    sum.reset()
    expect([sum.isZero, sum.value]).toEqual([true, 0])
  })
  test('a broadcast value is there, until it is destroyed', async () => {
    const names = sc.broadcast(['a', 'b'])
    expect(await nums(0, 1).map((i) => names.value[i]).collect()).toEqual(['a', 'b']) // prettier-ignore
    names.destroy()
    expect(() => names.value).toThrow()
  })
})
