// @ts-check
// Saves its batches below PREFIX, as text and as objects, and writes them to the file sink SINK. The text of one record ends the executor that writes it, once: where MARK is
// the name of a file that is not there yet.
import { existsSync, writeFileSync } from 'node:fs'
import { Milliseconds, StreamingContext } from 'dstream'
import { fileSink } from 'dstream/sinks'
import { numberBatches, report } from './report.mjs'

const { PREFIX = '', SINK = '', MARK = '' } = process.env
const BATCHES = 3
const SIZE = 24_000
const isWorker = process.argv[1]?.endsWith('job.mjs') === true

/** A record whose text is made while its part is written. */
class Marked {
  /** @param {number} n */
  constructor(n) {
    this.n = n
  }

  toString() {
    if (isWorker && MARK !== '' && !existsSync(MARK)) {
      writeFileSync(MARK, '')
      process.kill(process.ppid, 'SIGKILL')
    }
    return `marked ${this.n}`
  }
}

await StreamingContext.run(import.meta, { appName: 'saved', batchInterval: Milliseconds(50) }, (ssc) => {
  const numbers = Array.from({ length: BATCHES }, (_, b) =>
    ssc.sc.parallelize(
      Array.from({ length: SIZE }, (_, i) => b * SIZE + i),
      { numPartitions: 4 },
    ),
  )
  // A marked record is in the second piece of its part.
  ssc
    .queueStream(numbers)
    .map((n) => (n % 6000 === 5000 ? new Marked(n) : `the number ${n}`))
    .saveAsTextFiles(`${PREFIX}/text`, 'txt')
  const pairs = ssc.queueStream(numberBatches(ssc, BATCHES)).map((n) => /** @type {[number, number]} */ ([n % 45, n]))
  pairs.saveAsObjectFiles(`${PREFIX}/objects`)
  pairs.to(fileSink(SINK, { shared: true }))
  const groups = pairs.groupByKey({ numPartitions: 2 })
  groups.saveAsTextFiles(`${PREFIX}/groups`)
  report(ssc, { counts: groups.map(([key, { length }]) => [key, length]) }, BATCHES)
})
