// The jobs of `npm run bench:spark` with this engine; SparkJobs.java has the same jobs. The arguments are `name=value`. The
// result is one line of JSON on stdout, and the process ends with it.
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { Milliseconds, StateSpec, StreamingContext } from 'dstream'

const options = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const [port, intervalMs, records, skip, keep, keys, touched] = [
  ...['port', 'intervalMs', 'records', 'skip', 'keep', 'keys', 'touched'],
].map((name) => Number(options[name]))
/** The partitions of a batch from memory; more than one where dstream-spark runs the job. */
const parts = Number(options.parts ?? 1)
/** @type {StreamingContext} */
let ssc

// ── the result ──────────────────────────────────────────────────────────────────────────────────────────────────────

const samples = []
let top = []
let batches = 0
let begin = performance.now()
let beginCpu = process.cpuUsage()

const send = () => {
  const { user, system } = process.cpuUsage(beginCpu)
  const cpuMs = (user + system) / 1000
  const cores = cpuMs / (performance.now() - begin)
  process.stdout.write(`${JSON.stringify({ samples, top, cpuMs, cores })}\n`, () => process.exit(0))
}

/** Adds the samples of a batch, unless it belongs to the warm-up, and sends the result after the last one. */
const batch = (more) => {
  batches++
  if (batches > skip + keep) return
  if (batches > skip) for (const sample of more) samples.push(sample)
  if (batches === skip) {
    begin = performance.now()
    beginCpu = process.cpuUsage()
  }
  if (batches === skip + keep) send()
}

/** Takes as samples the milliseconds from the tick to the end of each batch, and tells the beginning of each to who watches. */
const measureBatches = () => {
  let submitted = 0
  let begun = 0
  ssc.on('batchSubmitted', () => {
    submitted = performance.now()
    if (options.tell === 'true') process.stdout.write(`{"begun":${++begun}}\n`)
  })
  ssc.on('batchCompleted', () => batch([performance.now() - submitted]))
}

// ── the jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────

const socketLines = () => ssc.socketTextStream('127.0.0.1', port)

const wordCounts = (lines) =>
  lines
    .map((line) => JSON.parse(line))
    .flatMap((post) => post.message.split(/\s+/))
    .filter((word) => word.length >= 5)
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)

const runningTotals = (counts) =>
  counts.updateStateByKey((values, total = 0) => {
    for (const value of values) total += value
    return total
  })

/** The batches that make all keys. Each later one touches some of them. */
const LOADS = 10
/** The partitions of a batch of keys. */
const RANGES = 4

/** Pairs of a key and the number of the batch, from a source that can be read again. */
const touchedKeys = () =>
  ssc
    .fromSource({
      initial: () => 0,
      readsAnywhere: true,
      plan: (batch) => batch + 1,
      splits: (batch) => Array.from({ length: RANGES }, (_, part) => ({ name: `part-${part}`, batch, part })),
      read: ({ batch, part }) => {
        const size = (batch < LOADS ? keys / LOADS : touched) / RANGES
        const first = ((batch < LOADS ? batch : batch - LOADS) * RANGES + part) * size
        return Array.from({ length: size }, (_, i) => [`user${((first + i) * 7919) % keys}`, batch])
      },
    })
    .mapToPair((pair) => pair)

/** Takes the 15 greatest counts. */
const takeTop = async (totals) => {
  const rows = await totals.top(15, ([, count]) => count)
  top = rows.map(([, count]) => count)
}

const jobs = {
  /** Reads `records` posts as fast as they come. The samples are the end of each batch, the records and the CPU time so far. */
  feed() {
    runningTotals(wordCounts(socketLines())).foreachRDD(takeTop)
    let soFar = 0
    ssc.on('batchCompleted', ({ batchInfo }) => {
      soFar += batchInfo.numRecords
      const { user, system } = process.cpuUsage()
      samples.push(Date.now(), soFar, (user + system) / 1000)
      if (soFar >= records) send()
    })
  },

  /** Counts the words of the same posts in every batch; they lie in memory. The samples are the milliseconds of a batch. */
  async memory() {
    const lines = []
    const socket = createConnection(port, '127.0.0.1')
    const reader = createInterface({ input: socket }).on('line', (line) => lines.push(line))
    while (lines.length < records) await once(reader, 'line')
    socket.destroy()
    const posts = lines.slice(0, records)
    const batchOfPosts = () => (parts === 1 ? posts : ssc.sc.parallelize(posts, { numPartitions: parts }))
    wordCounts(ssc.queueStream(Array.from({ length: skip + keep }, batchOfPosts))).foreachRDD(takeTop)
    measureBatches()
  },

  /** Waits at a socket that sends nothing, with a window, a state and two outputs. The samples are as those of `memory`. */
  empty() {
    const words = socketLines()
    words
      .window(Milliseconds(10 * intervalMs))
      .count()
      .foreachRDD((rdd) => rdd.collect())
    runningTotals(words.mapToPair((word) => [word, 1])).foreachRDD((rdd) => rdd.collect())
    measureBatches()
  },

  /** Reads posts at an even rate. The samples are the milliseconds from the tick until the output has its result. */
  steady() {
    runningTotals(wordCounts(socketLines())).foreachRDD(async (rdd, time) => {
      await takeTop(rdd)
      batch([Date.now() - time.milliseconds])
    })
  },

  /** Keeps a state of each key, and sums what it emits. The samples are as those of `memory`. */
  states() {
    const add = (key, value, state) => {
      const total = (state.exists() ? state.get() : 0) + value
      state.update(total)
      return total
    }
    const sum = async (rdd) => (top = [await rdd.fold(0, (a, b) => a + b)])
    touchedKeys().mapWithState(StateSpec.function(add)).foreachRDD(sum)
    measureBatches()
  },

  /** Keeps a total of each key, and sums all totals. The samples are as those of `memory`. */
  updates() {
    const sum = async (totals) => (top = [await totals.values().fold(0, (a, b) => a + b)])
    runningTotals(touchedKeys()).foreachRDD(sum)
    measureBatches()
  },

  /** Counts few numbers in many partitions. The samples are as those of `memory`. */
  tasks() {
    const numbers = Array.from({ length: 10 * records }, (_, i) => i)
    const batchOfTasks = () => ssc.sc.parallelize(numbers, { numPartitions: records })
    ssc
      .queueStream(Array.from({ length: skip + keep }, batchOfTasks))
      .mapToPair((n) => [n % 10, 1])
      .reduceByKey((a, b) => a + b)
      .foreachRDD((rdd) => rdd.collect())
    measureBatches()
  },

  /** Counts lines by key. The samples are the age of each line, in microseconds, when an output has it. */
  latency() {
    const count = (key, stamp, state) => {
      state.update((state.exists() ? state.get() : 0) + 1)
      return stamp
    }
    socketLines()
      .mapToPair((line) => {
        const space = line.indexOf(' ')
        return [line.slice(0, space), Number(line.slice(space + 1))]
      })
      .mapWithState(StateSpec.function(count))
      .foreachRDD(async (rdd) => {
        const stamps = await rdd.collect()
        const now = Number(process.hrtime.bigint() / 1000n)
        batch(stamps.map((stamp) => now - stamp))
      })
  },
}

const contextOptions = {
  batchInterval: Milliseconds(intervalMs),
  ...(options.isReliable === 'true' && { checkpointDir: `${options.directory}/checkpoint` }),
  ...(options.threads !== undefined && { threads: Number(options.threads) }),
  ...(options.defaultParallelism !== undefined && { defaultParallelism: Number(options.defaultParallelism) }),
  logger: { debug() {}, info() {}, warn: (o, m) => console.error(m, o), error: (o, m) => console.error(m, o) },
}
await StreamingContext.run(import.meta, contextOptions, (context) => {
  ssc = context
  return jobs[options.job]()
})
