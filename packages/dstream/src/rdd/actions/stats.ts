import { badHistogram, notANumber } from '../../base/errors/rdd.js'
import { feedAll } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { LineageNode } from '../plan/lineage.js'
import { foldSink } from '../execution/loop-sink.js'

/** What `stats` gives. Variances are of the population, `sample…` those of a sample. */
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

/** Welford's running mean and squared deviation, as Spark's StatCounter: it does not cancel out. */
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
    // As Math.min and Math.max, NaN wins.
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

/** All at once, in one walk. Of no records: sum 0, mean and variances NaN, min Infinity, max −Infinity. */
export function stats(node: LineageNode, evaluation: Evaluation): MaybePromise<Stats> {
  const counter = new Counter()
  const sink = { kind: 'foreach' as const, f: counter.take, origin: { operator: 'stats', time: node.time } }
  return chain(feedAll(node, sink, evaluation), () => counter.stats())
}

/**
 * How many numbers fall into each bucket: a number of buckets of one width from the least to the greatest, or the given
 * bounds. A bucket holds its lower bound and not its upper, the last one both. NaN as last bound is above all numbers and NaN.
 */
export function histogram(
  node: LineageNode,
  buckets: number | readonly number[],
  evaluation: Evaluation,
): MaybePromise<Histogram> {
  if (typeof buckets !== 'number') return counted(node, checkBounds(buckets), evaluation)
  if (!Number.isSafeInteger(buckets) || buckets < 1) throw badHistogram(`buckets must be at least 1, not ${buckets}`)
  return chain(stats(node, evaluation), ({ count, min, max }) => {
    if (count === 0 || !Number.isFinite(max - min)) {
      throw badHistogram('Histogram on either an empty RDD or RDD containing +/-infinity or NaN; give the bounds')
    }
    const n = min === max ? 1 : buckets
    const bounds = Array.from({ length: n }, (_, i) => min + (i * (max - min)) / n)
    return counted(node, [...bounds, max], evaluation)
  })
}

function checkBounds(bounds: readonly number[]): readonly number[] {
  if (!Array.isArray(bounds) || bounds.length < 2) throw badHistogram('give two bounds or more')
  bounds.forEach((bound, i) => {
    if (
      typeof bound !== 'number' ||
      !(i === 0 || bounds[i - 1]! < bound || (i === bounds.length - 1 && bound !== bound))
    ) {
      throw badHistogram(`bounds must be numbers that rise, and ${String(bound)} does not`)
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

/** By halving: the last bound that is not above x begins its bucket. */
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
