import { badOption } from '../../base/errors/options.js'
import { keyOf, type Key } from '../../base/keys/key.js'
import { compareNatural } from '../../base/keys/natural-order.js'
import type { Partitioner } from '../../base/keys/partitioner.js'
import { pairOf } from '../plan/record-policy.js'
import { partitionOf } from '../execution/evaluate.js'
import { chain } from '../../base/maybe-promise.js'
import { sortedOrder } from './permutation.js'
import { LineageNode } from '../plan/lineage.js'
import { chosen } from './sample.js'
import { partitionBy } from './shuffle.js'
import { comparison } from './sort.js'
import { narrow } from './steps.js'

// What Spark has and few programs use.

/** Record i of partition p gets the number i·n + p: unique, and known without counting the other partitions. */
export function zipWithUniqueId(parent: LineageNode): LineageNode {
  const { numPartitions } = parent
  return new LineageNode({
    kind: 'zipWithUniqueId',
    parents: [parent],
    numPartitions,
    plan: {
      type: 'each',
      open: (p, evaluation) =>
        chain(partitionOf(parent, p, evaluation), (records) => numbered(records, p, numPartitions)),
    },
  })
}

function* numbered(records: readonly unknown[], from: number, step: number): Generator<readonly unknown[]> {
  for (let i = 0; i < records.length; i++) yield [records[i], from + i * step]
}

/** Pairs with a key from `lower` to `upper`, both included. */
export function filterByRange(parent: LineageNode, lower: Key, upper: Key): LineageNode {
  const place = { operator: 'filterByRange', time: undefined }
  return narrow(parent, 'filterByRange', 'filter', (record: unknown) => {
    const [key] = pairOf(place, record)
    return compareNatural(key, lower) >= 0 && compareNatural(key, upper) <= 0
  })
}

/** As `sample`, with a fraction for each key; keys without one are left out. */
export function sampleByKey(
  parent: LineageNode,
  withReplacement: boolean,
  fractions: ReadonlyMap<Key, number>,
  seed: number | undefined,
): LineageNode {
  const fractionOf = new Map<Key, number>()
  for (const [key, fraction] of fractions) {
    if (!(fraction >= 0 && fraction <= (withReplacement ? Number.MAX_VALUE : 1))) {
      const wanted = withReplacement ? 'numbers of at least 0' : 'numbers from 0 to 1 without replacement'
      throw badOption('sampleByKey', 'fractions', wanted, fraction)
    }
    fractionOf.set(keyOf(key), fraction)
  }
  const place = { operator: 'sampleByKey', time: undefined }
  return chosen(parent, 'sampleByKey', seed, (random, record) => {
    const fraction = fractionOf.get(keyOf(pairOf(place, record)[0])) ?? 0
    if (withReplacement) return random.poisson(fraction)
    return random.next() < fraction ? 1 : 0
  })
}

/** Each pair in the partition of its key, and within it in the order of keys. */
export function repartitionAndSort(parent: LineageNode, partitioner: Partitioner): LineageNode {
  const kind = 'repartitionAndSortWithinPartitions'
  const placed = partitionBy(parent, kind, partitioner)
  const node: LineageNode = new LineageNode({
    kind,
    parents: [placed],
    numPartitions: placed.numPartitions,
    partitioner,
    keep: true,
    plan: {
      type: 'each',
      open: (i, evaluation) =>
        chain(partitionOf(placed, i, evaluation), (pairs) => {
          const keys = pairs.map((pair) => pairOf(node, pair)[0])
          const order = sortedOrder(keys, comparison(node, true), true, evaluation)
          return chain(order, (places) => Array.from(places, (place) => pairs[place]))
        }),
    },
  })
  return node
}
