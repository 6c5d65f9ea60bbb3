import { describe, expect, test } from 'vitest'
import type { RDDFiles } from '../base/ports.js'
import { RDDContext } from './rdd-context.js'

const sc = new RDDContext({ defaultParallelism: 2 })

async function gather<T>(values: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

describe('RDDContext', () => {
  test('refuses an array with billions of places and one record', () => {
    const sparse: number[] = []
    sparse[4e9] = 1
    expect(() => sc.parallelize(sparse)).toThrow(
      'parallelize: records is an array of 4,000,000,001 places with no record at place 0. Pass the records only, Object.values(records)',
    )
  })

  test('cuts records into slices', async () => {
    expect(await sc.parallelize([1, 2, 3]).glom().collect()).toEqual([[1], [2, 3]])
    expect(
      await sc
        .parallelize(new Set([1, 2]), { numPartitions: 4 })
        .glom()
        .collect(),
    ).toEqual([[], [1], [], [2]])
    expect(sc.emptyRDD().numPartitions).toBe(0)
    expect(await sc.emptyRDD().map(String).collect()).toEqual([])
  })

  test.each([
    [0, 5, 1, [0, 1, 2, 3, 4]],
    [5, 0, -2, [5, 3, 1]],
    [3, 3, 1, []],
    [0, -1, 1, []],
  ])('range from %d to %d by %d', async (start, end, step, expected) => {
    for (const numPartitions of [1, 2, 7]) {
      const rdd = sc.range(start, end, { step, numPartitions })
      expect(await rdd.collect()).toEqual(expected)
      expect(await rdd.count()).toBe(expected.length)
      expect(rdd.numPartitions).toBe(numPartitions)
    }
  })

  test('a union of many', async () => {
    const union = sc.union([sc.parallelize([1, 2]), sc.emptyRDD<number>(), sc.parallelize([3])])
    expect(await union.collect()).toEqual([1, 2, 3])
    expect(union.numPartitions).toBe(4)
    expect(() => sc.union([1] as never)).toThrow(expect.objectContaining({ code: 'not-an-rdd' }))
  })

  test('files are saved partition by partition and loaded', async () => {
    const saved: unknown[] = []
    const files: RDDFiles = {
      save: async (_, path, partitions) => {
        for await (const part of partitions) saved.push([path, await gather(part)])
      },
      async *loadText() {
        yield* ['a', 'b', 'c']
      },
      saveParts: () => undefined,
      numbered: () => Promise.resolve([]),
      async *loadObjects() {
        yield* [1n, undefined]
      },
      async *loadWholeTexts(path) {
        yield* [[`${path}/a`, 'x\ny'], [`${path}/b`, 'z']] // prettier-ignore
      },
      async *loadWholeBytes(path) {
        yield [`${path}/a`, Uint8Array.of(1, 2)]
      },
    }
    const withFiles = new RDDContext({ runtime: { files } })
    const rdd = withFiles.parallelize([['a', 1], 'b'], { numPartitions: 2 })
    await rdd.saveAsTextFile('x')
    await rdd.saveAsObjectFile('y')
    expect(saved).toEqual([
      ['x', ['(a,1)']],
      ['x', ['b']],
      ['y', [['a', 1]]],
      ['y', ['b']],
    ])
    expect(await withFiles.textFile('x').take(2)).toEqual(['a', 'b'])
    expect(await withFiles.textFile('x', { numPartitions: 2 }).glom().collect()).toEqual([['a'], ['b', 'c']])
    expect(await withFiles.objectFile('y').collect()).toEqual([1n, undefined])
    expect(await withFiles.wholeTextFiles('d').mapValues((text) => text.length).collect()).toEqual([['d/a', 3], ['d/b', 1]]) // prettier-ignore
    expect(withFiles.wholeTextFiles('d', { numPartitions: 2 }).numPartitions).toBe(2)
    expect(await withFiles.binaryFiles('d').collect()).toEqual([['d/a', Uint8Array.of(1, 2)]])
  })

  test('broadcasts and accumulators', async () => {
    const stop = sc.broadcast(new Set(['a']))
    const dropped = sc.longAccumulator('dropped')
    const weight = sc.doubleAccumulator()
    const seen = sc.collectionAccumulator<string>()
    await sc.parallelize(['a', 'b']).foreach((word) => {
      if (stop.value.has(word)) dropped.add(1)
      weight.add(0.5)
      seen.add(word)
    })
    expect([dropped.name, dropped.value, dropped.isZero]).toEqual(['dropped', 1, false])
    expect(weight.value).toBe(1)
    expect(seen.value).toEqual(['a', 'b'])
    dropped.reset()
    expect([dropped.value, dropped.isZero]).toEqual([0, true])
    expect(() => dropped.add(0.5)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    stop.unpersist()
    stop.destroy()
    expect(() => stop.value).toThrow(`Attempted to use Broadcast(${stop.id}) after it was destroyed`)
  })
})

describe('RDD', () => {
  test.each([
    [[1, 2, 3, 4], 3, { buckets: [1, 2, 3, 4], counts: [1, 1, 2] }],
    [[5, 5], 4, { buckets: [5, 5], counts: [2] }],
    [[0, 10, 20, 30, -1], [0, 10, 20], { buckets: [0, 10, 20], counts: [1, 2] }],
  ])('histogram of %j by %j', async (xs, buckets, expected) => {
    expect(await sc.parallelize(xs).histogram(buckets)).toEqual(expected)
  })

  test('statistics of nothing', async () => {
    expect(await sc.parallelize<number>([]).stats()).toMatchObject({ count: 0, sum: 0, mean: NaN, min: Infinity })
    expect(await sc.parallelize<number>([]).sum()).toBe(0)
  })

  test('take stops where it has enough', async () => {
    const seen: number[] = []
    const rdd = sc.parallelize([1, 2, 3, 4, 5, 6], { numPartitions: 3 }).tap((n) => seen.push(n))
    expect(await rdd.take(3)).toEqual([1, 2, 3])
    expect(seen).toEqual([1, 2, 3])
    function* endless() {
      for (let n = 0; ; n++) yield n
    }
    expect(await sc.parallelize([0]).flatMap(endless).take(3)).toEqual([0, 1, 2])
    expect(await sc.parallelize([0], { numPartitions: 1 }).mapPartitions(endless).take(3)).toEqual([0, 1, 2])
  })

  test('a generator that is cut short runs its finally', async () => {
    let closed = 0
    function* guarded() {
      try {
        yield* [1, 2, 3]
      } finally {
        closed++
      }
    }
    await sc.parallelize([0]).flatMap(guarded).take(1)
    await sc.parallelize([0], { numPartitions: 1 }).mapPartitions(guarded).take(1)
    expect(closed).toBe(2)
  })

  test('a shared sort is evaluated once', async () => {
    let calls = 0
    const rdd = sc
      .parallelize([3, 1, 2])
      .tap(() => calls++)
      .sortBy((n) => n)
      .cacheAlways()
    expect([await rdd.take(1), await rdd.take(2), await rdd.collect()]).toEqual([[1], [1, 2], [1, 2, 3]])
    expect(calls).toBe(3)
  })

  test('records of the caller are shown, never handed over', async () => {
    const mine = [3, 1, 2]
    const rdd = sc.parallelize(mine, { numPartitions: 1 })
    await rdd.mapPartitions((all) => (Array.isArray(all) ? all.sort() : all)).collect()
    ;(await rdd.collect()).sort()
    ;(await rdd.glom().first()).sort()
    ;(await rdd.cacheAlways().collect()).sort()
    expect(mine).toEqual([3, 1, 2])
  })

  test('sampling keeps about its fraction', async () => {
    const rdd = sc.range(0, 10_000)
    expect(Math.abs((await rdd.sample(false, 0.3, 1).count()) - 3000)).toBeLessThan(200)
    expect(Math.abs((await rdd.sample(true, 2.5, 1).count()) - 25_000)).toBeLessThan(1000)
    const taken = await rdd.sample(false, 0.5, 1).collect()
    expect(await rdd.sample(false, 0.5, 2).collect()).not.toEqual(taken)
  })
})
