import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Key } from '../../base/keys/key.js'
import { HashPartitioner, partitionOf } from '../../base/keys/partitioner.js'
import { keyOf } from '../../base/keys/key.js'
import { combineSink, tableOf } from '../execution/loop-sink.js'
import { columnsOf, type PairColumns } from '../execution/pair-columns.js'
import { pass } from '../execution/pass.js'
import { Evaluation } from '../plan/evaluation.js'
import type { AnyFunction } from '../plan/lineage.js'
import { runtimeOf } from '../plan/runtime.js'
import { dividedTable, inOneOrder, mergedBlocks, undividedTable } from './blocks.js'

const runtime = runtimeOf({ codegen: 'auto' })
type Pairs = readonly (readonly [Key, unknown])[]

/** Keys of every kind, of which several are equal: integers alone have tables of their own. */
const integer = fc.integer({ min: -20, max: 20 })
const key: fc.Arbitrary<Key> = fc.oneof(
  integer,
  fc.constantFrom<Key>(NaN, 0, -0, null, true, 7n, '', 'a', 'b', 'c'),
  fc.tuple(integer, fc.constantFrom('x', 'y')),
  fc.double(),
)

/** The tables of several partitions; no key is twice in one of them. */
function tables<V>(value: fc.Arbitrary<V>) {
  const table = (of: fc.Arbitrary<Key>) =>
    fc.uniqueArray(fc.tuple(of, value), { maxLength: 40, selector: ([k]) => keyOf(k), comparator: 'SameValueZero' })
  return fc.oneof(fc.array(table(integer), { maxLength: 6 }), fc.array(table(key), { maxLength: 6 }))
}

function columns(pairs: Pairs): PairColumns<unknown, unknown> {
  return columnsOf(pairs.map(([k, v]): readonly [unknown, unknown] => [keyOf(k), v]))
}

/** Merges whole tables in order, as the driver does. */
async function mergedHere(all: readonly Pairs[], merge: AnyFunction): Promise<[unknown, unknown][]> {
  const sink = combineSink({ operator: 'test', time: undefined }, undefined, merge)
  for (const pairs of all) await pass(columns(pairs), [], sink, new Evaluation(runtime))
  return [...columnsOf(tableOf(sink))]
}

async function mergedByBucket(all: readonly Pairs[], merge: AnyFunction, buckets: number, keepsOrder: boolean) {
  const divided = all.map((pairs, partition) => dividedTable(columns(pairs), partition, buckets))
  const merging = { merge, keepsOrder, runtime }
  return Promise.all(
    Array.from({ length: buckets }, (_, b) =>
      mergedBlocks(
        divided.map((blocks) => blocks[b]!).filter(({ places }) => places.length > 0),
        merging,
      ),
    ),
  )
}

// Neither merging is commutative, and the sum of fractions depends on the order too.
const sums: readonly [string, fc.Arbitrary<unknown>, AnyFunction][] = [
  ['fractions', fc.double({ noNaN: true }), (a: number, b: number) => a + b],
  ['texts', fc.string({ maxLength: 3 }), (a: string, b: string) => a + b],
  ['lists', fc.array(fc.integer(), { maxLength: 3 }), (a: readonly number[], b: readonly number[]) => [...a, ...b]],
]

test.each(sums)('blocks are merged by bucket as whole tables are merged: %s', async (_, value, merge) => {
  await fc.assert(
    fc.asyncProperty(tables(value), fc.integer({ min: 1, max: 7 }), async (all, buckets) => {
      const partitioner = new HashPartitioner(buckets)
      const whole = await mergedHere(all as Pairs[], merge)
      const merged = await mergedByBucket(all as Pairs[], merge, buckets, false)
      for (const [b, { table }] of merged.entries()) {
        const here = whole.filter(([k]) => partitionOf(partitioner, k as Key) === b)
        expect([...table]).toEqual(here)
      }
    }),
  )
})

test.each(sums)('the tables of all buckets are joined in the order of one: %s', async (_, value, merge) => {
  await fc.assert(
    fc.asyncProperty(tables(value), fc.integer({ min: 1, max: 7 }), async (all, buckets) => {
      const merged = await mergedByBucket(all as Pairs[], merge, buckets, true)
      const sizes = new Map(all.map((pairs, partition) => [partition, pairs.length]))
      const joined = await inOneOrder(merged, sizes, () => undefined)
      expect([...joined]).toEqual(await mergedHere(all as Pairs[], merge))
    }),
  )
})

test('blocks make the table again that was divided', () => {
  fc.assert(
    fc.property(tables(fc.integer()), fc.integer({ min: 1, max: 7 }), (all, buckets) => {
      for (const pairs of all as Pairs[]) {
        expect([...undividedTable(dividedTable(columns(pairs), 0, buckets))]).toEqual([...columns(pairs)])
      }
    }),
  )
})

test('what the function throws comes out', async () => {
  const fails: AnyFunction = () => {
    throw new Error('no sum')
  }
  await expect(mergedByBucket([[['a', 1]], [['a', 2]]], fails, 2, false)).rejects.toThrow('no sum')
})
