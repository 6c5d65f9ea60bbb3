// @ts-check
// Map sides behind other shuffles, outside of transform and in it, for records that are many enough to be sent.
import { Milliseconds, StreamingContext } from 'dstream'
import { report } from './report.mjs'

const BATCHES = 4

const add = (/** @type {number} */ a, /** @type {number} */ b) => a + b
const byKey = (/** @type {number} */ n) => /** @type {[number, number]} */ ([n % 6000, n])
const bySum = (/** @type {readonly [number, number]} */ [key, sum]) => /** @type {[number, number]} */ ([sum % 10, key])

/** Each of these map sides has four partitions, but the first of the last, which has eight. */
const streams = (/** @type {import('dstream').DStream<number>} */ s) => ({
  'behind a shuffle': s.mapToPair(byKey).reduceByKey(add).mapToPair(bySum).reduceByKey(add),
  'behind a repartition': s.repartition(4).mapToPair(byKey).reduceByKey(add),
  'in a transform': s.transform((rdd, time) => {
    const k = time.milliseconds > 0 ? 3 : 1
    const sums = rdd.mapToPair(byKey).reduceByKey((a, b) => a + b)
    return sums.mapToPair(([key, sum]) => [(sum * k) % 10, key]).reduceByKey((a, b) => a + b)
  }),
  'in a transform, of two that are joined': s.transform((rdd, time) => {
    const k = time.milliseconds > 0 ? 1 : 0
    const sums = rdd.mapToPair(byKey).reduceByKey((a, b) => a + b)
    const others = rdd.mapToPair((n) => [(n + k) % 6000, 1]).reduceByKey((a, b) => a + b)
    return sums.join(others).filter(([key]) => key % 100 === 0)
  }),
  'in a transform of several': s.context.transform(
    [s.filter((n) => n % 3 !== 0), s.filter((n) => n % 3 === 0)],
    ([most, third], time) => {
      const k = time.milliseconds > 0 ? 1 : 0
      const all = most.map((n) => n + k).union(third.map((n) => n + k))
      const sums = all.mapToPair(byKey).reduceByKey((a, b) => a + b)
      return sums.mapToPair(bySum).reduceByKey((a, b) => a + b)
    },
  ),
})

const options = { appName: 'reshuffled', batchInterval: Milliseconds(100), defaultParallelism: 4 }
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = Array.from({ length: 24_000 }, (_, i) => (i * 7919) % 60_013)
  const batches = Array.from({ length: BATCHES }, (_, b) => ssc.sc.parallelize(numbers.map((n) => n + b)))
  report(ssc, streams(ssc.queueStream(batches)), BATCHES)
})
