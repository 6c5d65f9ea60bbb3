import { isA } from '../../base/built-ins.js'
import { keyOf, type Key } from '../../base/keys/key.js'
import { pairOf } from '../plan/shapes.js'
import { badOption } from '../../base/errors/options.js'
import { aBoolean, aNumber } from '../../base/options.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import { chain } from '../../base/maybe-promise.js'
import { LineageNode } from '../plan/lineage.js'
import { Random } from '../../base/random.js'

export function checkSeed(where: string, seed: number | undefined): void {
  if (seed !== undefined) aNumber(where, 'seed', seed)
}

/** Returns the seed, by default the batch time: batches then differ, and a batch that runs again draws the same sample. */
export function seedOf(node: LineageNode, seed: number | undefined): number {
  return seed ?? node.time ?? 0
}

/** Makes a node that repeats each record of its parent as often as `copies` returns, 0 times included. */
export function sampled(
  parent: LineageNode,
  kind: string,
  seed: number | undefined,
  copies: (random: Random, record: unknown) => number,
): LineageNode {
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions: parent.numPartitions,
    partitioner: parent.partitioner,
    plan: {
      type: 'perPartition',
      open: (i, evaluation) =>
        chain(recordsOfPartition(parent, i, evaluation), (records) =>
          repeated(records, new Random(seedOf(node, seed), i), copies),
        ),
    },
  })
  return node
}

function* repeated(records: readonly unknown[], random: Random, copies: (random: Random, record: unknown) => number) {
  for (const record of records) for (let n = copies(random, record); n > 0; n--) yield record
}

/** Keeps each record with probability `fraction`, or, with replacement, a Poisson-distributed number of times. */
export function sample(
  parent: LineageNode,
  withReplacement: boolean,
  fraction: number,
  seed: number | undefined,
): LineageNode {
  aBoolean('sample', 'withReplacement', withReplacement)
  if (!isFraction(fraction)) throw badOption('sample', 'fraction', 'a number of at least 0', fraction)
  if (!withReplacement && fraction > 1) throw badOption('sample', 'fraction', 'at most 1 without replacement', fraction)
  checkSeed('sample', seed)
  return sampled(
    parent,
    'sample',
    seed,
    withReplacement ? (random) => random.poisson(fraction) : (random) => (random.next() < fraction ? 1 : 0),
  )
}

function isFraction(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity
}

/** Splits the records into parts whose sizes are about proportional to the weights; each record is in exactly one. */
export function randomSplit(parent: LineageNode, weights: readonly number[], seed: number | undefined): LineageNode[] {
  const sum = Array.isArray(weights) && weights.every(isFraction) ? weights.reduce((a, b) => a + b, 0) : NaN
  if (!(sum > 0 && sum < Infinity)) {
    throw badOption('randomSplit', 'weights', 'an array of numbers of at least 0 whose sum is above 0', weights)
  }
  checkSeed('randomSplit', seed)
  let below = 0
  return weights.map((weight, i) => {
    const from = below / sum
    below += weight
    // Ends the last part at exactly 1, in spite of rounding.
    const to = i === weights.length - 1 ? 1 : below / sum
    return sampled(parent, 'randomSplit', seed, (random) => {
      const x = random.next()
      return x >= from && x < to ? 1 : 0
    })
  })
}

/** Samples each key by its own fraction; keys without one are left out. */
export function sampleByKey(
  parent: LineageNode,
  withReplacement: boolean,
  fractions: ReadonlyMap<Key, number>,
  seed: number | undefined,
): LineageNode {
  aBoolean('sampleByKey', 'withReplacement', withReplacement)
  checkSeed('sampleByKey', seed)
  if (!isA('Map', fractions)) throw badOption('sampleByKey', 'fractions', 'a Map of keys and numbers', fractions)
  const fractionOf = new Map<Key, number>()
  for (const [key, fraction] of fractions as ReadonlyMap<Key, number>) {
    if (!isFraction(fraction) || (!withReplacement && fraction > 1)) {
      const wanted = withReplacement ? 'numbers of at least 0' : 'numbers from 0 to 1 without replacement'
      throw badOption('sampleByKey', 'fractions', wanted, fraction)
    }
    fractionOf.set(keyOf(key), fraction)
  }
  const origin = { operator: 'sampleByKey', time: undefined }
  return sampled(parent, 'sampleByKey', seed, (random, record) => {
    const fraction = fractionOf.get(keyOf(pairOf(origin, record)[0])) ?? 0
    if (withReplacement) return random.poisson(fraction)
    return random.next() < fraction ? 1 : 0
  })
}
