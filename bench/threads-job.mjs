// The job of threads.bench.mjs. It runs one batch for each message of its parent, and answers with the milliseconds that
// it took, and those of the processor in all threads.
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'

const [work, threads] = process.argv.slice(2)
const add = (a, b) => a + b

/** Spends about ten microseconds on a number. */
const slow = (n) => {
  let x = n
  for (let i = 0; i < 6000; i++) x = (Math.imul(x, 31) + i) >>> 0
  return x
}

const works = {
  numbers: {
    records: () => Array.from({ length: 16_000 }, (_, i) => i),
    define: (records) => records.map(slow).mapToPair((n) => [n % 1000, 1]),
  },
  posts: {
    records: () => {
      const words = Array.from({ length: 5000 }, (_, i) => `word${i}`)
      const message = (i) => Array.from({ length: 40 }, (_, w) => words[(i * 7919 + w * w * 31) % 5000]).join(' ')
      return Array.from({ length: 10_000 }, (_, i) => JSON.stringify({ auteur: `user${i % 997}`, message: message(i) }))
    },
    define: (records) =>
      records
        .map((line) => JSON.parse(line))
        .flatMap(({ message }) => message.split(' '))
        .mapToPair((word) => [word, 1]),
  },
}

const clock = new ManualClock(0)
const { records, define } = works[work]
const options = {
  batchInterval: Seconds(1),
  clock,
  // A graceful stop would wait for the clock, which nothing moves any more.
  stopGracefullyOnShutdown: false,
  ...(threads === '0' ? {} : { threads: Number(threads) }),
}
await StreamingContext.run(import.meta, options, (ssc) => {
  const queue = []
  define(ssc.queueStream(queue))
    .reduceByKey(add)
    .foreachRDD(async (rdd) => void (await rdd.count()))
  if (!isMainThread) return
  const all = records()
  ssc.on('streamingStarted', () => process.send('started'))
  process.on('message', async () => {
    queue.push(ssc.sc.parallelize(all, { numPartitions: 16 }))
    const begin = performance.now()
    const cpu = process.cpuUsage()
    clock.runNext(clock.now() + 1000)
    await ssc.engine.ticker.idle()
    const { user, system } = process.cpuUsage(cpu)
    process.send({ ms: performance.now() - begin, cpuMs: (user + system) / 1000, tasks: ssc.lastProgress.tasks })
  })
})
