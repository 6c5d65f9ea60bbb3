import { describe, expect, test } from 'vitest'
import { HashPartitioner } from '../base/keys/partitioner.js'
import { RDDContext } from './rdd-context.js'
import { rddOf } from './rdd-of.js'

const sc = new RDDContext()

describe('RDD', () => {
  test('counts words over partitions, keys in order of arrival', async () => {
    const lines = sc.parallelize(['to be or', 'not to be'], { numPartitions: 2 })
    const words = lines.flatMap((line) => line.split(' ')).filter((word) => word !== 'or')
    const counts = words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b)
    expect(await counts.collect()).toEqual([
      ['to', 2],
      ['be', 2],
      ['not', 1],
    ])
    expect(words.numPartitions).toBe(2)
    expect(counts.numPartitions).toBe(1)
    expect(await words.count()).toBe(5)
    expect(await words.take(2)).toEqual(['to', 'be'])
  })

  test('a shared RDD is evaluated once, by several actions at once too', async () => {
    let calls = 0
    const rdd = sc
      .parallelize([1, 2, 3], { numPartitions: 2 })
      .map((n) => {
        calls++
        return n + 1
      })
      .cacheAlways()
    const results = await Promise.all([rdd.collect(), rdd.count(), rdd.map((n) => n * 2).collect()])
    expect(results).toEqual([[2, 3, 4], 3, [4, 6, 8]])
    expect(await rdd.materialise()).toEqual([[2], [3, 4]])
    expect(calls).toBe(3)
  })

  test('reports actions begun on a handle, and on what is derived from it, to its job', async () => {
    const begun: Promise<unknown>[] = []
    const handle = sc.parallelize([1, 2]).observedBy({ track: (action) => begun.push(action) })
    await handle.map((n) => n).count()
    await sc.parallelize([3]).union(handle).count()
    expect(begun).toHaveLength(2)
  })

  test('an error names operator, batch and record, and keeps what was thrown', async () => {
    const oops = new Error('oops')
    const rdd = sc
      .parallelize([1, 2])
      .map((n) => {
        if (n === 2) throw oops
        return n
      })
      .label('map#1', 3000)
    const error = await rdd.count().catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'record-error', operator: 'map#1', record: 2, cause: oops })
    expect((error as { time: unknown }).time).toMatchObject({ milliseconds: 3000 })
    expect(String(error)).toContain('map#1 in the batch of 3000 ms failed on the record 2: oops')
  })

  test('reads lazy and asynchronous partitions, and keeps a known partitioner in place', async () => {
    const partitioner = new HashPartitioner(2)
    const lazy = rddOf<readonly [number, string]>(
      sc,
      [{ iterate: () => new Map([[2, 'b']]) }, { load: () => Promise.resolve([[1, 'a'] as const]) }],
      { partitioner },
    )
    expect(
      await lazy
        .mapValues((v) => v + v)
        .groupByKey({ partitioner })
        .materialise(),
    ).toEqual([[[2, ['bb']]], [[1, ['aa']]]])
  })

  test('what has been made lets go of what it was made from, and remembers the counts', async () => {
    const words = sc.parallelize(['a b', 'a']).flatMap((line) => line.split(' '))
    const totals = words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b)
    const shared = totals.filter(([, n]) => n > 1).cacheAlways()
    expect(await shared.take(1)).toEqual([['a', 2]])
    expect(await shared.collect()).toEqual([['a', 2]])
    for (const rdd of [totals, shared]) expect(rdd.node.parents).toEqual([])
    expect(shared.counters().map(({ kind, taken, given }) => [kind, taken, given])).toEqual([
      ['flatMap', 2, 3],
      ['mapToPair', 3, 3],
      ['filter', 2, 1],
    ])
  })

  test('persist keeps, and lets go again', async () => {
    let calls = 0
    const rdd = sc.parallelize([1, 2]).tap(() => calls++)
    await rdd.persist().count()
    await rdd.collect()
    expect(calls).toBe(2)
    await rdd.unpersist().collect()
    expect(calls).toBe(4)
  })
})
