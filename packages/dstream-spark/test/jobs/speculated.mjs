// @ts-check
// In each batch the first attempt at one record waits until another one has begun. STATE is a folder that both see,
// PREFIX where the records are saved.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Milliseconds, StreamingContext } from 'dstream'
import { report } from './report.mjs'

const { STATE = '', PREFIX = '' } = process.env
const BATCHES = 3
const SIZE = 600
const isWorker = process.argv[1]?.endsWith('job.mjs') === true

/** Waits at the first record of a batch, where this is the first attempt at it. @param {string} stage */
const slowAtFirst = (stage) => (/** @type {number} */ n) => {
  if (!isWorker || n % SIZE !== 0) return n
  const another = join(STATE, `another-${stage}-${n}`)
  try {
    writeFileSync(join(STATE, `first-${stage}-${n}`), '', { flag: 'wx' })
  } catch {
    writeFileSync(another, '')
  }
  while (!existsSync(another)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  return n
}

await StreamingContext.run(import.meta, { appName: 'speculated', batchInterval: Milliseconds(50) }, (ssc) => {
  const seen = ssc.sc.longAccumulator('seen')
  const rdds = Array.from({ length: BATCHES }, (_, b) =>
    ssc.sc.parallelize(
      Array.from({ length: SIZE }, (_, i) => b * SIZE + i),
      { numPartitions: 4 },
    ),
  )
  const numbers = ssc.queueStream(rdds)
  const sums = numbers
    .map(slowAtFirst('sum'))
    .mapToPair((n) => {
      seen.add(1)
      return [n % 5, n]
    })
    .reduceByKey((a, b) => a + b)
  numbers.foreachPartition((records, { partition }) => {
    appendFileSync(join(STATE, 'calls'), `${process.pid} ${[...records][0]} ${partition}\n`)
  })
  numbers.map(slowAtFirst('save')).saveAsTextFiles(PREFIX)
  report(ssc, { sums, seen: sums.transform((rdd) => rdd.map(() => seen.value)) }, BATCHES)
})
