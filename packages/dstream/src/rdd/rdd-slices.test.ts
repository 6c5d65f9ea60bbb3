import { describe, expect, test } from 'vitest'
import type { Yielder } from '../base/ports.js'
import { RDDContext } from './rdd-context.js'
import type { RDD } from './rdd.js'

const size = 1000
const records = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_011)

/** Lets the event loop breathe after every slice, and counts. */
function counting(): { pauses: number; yielder: Yielder } {
  const counted = {
    pauses: 0,
    yielder: {
      begin: () => ({
        size,
        pause: () => {
          counted.pauses++
          return Promise.resolve()
        },
      }),
    },
  }
  return counted
}

function pairsOf(rdd: RDD<number>) {
  return rdd.mapToPair((n) => [n % 5000, n])
}

// At least so many pauses as the work of one walk has slices.
const walks = records.length / size - 1

describe.each(['auto', false] as const)('an evaluation is cut into slices (codegen: %s)', (codegen) => {
  test.each<[string, number, (rdd: RDD<number>) => Promise<unknown>]>([
    ['count', walks, (rdd) => rdd.map((n) => n + 1).count()],
    ['collect', walks, (rdd) => rdd.filter((n) => n > 0).collect()],
    ['foreach', walks, (rdd) => rdd.foreach(() => {})],
    ['reduce', walks, (rdd) => rdd.reduce((a, b) => a + b)],
    [
      'a flatMap that makes many of one',
      walks,
      (rdd) =>
        rdd
          .coalesce(1)
          .glom()
          .flatMap((all) => all)
          .count(),
    ],
    [
      'a flatMap of a generator',
      walks,
      (rdd) =>
        rdd
          .glom()
          .flatMap((all) => all.values() as Iterable<number> & object)
          .count(),
    ],
    [
      'a flatMap whose items are all dropped',
      walks,
      (rdd) =>
        rdd
          .flatMap((n) => [n])
          .filter(() => false)
          .count(),
    ],
    [
      'reduceByKey',
      walks,
      (rdd) =>
        pairsOf(rdd)
          .reduceByKey((a, b) => a + b)
          .count(),
    ],
    ['groupByKey', walks, (rdd) => pairsOf(rdd).groupByKey().count()],
    [
      'combineByKey',
      2 * walks,
      (rdd) =>
        pairsOf(rdd)
          .combineByKey(
            (v) => v,
            (a) => a,
            (a) => a,
          )
          .count(),
    ],
    [
      'partitionBy',
      walks,
      (rdd) =>
        pairsOf(rdd)
          .reduceByKey((a) => a, { numPartitions: 4 })
          .count(),
    ],
    [
      'join',
      2 * walks,
      (rdd) =>
        pairsOf(rdd)
          .join(pairsOf(rdd).filter(([, n]) => n % 2 === 0))
          .count(),
    ],
    ['sortBy numbers', 2 * walks, (rdd) => rdd.sortBy((n) => n).collect()],
    ['sortBy strings', walks, (rdd) => rdd.sortBy((n) => `${n}`).collect()],
    ['top', walks, (rdd) => rdd.top(3)],
    ['repartition', walks, (rdd) => rdd.repartition(3).count()],
    ['zipWithIndex', walks, (rdd) => rdd.zipWithIndex().count()],
    ['countByValue', walks, (rdd) => rdd.countByValue()],
    [
      'many small partitions',
      walks,
      (rdd) =>
        rdd
          .repartition(400)
          .map((n) => n)
          .count(),
    ],
  ])('%s', async (_, least, run) => {
    const counted = counting()
    const sc = new RDDContext({ runtime: { codegen, yielder: counted.yielder } })
    await run(sc.parallelize(records))
    expect(counted.pauses).toBeGreaterThanOrEqual(least / 2)
  })
})

test.each([
  ['numbers', (n: number) => n % 1000],
  ['strings', (n: number) => `${n % 1000}`],
  ['arrays', (n: number) => [n % 10, `${n % 7}`]],
  ['numbers with NaN', (n: number) => (n % 50 === 0 ? NaN : n % 1000)],
])('a long sort of %s is that of an array', async (_, by) => {
  const { compareNatural } = await import('../base/keys/natural-order.js')
  const tagged = records.map((n, i) => [by(n), i] as const)
  const sc = new RDDContext()
  for (const ascending of [true, false]) {
    const expected = [...tagged].sort((a, b) => (ascending ? 1 : -1) * compareNatural(a[0], b[0]))
    const sorted = sc.parallelize(tagged, { numPartitions: 3 }).sortBy(([rank]) => rank, { ascending })
    expect(await sorted.take(100)).toEqual(expected.slice(0, 100))
    expect(await sorted.collect()).toEqual(expected)
  }
})
