// @ts-check
// A job with a checkpoint, whose source can be read again and is planned as far as it has grown: CHECKPOINT, and GROWN for the
// number of ranges that exist. BATCH_MS is the batch interval, SAVED where the numbers are saved.
import { Milliseconds, StreamingContext } from 'dstream'
import { numbersOf, ranges, report } from './report.mjs'

const BATCHES = Number(process.env['BATCHES'] ?? 12)
const RANGE = 600
const { CHECKPOINT, GROWN = '12', BATCH_MS = '50', SAVED } = process.env

const options = { appName: 'ranges', batchInterval: Milliseconds(Number(BATCH_MS)), checkpointDir: CHECKPOINT }
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource(ranges(Number(GROWN), numbersOf(RANGE)))
  const totals = numbers
    .map((n) => n + 1)
    .mapToPair((n) => [`n${n % 9}`, n])
    .runningReduceByKey((a, b) => a + b)
  if (SAVED !== undefined) numbers.map((n) => `number ${n}`).saveAsTextFiles(SAVED)
  report(ssc, { totals }, BATCHES)
})
