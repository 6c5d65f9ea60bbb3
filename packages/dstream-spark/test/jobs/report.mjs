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
