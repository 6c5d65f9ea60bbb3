// The job of threads.bench.mjs. It runs one batch for each message of its parent, and answers with the milliseconds that
// it took, and those of the processor in all threads.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'

/** The folder is one of this job alone. */
const [work, threads, folder] = process.argv.slice(2)
const add = (a, b) => a + b

/** Spends about ten microseconds on a number. V8 keeps numbers in registers where it knows that they have 32 bits. */
const slow = (n) => {
  let x = n | 0
  for (let i = 0; i < 10_000; i++) x = (Math.imul(x, 31) + i) | 0
  return x & 0x7fffffff
}

const linesOfWords = {
  records: () => Array.from({ length: 8000 }, (_, i) => `${i} ${i % 77}`),
  stream: (ssc) => ssc.textFileStream(folder, { newFilesOnly: false }),
}
const wordsOf = (lines) => lines.flatMap((line) => line.split(' ').map((word) => slow(Number(word)) % 1000))
const readersOf = (words) => [
  words.countByValue(),
  words
    .mapToPair((word) => [word, 1])
    .runningReduceByKey(add)
    .top(10, ([, count]) => count),
]

const works = {
  numbers: {
    records: () => Array.from({ length: 32_000 }, (_, i) => i),
    define: (records) => records.map(slow).mapToPair((n) => [n % 1000, 1]),
  },
  // The same by a function over RDDs, which the worker calls as well.
  transform: {
    records: () => Array.from({ length: 16_000 }, (_, i) => i),
    outputs: (records) => [
      records.transform((rdd, time) => {
        const k = time.milliseconds % 1000
        return rdd
          .map(slow)
          .mapToPair((n) => [(n + k) % 1000, 1])
          .reduceByKey(add)
      }),
    ],
  },
  // The same, of lines that are read from files.
  files: {
    records: () => Array.from({ length: 16_000 }, (_, i) => i),
    define: (lines) => lines.map((line) => slow(Number(line))).mapToPair((n) => [n % 1000, 1]),
    stream: (ssc) => ssc.textFileStream(folder, { newFilesOnly: false }),
  },
  // The first program of the README, on lines of files whose words take their time: they are made once, and read three times.
  shared: {
    ...linesOfWords,
    outputs: (lines) => {
      const words = wordsOf(lines)
      return [...readersOf(words), words.window(Seconds(3), Seconds(1)).count()]
    },
  },
  // The same without the window, so that no record has to come back.
  riders: { ...linesOfWords, outputs: (lines) => readersOf(wordsOf(lines)) },
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

const PARTITIONS = 16
const clock = new ManualClock(0)
const { records, define, stream, outputs = (lines) => [define(lines).reduceByKey(add)] } = works[work]

/** Puts the records of a batch into files, which are dated before it. */
const toFiles = (all, batch) => {
  mkdirSync(folder, { recursive: true })
  const size = all.length / PARTITIONS
  for (let i = 0; i < PARTITIONS; i++) {
    const path = join(folder, `${batch}-${i}`)
    writeFileSync(path, `${all.slice(i * size, (i + 1) * size).join('\n')}\n`)
    utimesSync(path, clock.now() / 1000, clock.now() / 1000)
  }
}

const options = {
  batchInterval: Seconds(1),
  clock,
  // A graceful stop would wait for the clock, which nothing moves any more.
  stopGracefullyOnShutdown: false,
  ...(threads === '0' ? {} : { threads: Number(threads) }),
}
await StreamingContext.run(import.meta, options, (ssc) => {
  const queue = []
  for (const output of outputs(stream === undefined ? ssc.queueStream(queue) : stream(ssc))) {
    output.foreachRDD(async (rdd) => void (await rdd.count()))
  }
  if (!isMainThread) return
  const all = records()
  ssc.on('streamingStarted', () => process.send('started'))
  let batches = 0
  process.on('message', async () => {
    if (stream === undefined) queue.push(ssc.sc.parallelize(all, { numPartitions: PARTITIONS }))
    else toFiles(all, ++batches)
    const begin = performance.now()
    const cpu = process.cpuUsage()
    clock.runNext(clock.now() + 1000)
    await ssc.engine.ticker.idle()
    const { user, system } = process.cpuUsage(cpu)
    process.send({ ms: performance.now() - begin, cpuMs: (user + system) / 1000, tasks: ssc.lastProgress.tasks })
  })
})
