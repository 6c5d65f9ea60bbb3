import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Slice } from '../../base/ports.js'
import { codeMayBeGenerated } from '../plan/code-generation.js'
import { RDDContext } from '../rdd-context.js'
import type { RDD } from '../rdd.js'
import { CHUNK } from './fused/loop.js'

/** Yields after `size` records, always. */
function yieldingAfter(size: number): { begin(): Slice } {
  return { begin: () => ({ size, pause: () => new Promise((resolve) => setImmediate(resolve)) }) }
}

interface Action {
  readonly name: string
  run(rdd: RDD<number>): Promise<unknown>
  on(records: readonly number[]): unknown
}

function unlucky(x: number): number {
  if (x % 5 === 3) throw new Error('unlucky')
  return x
}
const actions: readonly Action[] = [
  { name: 'count', run: (rdd) => rdd.count(), on: (all) => all.length },
  { name: 'collect', run: (rdd) => rdd.collect(), on: (all) => all },
  {
    name: 'glom',
    run: (rdd) =>
      rdd
        .glom()
        .collect()
        .then((parts) => parts.flat()),
    on: (all) => all,
  },
  { name: 'sum', run: (rdd) => rdd.sum(), on: (all) => all.reduce((a, b) => a + b, 0) },
  { name: 'take', run: (rdd) => rdd.take(2), on: (all) => all.slice(0, 2) },
  {
    name: 'steps',
    run: (rdd) =>
      rdd
        .flatMap((x) => [x, -x])
        .filter((x) => x % 3 !== 1)
        .collect(),
    on: (all) => all.flatMap((x) => [x, -x]).filter((x) => x % 3 !== 1),
  },
  {
    name: 'a step that throws',
    run: (rdd) =>
      rdd
        .map(unlucky)
        .count()
        .catch(() => 'unlucky'),
    on: (all) => (all.some((x) => x % 5 === 3) ? 'unlucky' : all.length),
  },
  {
    name: 'an action that throws',
    run: (rdd) => rdd.foreach((x) => void unlucky(x)).catch(() => 'unlucky'),
    on: (all) => (all.some((x) => x % 5 === 3) ? 'unlucky' : undefined),
  },
  {
    name: 'an action in a function',
    run: async (rdd) => {
      const counts: Promise<number>[] = []
      await rdd.foreach(() => void counts.push(rdd.count()))
      return [...new Set(await Promise.all(counts))]
    },
    on: (all) => (all.length === 0 ? [] : [all.length]),
  },
  {
    name: 'a cached RDD made of it',
    run: (rdd) => {
      const mapped = rdd.map((x) => x + 1).cache()
      return Promise.all([mapped.take(1), mapped.sum()])
    },
    on: (all) => [all.slice(0, 1).map((x) => x + 1), all.reduce((a, b) => a + b + 1, 0)],
  },
]

const given = fc.record({
  partitions: fc.array(fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 12 }), { maxLength: 3 }),
  chosen: fc.array(fc.constantFrom(...actions), { minLength: 1, maxLength: 4 }),
  size: fc.constantFrom(1, 2, 3, 7, 1000),
  atOnce: fc.boolean(),
  forGood: fc.boolean(),
})
const engines = codeMayBeGenerated() ? [false, true] : [false]

describe.each(engines)('a cached RDD, loops generated: %s', (codegen) => {
  test('calls no function above it twice, whatever its readers do', () =>
    fc.assert(
      fc.asyncProperty(given, async ({ partitions, chosen, size, atOnce, forGood }) => {
        const sc = new RDDContext({ runtime: { yielder: yieldingAfter(size), codegen } })
        const calls = new Map<number, number>()
        let id = 0
        const input = partitions.map((records) => records.map((x) => [x, id++] as const))
        const rdd = sc
          .union(input.map((records) => sc.parallelize(records)))
          .filter(([x]) => x % 4 !== 2)
          .flatMap(([x, at]) => {
            calls.set(at, (calls.get(at) ?? 0) + 1)
            return x % 2 === 0 ? [x] : new Set([x, x + 1])
          })
        if (forGood) rdd.cacheAlways()
        else rdd.cache()
        const all = input
          .flat()
          .filter(([x]) => x % 4 !== 2)
          .flatMap(([x]) => (x % 2 === 0 ? [x] : [x, x + 1]))
        const wanted = chosen.map(({ on }) => on(all))
        if (atOnce) expect(await Promise.all(chosen.map(({ run }) => run(rdd)))).toEqual(wanted)
        else for (const [i, { run }] of chosen.entries()) expect(await run(rdd)).toEqual(wanted[i])
        expect([...calls.values()].every((n) => n === 1)).toBe(true)
        expect(await rdd.collect()).toEqual(all)
      }),
      { numRuns: 300 },
    ))

  test('whose evaluation fails fails its reader, and is evaluated again for the next', async () => {
    const sc = new RDDContext({ runtime: { codegen } })
    let broken = true
    const seen: number[] = []
    const rdd = sc.parallelize([1, 2, 3]).map((x) => {
      if (broken && x === 3) throw new Error('broken')
      return x
    })
    rdd.cacheAlways()
    await expect(rdd.foreach((x) => void seen.push(x))).rejects.toThrow('broken')
    broken = false
    expect(await rdd.collect()).toEqual([1, 2, 3])
  })

  test('keeps more records than a chunk in order', async () => {
    const sc = new RDDContext({ runtime: { codegen } })
    const numbers = Array.from({ length: 2 * CHUNK + 5 }, (_, i) => i)
    const rdd = sc
      .parallelize(numbers, { numPartitions: 2 })
      .map((x) => x + 0.5)
      .cacheAlways()
    expect(await rdd.sum()).toBe(numbers.reduce((a, b) => a + b + 0.5, 0))
    expect(await rdd.collect()).toEqual(numbers.map((x) => x + 0.5))
    expect((await rdd.glom().collect()).flat()).toEqual(numbers.map((x) => x + 0.5))
  })
})
