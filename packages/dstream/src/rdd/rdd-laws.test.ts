import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalOf } from '../base/keys/intern.js'
import type { Key } from '../base/keys/key.js'
import { compareNatural } from '../base/keys/natural-order.js'
import { HashPartitioner } from '../base/keys/partitioner.js'
import type { Yielder } from '../base/ports.js'
import { RDDContext } from './rdd-context.js'
import type { RDD } from './rdd.js'

/** Pauses after every record: results must not depend on it. */
const restless: Yielder = { begin: () => ({ size: 1, pause: () => Promise.resolve() }) }

const contexts = [
  ['at once', new RDDContext({ runtime: { codegen: 'auto' } })],
  ['paused after every record', new RDDContext({ runtime: { codegen: 'auto', yielder: restless } })],
  ['interpreted', new RDDContext({ runtime: { codegen: false } })],
  ['interpreted, paused after every record', new RDDContext({ runtime: { codegen: false, yielder: restless } })],
] as const

const key = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('a', 'b', '1', null, -0, NaN, 1n, 1.5, 2 ** 31))
const compound = fc.oneof({ weight: 4, arbitrary: key }, { weight: 1, arbitrary: fc.tuple(key, key) })
const value = fc.integer({ min: -9, max: 9 })
const pair = fc.tuple(compound as fc.Arbitrary<Key>, value)
/** Whole numbers have tables of their own, as long as no other key comes. */
const numbered = fc.array(fc.tuple(fc.integer({ min: -2, max: 5 }) as fc.Arbitrary<Key>, value), { maxLength: 30 })
const pairs = fc.oneof(fc.array(pair, { maxLength: 30 }), numbered)
const numbers = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 40 })
const parts = fc.integer({ min: 1, max: 5 })

function add(a: number, b: number): number {
  return a + b
}

/** Arrays stand in for RDDs: keys in order of their first arrival, compared by their encoding. */
function grouped<V>(records: readonly (readonly [Key, V])[]): [Key, V[]][] {
  const groups = new Map<string, [Key, V[]]>()
  for (const [k, v] of records) {
    const known = groups.get(canonicalOf(k).encoding)
    if (known === undefined) groups.set(canonicalOf(k).encoding, [k, [v]])
    else known[1].push(v)
  }
  return [...groups.values()]
}
function has(records: readonly (readonly [Key, unknown])[], k: Key) {
  return records.some(([other]) => canonicalOf(other).encoding === canonicalOf(k).encoding)
}
function unique(records: readonly Key[]): Key[] {
  return grouped(records.map((r) => [r, r])).map(([, [r]]) => r!)
}

/** −0 is 0 as a key: which of the two stands for both is not looked at. */
function seen(value: unknown): unknown {
  return Array.isArray(value) ? value.map(seen) : Object.is(value, -0) ? 0 : value
}
/** Keys of several partitions come in no order that is promised. */
function inAnyOrder(records: readonly unknown[]): unknown[] {
  return records
    .map((record) => JSON.stringify(seen(record), (_, v) => (typeof v === 'bigint' ? `${v}n` : v !== v ? 'NaN' : v)))
    .sort()
}

describe.each(contexts)('%s', (_, sc) => {
  const law = <A extends unknown[]>(
    name: string,
    arbitraries: { [I in keyof A]: fc.Arbitrary<A[I]> },
    check: (...args: A) => Promise<void>,
  ) =>
    test(name, () =>
      fc.assert(
        fc.asyncProperty(fc.tuple(...arbitraries) as unknown as fc.Arbitrary<A>, (args) => check(...args)),
        { numRuns: 30 },
      ),
    )

  const same = async (rdd: RDD<unknown>, expected: readonly unknown[]) =>
    expect(seen(await rdd.collect())).toEqual(seen(expected))

  law('steps of records are those of arrays', [numbers, parts], async (xs, numPartitions) => {
    const rdd = sc.parallelize(xs, { numPartitions })
    await same(
      rdd.map((x) => x + 1),
      xs.map((x) => x + 1),
    )
    await same(
      rdd.filter((x) => x > 0),
      xs.filter((x) => x > 0),
    )
    await same(
      rdd.flatMap((x) => [x, x]),
      xs.flatMap((x) => [x, x]),
    )
    await same(
      rdd.keyBy((x) => x % 3),
      xs.map((x) => [x % 3, x]),
    )
    await same(
      rdd.tap(() => {}),
      xs,
    )
    await same(rdd.union(rdd), [...xs, ...xs])
    await same(
      rdd.zipWithIndex(),
      xs.map((x, i) => [x, i]),
    )
    await same(
      rdd.zip(rdd.map((x) => -x)),
      xs.map((x) => [x, -x]),
    )
    await same(
      rdd.mapPartitions(function* (all) {
        for (const x of all) yield x * 2
      }),
      xs.map((x) => x * 2),
    )
    expect((await rdd.glom().collect()).flat()).toEqual(xs)
    expect(await rdd.glom().count()).toBe(numPartitions)
  })

  law('partitions are cut and laid together evenly', [numbers, parts, parts], async (xs, n, m) => {
    const rdd = sc.parallelize(xs, { numPartitions: n })
    const sizes = (await rdd.repartition(m).materialise()).map((part) => part.length)
    expect(sizes).toHaveLength(m)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    expect((await rdd.repartition(m).collect()).sort((a, b) => a - b)).toEqual([...xs].sort((a, b) => a - b))
    await same(rdd.coalesce(m), xs)
    expect(rdd.coalesce(m).numPartitions).toBe(Math.min(n, m))
    expect(rdd.coalesce(m, { shuffle: true }).numPartitions).toBe(m)
  })

  law('values of a key come together', [pairs, parts, parts], async (ps, n, m) => {
    const rdd = sc.parallelize(ps, { numPartitions: n })
    const groups = grouped(ps)
    const sums = groups.map(([k, vs]) => [k, vs.reduce(add)])
    await same(rdd.reduceByKey(add), sums)
    await same(rdd.groupByKey(), groups)
    await same(
      rdd.aggregateByKey(() => 0, add, add),
      sums,
    )
    await same(
      rdd.combineByKey(
        (v) => [v],
        (c, v) => [...c, v],
        (a, b) => [...a, ...b],
      ),
      groups,
    )
    await same(
      rdd.mapValues((v) => v + 1).keys(),
      ps.map(([k]) => k),
    )
    await same(
      rdd.flatMapValues((v) => [v, -v]).values(),
      ps.flatMap(([, v]) => [v, -v]),
    )
    expect(inAnyOrder(await rdd.reduceByKey(add, { numPartitions: m }).collect())).toEqual(inAnyOrder(sums))
    expect(seen([...(await rdd.countByKey())])).toEqual(seen(groups.map(([k, vs]) => [k, vs.length])))
    expect(seen([...(await rdd.collectAsMap())])).toEqual(seen(groups.map(([k, vs]) => [k, vs.at(-1)])))
    for (const [k, vs] of groups.slice(0, 2)) {
      expect(await rdd.lookup(k)).toEqual(vs)
      expect(await rdd.partitionBy(new HashPartitioner(m)).lookup(k)).toEqual(vs)
    }
    // Zero once per key and partition.
    const zeros = grouped(
      (await rdd.glom().collect()).flatMap((part) => grouped(part).map(([k, vs]) => [k, vs.reduce(add, 10)] as const)),
    )
    await same(
      rdd.foldByKey(10, add),
      zeros.map(([k, vs]) => [k, vs.reduce(add)]),
    )
  })

  law('every pair is where its partitioner says, and stays there', [pairs, parts, parts], async (ps, n, m) => {
    const partitioner = new HashPartitioner(m)
    const placed = sc.parallelize(ps, { numPartitions: n }).partitionBy(partitioner)
    for (const rdd of [placed, placed.reduceByKey(add), placed.mapValues(String), placed.filter(([, v]) => v > 0)]) {
      expect(rdd.partitioner).toBe(partitioner)
      const places = await rdd.materialise()
      places.forEach((part, i) => part.forEach(([k]) => expect(partitioner.getPartition(k)).toBe(i)))
    }
    expect(placed.map((p) => p).partitioner).toBeUndefined()
    const both = placed.union(placed.filter(([, v]) => v > 0))
    expect(both.partitioner).toBe(partitioner)
    expect(both.numPartitions).toBe(m)
  })

  law('rarely used ones', [numbers, parts, parts, fc.integer()], async (xs, n, m, seed) => {
    const rdd = sc.parallelize(xs, { numPartitions: n })
    const ids = await rdd.zipWithUniqueId().values().collect()
    expect(new Set(ids).size).toBe(xs.length)
    const pairs = rdd.mapToPair((x) => [x % 7, x])
    const within = (x: number) => x % 7 >= 1 && x % 7 <= 3
    await same(pairs.filterByRange(1, 3).values(), xs.filter(within))
    const all = new Map([[1, 1] as const, [2, 0] as const])
    await same(
      pairs.sampleByKey(false, all, seed).values(),
      xs.filter((x) => x % 7 === 1),
    )
    const sums = new Map<number, number>()
    for (const x of xs) sums.set(x % 7, (sums.get(x % 7) ?? 0) + x)
    expect(seen([...(await pairs.reduceByKeyLocally(add))])).toEqual(seen([...sums]))
    const partitioner = new HashPartitioner(m)
    const sorted = pairs.repartitionAndSortWithinPartitions(partitioner)
    expect(sorted.partitioner).toBe(partitioner)
    const placed = await pairs.partitionBy(partitioner).materialise()
    expect(seen(await sorted.materialise())).toEqual(seen(placed.map((part) => [...part].sort(([a], [b]) => a - b))))
    expect(await rdd.treeAggregate(() => 0, add, add)).toBe(xs.reduce(add, 0))
    if (xs.length > 0) expect(await rdd.treeReduce(Math.max)).toBe(Math.max(...xs))
  })

  law('joins are those of tables', [pairs, pairs, parts, parts], async (as, bs, n, m) => {
    const [a, b] = [sc.parallelize(as, { numPartitions: n }), sc.parallelize(bs, { numPartitions: m })]
    const [left, right] = [grouped(as), grouped(bs)]
    const valuesOf = (groups: [Key, number[]][], k: Key) =>
      groups.find(([o]) => canonicalOf(o).encoding === canonicalOf(k).encoding)?.[1] ?? []
    const keys = unique([...left, ...right].map(([k]) => k))
    await same(
      a.cogroup(b),
      keys.map((k) => [k, [valuesOf(left, k), valuesOf(right, k)]]),
    )
    const joined = (keepLeft: boolean, keepRight: boolean) => {
      const matches = bs.flatMap(([k, w]) => {
        const vs: unknown[] = valuesOf(left, k)
        return (vs.length === 0 && keepRight ? [undefined] : vs).map((v) => [k, [v, w]])
      })
      const alone = left.filter(([k]) => !has(bs, k)).flatMap(([k, vs]) => vs.map((v) => [k, [v, undefined]]))
      return keepLeft ? [...matches, ...alone] : matches
    }
    await same(a.join(b), joined(false, false))
    await same(a.leftOuterJoin(b), joined(true, false))
    await same(a.rightOuterJoin(b), joined(false, true))
    await same(a.fullOuterJoin(b), joined(true, true))
    const alone = grouped(as)
      .filter(([k]) => !has(bs, k))
      .flatMap(([k, vs]) => vs.map((v) => [k, v]))
    expect(inAnyOrder(await a.subtractByKey(b).collect())).toEqual(inAnyOrder(alone))
    expect(a.subtractByKey(b).numPartitions).toBe(n)
    const placed = a.partitionBy(new HashPartitioner(3)).join(b.partitionBy(new HashPartitioner(3)))
    expect(placed.numPartitions).toBe(3)
    expect(inAnyOrder(await placed.collect())).toEqual(inAnyOrder(joined(false, false)))
  })

  law('sets of records', [numbers, numbers, parts], async (xs, ys, n) => {
    const [a, b] = [sc.parallelize(xs, { numPartitions: n }), sc.parallelize(ys)]
    await same(a.distinct({ numPartitions: 1 }), [...new Set(xs)])
    expect(inAnyOrder(await a.distinct().collect())).toEqual(inAnyOrder([...new Set(xs)]))
    expect([a.distinct().numPartitions, a.subtract(b).numPartitions]).toEqual([n, n])
    await same(a.intersection(b), [...new Set(xs.filter((x) => ys.includes(x)))])
    expect(inAnyOrder(await a.subtract(b).collect())).toEqual(inAnyOrder(xs.filter((x) => !ys.includes(x))))
    await same(
      a.groupBy((x) => x % 2),
      grouped(xs.map((x) => [x % 2, x])),
    )
    expect(inAnyOrder(await a.cartesian(b).collect())).toEqual(inAnyOrder(xs.flatMap((x) => ys.map((y) => [x, y]))))
    expect(seen([...(await a.countByValue())])).toEqual(
      seen(grouped(xs.map((x) => [x, x])).map(([k, vs]) => [k, vs.length])),
    )
  })

  law('order is natural and stable', [pairs, parts, parts, fc.boolean()], async (ps, n, m, ascending) => {
    const records = ps.map(([, v], i) => ({ v, i }))
    const sorted = [...records].sort((a, b) => (ascending ? 1 : -1) * compareNatural(a.v, b.v))
    const rdd = sc.parallelize(records, { numPartitions: n })
    const sort = () => rdd.sortBy(({ v }) => v, { ascending, numPartitions: m })
    await same(sort(), sorted)
    expect(sort().numPartitions).toBe(m)
    for (const count of [0, 1, 3, 100]) {
      expect(await sort().take(count)).toEqual(sorted.slice(0, count))
      expect(
        await sort()
          .map(({ i }) => i)
          .take(count),
      ).toEqual(sorted.slice(0, count).map(({ i }) => i))
      const ranked = ascending ? rdd.takeOrdered(count, ({ v }) => v) : rdd.top(count, ({ v }) => v)
      expect(await ranked).toEqual(sorted.slice(0, count))
    }
    const byKey = rdd.mapToPair(({ v, i }) => [v, i]).sortByKey({ ascending })
    await same(
      byKey.values(),
      sorted.map(({ i }) => i),
    )
  })

  law('actions', [numbers, parts, fc.integer({ min: 0, max: 50 })], async (xs, numPartitions, n) => {
    const rdd = sc.parallelize(xs, { numPartitions })
    expect(await rdd.count()).toBe(xs.length)
    expect(await rdd.take(n)).toEqual(xs.slice(0, n))
    expect(await rdd.isEmpty()).toBe(xs.length === 0)
    expect(await rdd.fold(1, add)).toBe(xs.reduce(add, 1 + numPartitions))
    expect(
      await rdd.aggregate(
        () => '',
        (c, x) => `${c}${x},`,
        (a, b) => a + b,
      ),
    ).toBe(xs.map((x) => `${x},`).join(''))
    expect(await rdd.sum()).toBe(xs.reduce(add, 0))
    const kept: number[] = []
    for await (const x of rdd.toAsyncIterable()) kept.push(x)
    await rdd.foreach((x) => kept.push(x))
    await rdd.foreachAsync(async (x) => void kept.push(x), { concurrency: 3 })
    await rdd.foreachPartition((all) => void kept.push(...all))
    expect(kept).toEqual([...xs, ...xs, ...xs, ...xs])
    if (xs.length === 0) return
    expect(await rdd.first()).toBe(xs[0])
    expect(await rdd.reduce((a, b) => a * 2 - b)).toBe(xs.reduce((a, b) => a * 2 - b))
    expect([await rdd.min(), await rdd.max()]).toEqual([Math.min(...xs), Math.max(...xs)])
    const { mean, variance, count, sampleVariance } = await rdd.stats()
    expect(mean).toBeCloseTo(xs.reduce(add) / xs.length, 9)
    expect(variance).toBeCloseTo(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / count, 6)
    if (count > 1) expect(sampleVariance).toBeCloseTo((variance * count) / (count - 1), 6)
  })

  law('chance follows the seed', [numbers, parts, fc.integer()], async (xs, numPartitions, seed) => {
    const rdd = sc.parallelize(xs, { numPartitions })
    const split = rdd.randomSplit([1, 2, 1], seed)
    expect((await Promise.all(split.map((part) => part.collect()))).flat().sort()).toEqual([...xs].sort())
    expect(await rdd.sample(false, 0.5, seed).collect()).toEqual(await rdd.sample(false, 0.5, seed).collect())
    await same(rdd.sample(false, 1, seed), xs)
    await same(rdd.sample(true, 0, seed), [])
    const taken = await rdd.takeSample(false, 5, seed)
    expect(taken).toHaveLength(Math.min(5, xs.length))
    expect(await rdd.takeSample(false, 100, seed).then((all) => all.sort())).toEqual([...xs].sort())
    expect(await rdd.takeSample(true, 7, seed)).toHaveLength(xs.length === 0 ? 0 : 7)
  })
})
