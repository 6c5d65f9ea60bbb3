import { badHistogram, notANumber } from '../../base/errors/rdd.js'
import { describe } from '../../base/text/describe.js'
import { feedAll } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { LineageNode } from '../plan/lineage.js'
import { foldSink } from '../execution/loop-sink.js'

/** The result of `stats`. Variances are those of a population; those that begin with `sample` are of a sample. */
export interface Stats {
  readonly count: number
  readonly sum: number
  readonly mean: number
  readonly variance: number
  readonly stdev: number
  readonly sampleVariance: number
  readonly sampleStdev: number
  readonly min: number
  readonly max: number
}

export interface Histogram {
  readonly buckets: number[]
  readonly counts: number[]
}

function add(a: number, b: number): number {
  if (typeof b !== 'number') throw notANumber('sum', b)
  return a + b
}

export function sum(node: LineageNode, evaluation: Evaluation): MaybePromise<number> {
  const sink = foldSink({ operator: 'sum', time: node.time }, add, 0)
  return chain(feedAll(node, sink, evaluation), () => sink.acc as number)
}

/** Keeps a running mean and squared deviation by Welford's method, which avoids cancellation, as Spark's StatCounter does. */
class Counter {
  count = 0
  sum = 0
  mean = 0
  deviation = 0
  min = Infinity
  max = -Infinity

  readonly take = (x: number): void => {
    if (typeof x !== 'number') throw notANumber('stats', x)
    this.count++
    this.sum += x
    const delta = x - this.mean
    this.mean += delta / this.count
    this.deviation += delta * (x - this.mean)
    // NaN wins, as in Math.min and Math.max.
    if (x < this.min || x !== x) this.min = x
    if (x > this.max || x !== x) this.max = x
  }

  stats(): Stats {
    const { count, sum, min, max } = this
    const variance = count === 0 ? NaN : this.deviation / count
    const sampleVariance = count < 2 ? NaN : this.deviation / (count - 1)
    return {
      count,
      sum,
      mean: count === 0 ? NaN : this.mean,
      variance,
      stdev: Math.sqrt(variance),
      sampleVariance,
      sampleStdev: Math.sqrt(sampleVariance),
      min,
      max,
    }
  }
}

/** Computes all statistics in one pass. Without records: sum 0, mean and variances NaN, min Infinity, max −Infinity. */
export function stats(node: LineageNode, evaluation: Evaluation): MaybePromise<Stats> {
  const counter = new Counter()
  const sink = { kind: 'foreach' as const, f: counter.take, origin: { operator: 'stats', time: node.time } }
  return chain(feedAll(node, sink, evaluation), () => counter.stats())
}

/**
 * Counts the numbers in each bucket: a given number of buckets of equal width from the least number to the greatest, or
 * those between the given bounds. A bucket includes its lower bound and excludes its upper; the last one includes both. NaN
 * as the last bound counts as greater than all numbers, and the last bucket then includes NaN.
 */
export function histogram(
  node: LineageNode,
  buckets: number | readonly number[],
  evaluation: Evaluation,
): MaybePromise<Histogram> {
  if (typeof buckets !== 'number') return counted(node, checkBounds(buckets), evaluation)
  if (!Number.isSafeInteger(buckets) || buckets < 1)
    throw badHistogram(`buckets must be a whole number of at least 1, not ${buckets}`)
  return chain(stats(node, evaluation), ({ count, min, max }) => {
    if (count === 0 || !Number.isFinite(max - min)) {
      throw badHistogram(
        'Histogram on either an empty RDD or RDD containing +/-infinity or NaN; give the bounds of the buckets',
      )
    }
    const n = min === max ? 1 : buckets
    const bounds = Array.from({ length: n }, (_, i) => min + (i * (max - min)) / n)
    return counted(node, [...bounds, max], evaluation)
  })
}

function checkBounds(bounds: readonly number[]): readonly number[] {
  if (!Array.isArray(bounds) || bounds.length < 2)
    throw badHistogram(`the bounds are ${describe(bounds)}; give an array of two or more`)
  bounds.forEach((bound, i) => {
    if (
      typeof bound !== 'number' ||
      !(i === 0 || bounds[i - 1]! < bound || (i === bounds.length - 1 && bound !== bound))
    ) {
      throw badHistogram(
        `the bounds must be ascending numbers, and ${describe(bound)} is not; sort them and leave out duplicates`,
      )
    }
  })
  return bounds
}

function counted(node: LineageNode, bounds: readonly number[], evaluation: Evaluation): MaybePromise<Histogram> {
  const counts = Array.from({ length: bounds.length - 1 }, () => 0)
  const f = (x: number): void => {
    if (typeof x !== 'number') throw notANumber('histogram', x)
    const bucket = bucketOf(x, bounds)
    if (bucket !== undefined) counts[bucket]!++
  }
  const sink = { kind: 'foreach' as const, f, origin: { operator: 'histogram', time: node.time } }
  return chain(feedAll(node, sink, evaluation), () => ({ buckets: [...bounds], counts }))
}

/** Finds the bucket of x by binary search: its lower bound is the last bound that is not greater. */
function bucketOf(x: number, bounds: readonly number[]): number | undefined {
  const last = bounds.length - 1
  const endless = Number.isNaN(bounds[last])
  if (Number.isNaN(x)) return endless ? last - 1 : undefined
  if (!(x >= bounds[0]! && (endless || x <= bounds[last]!))) return undefined
  let low = 0
  let high = last - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (bounds[middle]! <= x) low = middle
    else high = middle - 1
  }
  return low
}
