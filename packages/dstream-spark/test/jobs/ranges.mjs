// @ts-check
// A job with a checkpoint, whose source can be read again and is planned as far as it has grown: CHECKPOINT, and GROWN for the
// number of ranges that exist. BATCH_MS is the batch interval, SAVED where the numbers are saved.
import { Milliseconds, StreamingContext } from 'dstream'
import { random, report } from './report.mjs'

const BATCHES = Number(process.env['BATCHES'] ?? 12)
const RANGE = 600
const { CHECKPOINT, GROWN = '12', BATCH_MS = '50', SAVED } = process.env

const options = { appName: 'ranges', batchInterval: Milliseconds(Number(BATCH_MS)), checkpointDir: CHECKPOINT }
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource({
    initial: () => 0,
    plan: (/** @type {number} */ from) => Math.min(from + 1, Number(GROWN)),
    splits: (from, until) =>
      from === until ? [] : Array.from({ length: 4 }, (_, part) => ({ name: `part-${part}`, range: from, part })),
    read: ({ range, part }) => {
      const next = random(range * 4 + part)
      return Array.from({ length: RANGE / 4 }, () => next(1000))
    },
  })
  const totals = numbers
    .map((n) => n + 1)
    .mapToPair((n) => [`n${n % 9}`, n])
    .runningReduceByKey((a, b) => a + b)
  if (SAVED !== undefined) numbers.map((n) => `number ${n}`).saveAsTextFiles(SAVED)
  report(ssc, { totals }, BATCHES)
})
