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

/** V8 keeps numbers in registers where it knows that they have 32 bits. */
const spend = (n, turns) => {
  let x = n | 0
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 31) + i) | 0
  return x & 0x7fffffff
}
/** Spends about ten microseconds on a number. */
const slow = (n) => spend(n, 10_000)
/** Spends about a microsecond on a number. */
const quick = (n) => spend(n, 1000)

const KEYS = 100_000
/** A state of many keys, of which a hundredth has values in a batch. `update` is called for all of them. */
const statesOf = (update, keys = KEYS) => ({
  fill: () => Array.from({ length: keys }, (_, i) => i),
  records: () => Array.from({ length: keys / 100 }, (_, i) => i * 100),
  outputs: (numbers) => [numbers.mapToPair((n) => [n, 1]).updateStateByKey(update, { numPartitions: PARTITIONS })],
})
/** Changes the states of keys with values alone. */
const changesFew =
  (work) =>
  (values, n = 0) => {
    work(n)
    return values.reduce(add, n)
  }
/** Changes all states. */
const changesAll =
  (work) =>
  (values, n = 0) => {
    work(n)
    return values.reduce(add, n) + 1
  }

/** 100 k records with the states of as many keys, each of which is changed and emitted. */
const mappedBy = (work) => ({
  records: () => Array.from({ length: KEYS }, (_, i) => i),
  outputs: (numbers) => [
    numbers
      .mapToPair((n) => [n, 1])
      .mapWithState(
        (key, n, state) => {
          work(key)
          state.update((state.getOption() ?? 0) + n)
          return [key, state.get()]
        },
        { numPartitions: PARTITIONS },
      ),
  ],
})

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

const PARTITIONS = 16

/** Combines 100 k keys, and does some work on each of them for a second shuffle. */
const reshuffledBy = (work) => ({
  records: () => Array.from({ length: KEYS }, (_, i) => i),
  define: (numbers) =>
    numbers
      .mapToPair((n) => [n, 1])
      .reduceByKey(add, { numPartitions: PARTITIONS })
      .mapToPair(([key, n]) => [work(key) % 1000, n]),
})

const works = {
  reshuffled: reshuffledBy((n) => n),
  quickReshuffled: reshuffledBy(quick),
  quickStates: statesOf(changesFew(quick)),
  changedStates: statesOf(changesAll(quick)),
  slowStates: statesOf(changesFew(slow), KEYS / 10),
  mapped: mappedBy(quick),
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

const clock = new ManualClock(0)
const { records, fill = records, define, stream, outputs = (lines) => [define(lines).reduceByKey(add)] } = works[work]

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
  const first = fill()
  const all = records()
  ssc.on('streamingStarted', () => process.send('started'))
  let batches = 0
  process.on('message', async () => {
    batches++
    if (stream === undefined) queue.push(ssc.sc.parallelize(batches === 1 ? first : all, { numPartitions: PARTITIONS }))
    else toFiles(all, batches)
    const begin = performance.now()
    const cpu = process.cpuUsage()
    clock.runNext(clock.now() + 1000)
    await ssc.engine.ticker.idle()
    const { user, system } = process.cpuUsage(cpu)
    process.send({ ms: performance.now() - begin, cpuMs: (user + system) / 1000, tasks: ssc.lastProgress.tasks })
  })
})
