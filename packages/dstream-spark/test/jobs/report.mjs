// @ts-check
// What all jobs of the tests do with their streams: each batch of each output goes to standard output as a line of JSON.

/**
 * @param {import('dstream').StreamingContext} ssc
 * @param {Record<string, import('dstream').DStream<any>>} streams
 * @param {number} batches after so many the job ends
 */
export function report(ssc, streams, batches) {
  const say = (/** @type {object} */ line) => void process.stdout.write(`${JSON.stringify(line)}\n`)
  for (const [output, stream] of Object.entries(streams)) {
    let batch = 0
    stream.foreachRDD(async (rdd, time) => {
      const records = await rdd.collect()
      say({ output, batch: batch++, time: time.milliseconds, records })
    })
  }
  let done = 0
  ssc.on('batchCompleted', () => {
    done++
    say({ completed: done })
    if (done !== batches) return
    const tasks = ssc.recentProgress.map((progress) => progress.tasks)
    say({ tasks: tasks.filter((some) => some !== undefined) })
    void ssc.stop()
  })
}

/** Returns the same numbers in every process. @param {number} seed */
export function random(seed) {
  let state = seed >>> 0
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** The parts of a range. */
export const PARTS = 4

/**
 * A source that can be read again. It has grown by a range of several parts when a batch is planned, until it has all.
 *
 * @template T
 * @param {number} count the number of ranges
 * @param {(range: number, part: number) => T[]} read
 */
export function ranges(count, read) {
  return {
    initial: () => 0,
    plan: (/** @type {number} */ from) => Math.min(from + 1, count),
    splits: (/** @type {number} */ from, /** @type {number} */ until) =>
      from === until ? [] : Array.from({ length: PARTS }, (_, part) => ({ name: `part-${part}`, range: from, part })),
    read: (/** @type {{ range: number, part: number }} */ split) => read(split.range, split.part),
  }
}

/** Returns what reads so many numbers below 1,000 of each range. @param {number} size */
export function numbersOf(size) {
  return (/** @type {number} */ range, /** @type {number} */ part) => {
    const next = random(range * PARTS + part)
    return Array.from({ length: size / PARTS }, () => next(1000))
  }
}

/**
 * Batches of numbers, each an RDD of several partitions.
 *
 * @param {import('dstream').StreamingContext} ssc
 * @param {number} batches
 */
export function numberBatches(ssc, batches, size = 600, numPartitions = 4) {
  return Array.from({ length: batches }, (_, b) => {
    const next = random(b + 1)
    return ssc.sc.parallelize(
      Array.from({ length: size }, () => next(1000) - 200),
      { numPartitions },
    )
  })
}
