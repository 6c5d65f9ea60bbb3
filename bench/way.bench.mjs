// The way a user goes: context, tick, output. Each job stands beside the RDD's own action and a loop by hand over the same
// records, so that a batch costs little more than its work.
import { RDDContext, Seconds } from 'dstream'
import { jobOf } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const size = 400_000
const numbers = Array.from({ length: size }, (_, i) => ((i * 2654435761) >>> 0) % 1_000_003)
const half = (x) => x * 0.5
const isLarge = (x) => x > 100
const less = (x) => x - 1.5
const add = (a, b) => a + b

const chain = (records) => records.map(half).filter(isLarge).map(less)
const rdd = chain(new RDDContext().parallelize(numbers))

const byHand = {
  count() {
    let n = 0
    for (let i = 0; i < numbers.length; i++) if (numbers[i] * 0.5 > 100) n++
    return n
  },
  sum() {
    let sum = 0
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i] * 0.5
      if (x > 100) sum += x - 1.5
    }
    return sum
  },
  collect() {
    const out = []
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i] * 0.5
      if (x > 100) out.push(x - 1.5)
    }
    return out
  },
}

const twice = (records) => [records.length, records.reduce(add)]

/** A job of one stream; each run gives it the numbers, and returns what its output has found. */
const job = async (define) => {
  const running = await jobOf((records) => define(chain(records)))
  return async () => {
    await running.run(numbers)
    return found
  }
}
let found
const output = (f) => job((records) => records.foreachRDD(f))
const stream = (f) => job((records) => f(records).foreachRDD(async (rdd) => void (found = await rdd.collect())))
const sumOf = (rdd) => rdd.reduce(add)

const measured = [
  {
    name: 'foreachRDD, count',
    run: await output(async (rdd) => void (found = await rdd.count())),
    twins: { 'count of the RDD': () => rdd.count(), 'count by hand': byHand.count },
    atLeast: 0.77,
  },
  {
    name: 'foreachRDD, reduce',
    run: await output(async (rdd) => void (found = await rdd.reduce(add))),
    twins: { 'reduce of the RDD': () => rdd.reduce(add), 'sum by hand': byHand.sum },
    atLeast: 0.77,
  },
  {
    name: 'foreachRDD, collect',
    run: await output(async (rdd) => void (found = await rdd.collect())),
    twins: { 'pushed by hand': byHand.collect },
    atLeast: 0.83,
  },
  {
    name: 'transform with steps, count',
    run: await job((records) =>
      records.transform((rdd) => rdd.map(half)).foreachRDD(async (rdd) => void (found = await rdd.count())),
    ),
    twins: { 'count of the RDD': () => rdd.map(half).count() },
    atLeast: 0.77,
  },
  {
    name: 'foreachRDD, reduce in another function',
    run: await output(async (rdd) => void (found = await sumOf(rdd))),
    twins: {
      'pushed by hand, then reduced': () => byHand.collect().reduce(add),
      'reduce of the RDD': () => rdd.reduce(add),
    },
    atLeast: 1,
  },
  {
    name: 'foreachRDD, count and reduce',
    run: await output(async (rdd) => void (found = [await rdd.count(), await rdd.reduce(add)])),
    twins: { 'pushed by hand, then read twice': () => twice(byHand.collect()) },
    atLeast: 1,
  },
  {
    name: 'reduce of the stream',
    run: await stream((records) => records.reduce(add)),
    twins: { 'reduce of the RDD': () => rdd.reduce(add) },
    atLeast: 0.77,
  },
  {
    name: 'count of the stream',
    run: await stream((records) => records.count()),
    twins: { 'count of the RDD': () => rdd.count() },
    atLeast: 0.77,
  },
  {
    name: 'reduceByWindow of one batch',
    run: await stream((records) => records.reduceByWindow(add, Seconds(1), Seconds(1))),
    twins: { 'reduce of the RDD': () => rdd.reduce(add) },
    atLeast: 0.77,
  },
  {
    name: 'reduceByWindow with inverse',
    run: await stream((records) => records.reduceByWindow(add, (a, b) => a - b, Seconds(2))),
    twins: {
      'reduce of the values of pairs': () =>
        rdd
          .mapToPair((x) => [null, x])
          .values()
          .reduce(add),
    },
    atLeast: 0.77,
  },
  {
    name: 'reduceByKey of one key',
    run: await stream((records) => records.mapToPair((x) => [0, x]).reduceByKey(add)),
    // A pair is an array that V8 allocates: the table must cost nothing beside it.
    twins: {
      'reduce of the values of the pairs': () =>
        rdd
          .mapToPair((x) => [0, x])
          .values()
          .reduce(add),
      'reduce of the RDD': () => rdd.reduce(add),
    },
    atLeast: 0.77,
  },
]
const figures = []
const perRecord = (times) => (median(times) * 1e6) / size
for (const { name, run, twins, atLeast } of measured) {
  const times = await alternately({ dstream: run, ...twins }, { rounds: 15, warmUps: 6, repeat: 20, collect: false })
  figures.push({ name, value: perRecord(times.dstream), unit: 'ns' })
  for (const [i, twin] of Object.keys(twins).entries()) {
    figures.push({ name: `  ${twin}`, value: perRecord(times[twin]), unit: 'ns' })
    figures.push({
      name: `  against it`,
      value: ratio(times, 'dstream', twin),
      unit: '×',
      ...(i > 0 || atLeast === undefined ? {} : { atLeast }),
    })
  }
}
report(`A batch of ${size} numbers, per record`, figures)
process.exit(0)
