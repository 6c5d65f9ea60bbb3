// @ts-check
// Functions on executors that add to accumulators, and read a broadcast. MARK is a file that says that a worker has ended in a task.
import { existsSync, writeFileSync } from 'node:fs'
import { Milliseconds, StreamingContext } from 'dstream'
import { numberBatches, report } from './report.mjs'

const { MARK } = process.env
const BATCHES = 3
const isWorker = process.argv[1]?.endsWith('job.mjs') === true

await StreamingContext.run(import.meta, { appName: 'accumulators', batchInterval: Milliseconds(50) }, (ssc) => {
  const negative = ssc.sc.longAccumulator('negative')
  const large = /** @type {import('dstream').Accumulator<number, number[]>} */ (ssc.sc.collectionAccumulator('large'))
  const called = ssc.sc.longAccumulator('called')
  const names = ssc.sc.broadcast(new Map([[0, 'even'], [1, 'odd']])) // prettier-ignore
  const unlike = ssc.sc.broadcast(isWorker ? 'worker' : 'driver')

  const numbers = ssc.queueStream(numberBatches(ssc, BATCHES))
  const sums = numbers
    .map((n) => {
      if (n < 0) negative.add(1)
      if (n > 795) large.add(n)
      if (n < 0 && isWorker && MARK !== undefined && !existsSync(MARK)) {
        writeFileSync(MARK, '')
        process.exit(3)
      }
      return n
    })
    .mapToPair((n) => [names.value.get(Math.abs(n) % 2) ?? '', n])
    .reduceByKey((a, b) => a + b)
  const own = numbers.mapToPair(() => [unlike.value, 1]).reduceByKey((a, b) => a + b)
  numbers.foreachPartition((records) => {
    for (const n of records) if (n % 2 === 0) called.add(n)
  })
  report(ssc, { sums, own }, BATCHES)
  ssc.on('batchCompleted', () => {
    const seen = { negative: negative.value, large: large.value.sort(), called: called.value }
    process.stdout.write(`${JSON.stringify({ output: 'seen', time: 0, records: [seen] })}\n`)
  })
})
