// @ts-check
// Shuffles of many keys, whose tables are merged on the executors, and states that are updated from them there. MARK begins the names
// of files which say that a process was ended in a merging and in updates: the one that ENDS names, the worker or its executor.
// THREADS is the option, for the run in one process.
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { Milliseconds, StreamingContext } from 'dstream'

const { MARK, ENDS, THREADS } = process.env
const KEYS = 10_000
const PARTITIONS = 4
const BATCHES = 2
const isWorker = process.argv[1]?.endsWith('job.mjs') === true

/** The key whose values no worker merges. */
const REFUSED = 777

/** @type {(where: string) => void} Ends a process once in each place. */
const endOnce = (where) => {
  if (!isWorker || MARK === undefined || existsSync(`${MARK}-${where}`)) return
  writeFileSync(`${MARK}-${where}`, '')
  if (ENDS === 'executor') process.kill(process.ppid, 'SIGKILL')
  process.kill(process.pid, 'SIGKILL')
}
/** @type {(n: number) => string} */
const keyOf = (n) =>
  `the key ${n % KEYS} of all the ${KEYS} keys, which are so long that tables of few of them are large`

/** @type {import('dstream').StreamingContextOptions} */
const options = { appName: 'merges', batchInterval: Milliseconds(50), onRecordError: 'skip' }
if (THREADS !== undefined) options.threads = Number(THREADS)
await StreamingContext.run(import.meta, options, (ssc) => {
  const added = ssc.sc.longAccumulator('added')
  const merged = ssc.sc.longAccumulator('merged')
  // Each shuffle has a source of its own: records with several readers would bring their tables along.
  const numbers = () =>
    ssc.queueStream(
      Array.from({ length: BATCHES }, (_, b) =>
        ssc.sc.parallelize(
          Array.from({ length: 2 * KEYS }, (_, i) => (i * 7919 + b) % (3 * KEYS)),
          { numPartitions: PARTITIONS },
        ),
      ),
    )
  const streams = {
    sums: numbers()
      .map((n) => {
        if (n === 7919) throw new RangeError(`no ${n}`)
        return n
      })
      .mapToPair((n) => [keyOf(n), n / 3])
      .reduceByKey((a, b) => a * 1.1 + b),
    groups: numbers()
      .mapToPair((n) => [keyOf(n), n])
      .groupByKey({ numPartitions: 3 }),
    distinct: numbers()
      .map((n) => [n % KEYS, keyOf(n)])
      .distinct({ numPartitions: 2 }),
    combined: numbers()
      .mapToPair((n) => {
        added.add(1)
        return [keyOf(n), n]
      })
      .combineByKey(
        (n) => `${n}`,
        (text, n) => `${text} ${n}`,
        (a, b) => {
          merged.add(1)
          endOnce('merging')
          return `${a}, ${b}`
        },
      ),
    states: numbers()
      .mapToPair((n) => [keyOf(n), n])
      .updateStateByKey(
        (values, /** @type {number | undefined} */ sum) => {
          // There is a copy by then, which is lost.
          if (sum !== undefined) endOnce('update')
          return values.reduce((a, b) => a * 0.9 + b, sum ?? 0)
        },
        { numPartitions: 3 },
      ),
    mapped: numbers()
      .mapToPair((n) => [keyOf(n), n])
      .mapWithState(
        (key, n, /** @type {import('dstream').State<number>} */ state) => {
          const sum = state.getOption() ?? 0
          if (sum > 3 * KEYS) endOnce('mapping')
          state.update(sum * 0.9 + (n ?? 0))
          return [key.length, state.get()]
        },
        { numPartitions: 3 },
      ),
  }
  const fetched = numbers()
    .mapToPair((n) => [keyOf(n), n])
    .reduceByKey((a, b) => {
      if (isWorker && REFUSED === a % KEYS) throw new RangeError(`${a} is merged in the driver alone`)
      return a * 3 + b
    })
  const say = (/** @type {object} */ line) => void process.stdout.write(`${JSON.stringify(line)}\n`)
  for (const [output, stream] of Object.entries({ ...streams, fetched })) {
    stream.foreachRDD(async (rdd, time) => {
      const parts = await rdd.glom().collect()
      const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
      say({ output, time: time.milliseconds, records: [parts.map((part) => part.length), digest] })
    })
  }
  let done = 0
  ssc.on('batchCompleted', () => {
    say({ output: 'accumulators', time: 0, records: [added.value, merged.value, ssc.totals.skippedRecords] })
    if (++done !== BATCHES) return
    say({ tasks: ssc.recentProgress.flatMap(({ tasks }) => tasks ?? []) })
    void ssc.stop()
  })
})
