// @ts-check
// All keyed operators behind narrow steps, and chains that a seeded generator makes of both.
import { Milliseconds, Seconds, StateSpec, StreamingContext } from 'dstream'
import { numberBatches, random, report } from './report.mjs'

const BATCHES = 6
const INTERVAL = Milliseconds(100)
/** @typedef {import('dstream').DStream<[string, number]>} Pairs */

const add = (/** @type {number} */ a, /** @type {number} */ b) => a + b
const byName = (/** @type {number} */ n) => /** @type {[string, number]} */ ([`n${Math.abs(n) % 7}`, n])
const byDigit = (/** @type {number} */ n) => /** @type {[number, number]} */ ([Math.abs(n) % 10, n])
const byPair = (/** @type {number} */ n) => /** @type {[[number, string], number]} */ ([[n % 3, `${n % 2}`], n])
const collatz = (/** @type {number} */ n) => (n % 2 === 0 ? n / 2 : 3 * n + 1)

/** @param {import('dstream').DStream<number>} s */
const keyed = (s) => {
  const pairs = s.map(collatz).mapToPair(byName)
  const other = s.filter((n) => n % 3 === 0).mapToPair(byName)
  const above = pairs.mapValues((n) => n * 2)
  const words = s.flatMap((n) => [n % 5, n % 3])
  return {
    'words: counted': words.countByValue(),
    'words: since the start': words.mapToPair((word) => [word, 1]).runningReduceByKey(add),
    'words: in a window': words.window(Milliseconds(200), INTERVAL).count(),
    'above pairs: reduced': above.reduceByKey(add),
    'above pairs: grouped': above.groupByKey(),
    reduceByKey: pairs.reduceByKey(add),
    'reduceByKey in three parts': pairs.reduceByKey(add, { numPartitions: 3 }),
    'compound keys': s.mapToPair(byPair).reduceByKey(add),
    fractions: s
      .map((n) => n / 7)
      .mapToPair((n) => ['sum', n])
      .reduceByKey(add),
    countByValue: s.flatMap((n) => [n % 5, n % 3]).countByValue(),
    groupByKey: s.mapToPair(byDigit).mapValues(collatz).groupByKey(),
    combineByKey: pairs.combineByKey(
      (n) => [n],
      (all, n) => [...all, n],
      (a, b) => [...a, ...b],
    ),
    distinct: s.map((n) => n % 17).distinct(),
    runningReduceByKey: pairs.runningReduceByKey(add),
    updateStateByKey: pairs.updateStateByKey((values, /** @type {number | undefined} */ sum) =>
      values.reduce(add, sum ?? 0),
    ),
    mapWithState: pairs.mapWithState(
      StateSpec.function((/** @type {string} */ key, /** @type {number | undefined} */ n, /** @type {any} */ state) => {
        state.update((state.exists() ? state.get() : 0) + (n ?? 0))
        return [key, state.get()]
      }),
    ),
    reduceByKeyAndWindow: pairs.reduceByKeyAndWindow(add, Milliseconds(300), INTERVAL),
    'reduceByKeyAndWindow, incrementally': pairs.reduceByKeyAndWindow(
      add,
      (a, b) => a - b,
      Milliseconds(300),
      INTERVAL,
    ),
    groupByKeyAndWindow: pairs.groupByKeyAndWindow(Milliseconds(200), INTERVAL),
    countByValueAndWindow: s.map((n) => n % 4).countByValueAndWindow(Milliseconds(300), INTERVAL),
    'window before': pairs.window(Milliseconds(300), INTERVAL).reduceByKey(add),
    union: s.union(s.map(collatz)).mapToPair(byName).reduceByKey(add),
    join: pairs.reduceByKey(add).join(other.reduceByKey(add)),
    leftOuterJoin: pairs.reduceByKey(add).leftOuterJoin(other.reduceByKey(add)),
    cogroup: pairs.cogroup(other),
    dedupByKey: s.mapToPair(byDigit).dedupByKey({ ttl: Seconds(5) }),
    transform: s
      .transform((rdd) => rdd.map((n) => n + 1))
      .mapToPair(byName)
      .reduceByKey(add),
    'transform by the time, with names': s
      .transform((rdd, time) => {
        const k = time.milliseconds > 0 ? 1 : 0
        const scaled = (/** @type {number} */ m) => (/** @type {number} */ n) => n * m + k
        return rdd.map(collatz).map(scaled(3)).mapToPair(byName)
      })
      .reduceByKey(add),
    'transform, combining': s.transform((rdd) => rdd.mapToPair(byName).reduceByKey((a, b) => a + b)),
    'transform of several streams': s.context
      .transform([s.map(collatz), s], ([a, b], time) => {
        const k = time.milliseconds > 0 ? 1 : 0
        return a.filter((n) => n > k).union(b.map((n) => n - k))
      })
      .mapToPair(byName)
      .reduceByKey(add),
    'transform of several streams, combining': s.context.transform([s, s.map(collatz)], (rdds) => {
      const all = rdds.map((rdd) => rdd.mapToPair(byName))
      return all.reduce((a, b) => a.union(b)).reduceByKey((a, b) => a + b)
    }),
    'transform by chance': s.transform((rdd) => (Math.random() < 2 ? rdd.map((n) => n + 1) : rdd)).countByValue(),
    mapPartitions: s
      .mapPartitions((all) => [...all].slice(1))
      .mapToPair(byName)
      .reduceByKey(add),
    'a shuffle behind a shuffle': pairs
      .reduceByKey(add)
      .mapToPair(([, n]) => [n % 2, n])
      .reduceByKey(add),
    flatMapToPair: s.flatMapToPair((n) => [byDigit(n), byDigit(n + 1)]).reduceByKey(Math.max),
    flatMapValues: pairs.flatMapValues((n) => [n, -n]).groupByKey(),
    objects: s
      .mapToPair((n) => /** @type {[number, object]} */ ([n % 4, { n, at: new Date(n), of: new Map([[n, [n]]]) }]))
      .groupByKey(),
    'a mutated combiner': s
      .mapToPair((n) => /** @type {[number, { sum: number }]} */ ([n % 4, { sum: n }]))
      .reduceByKey((a, b) => {
        a.sum += b.sum
        return a
      }),
    count: s.count(),
    reduce: s.reduce(add),
    repartition: s.repartition(4).mapToPair(byName).reduceByKey(add),
  }
}

/** @type {((s: Pairs, k: number) => Pairs)[]} */
const steps = [
  (s, k) => s.mapValues((n) => n * (k + 1)),
  (s, k) => s.filter(([, n]) => n % (k + 2) !== 0),
  (s, k) => s.mapToPair(([key, n]) => [`${key}${n % (k + 1)}`, n]),
  (s) =>
    s.flatMapToPair(([key, n]) => [
      [key, n],
      ['all', n],
    ]),
  (s) => s.union(s.mapValues((n) => -n)),
  (s) => s.flatMapValues((n) => (n % 2 === 0 ? [n] : [n, n + 1])),
]
/** @type {((s: Pairs, k: number) => Pairs)[]} */
const shuffles = [
  (s, k) => s.reduceByKey(add, { numPartitions: k + 1 }),
  (s) => s.groupByKey().mapValues((values) => values.length),
  (s) => s.countByValue().mapToPair(([[key], n]) => [key, n]),
  (s) => s.runningReduceByKey(add),
  (s, k) => s.reduceByKeyAndWindow(add, Milliseconds(100 * (k + 1)), INTERVAL),
  (s) => s.combineByKey((n) => n, Math.max, Math.max),
  (s) => s.updateStateByKey((values, /** @type {number | undefined} */ n) => values.reduce(add, n ?? 0)),
  (s) => s.distinct(),
]

/** @param {import('dstream').DStream<number>} s @param {number} seed */
const randomGraph = (s, seed) => {
  const next = random(seed * 7919)
  let graph = s.mapToPair(byName)
  for (let shuffle = 0; shuffle <= next(2); shuffle++) {
    for (let i = next(4); i >= 0; i--)
      graph = /** @type {NonNullable<(typeof steps)[0]>} */ (steps[next(steps.length)])(graph, next(3))
    graph = /** @type {NonNullable<(typeof steps)[0]>} */ (shuffles[next(shuffles.length)])(graph, next(3))
  }
  return graph
}

await StreamingContext.run(import.meta, { appName: 'operators', batchInterval: INTERVAL }, (ssc) => {
  const numbers = ssc.queueStream(numberBatches(ssc, BATCHES))
  const graphs = Array.from({ length: 20 }, (_, i) => [`random ${i}`, randomGraph(numbers, i)])
  report(ssc, { ...keyed(numbers), ...Object.fromEntries(graphs) }, BATCHES)
})
