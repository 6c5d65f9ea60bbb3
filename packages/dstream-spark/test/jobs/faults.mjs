// @ts-check
// Jobs with a fault, one by the name that FAULT has. MARK is a file that says that the fault has happened, BATCH_MS the batch interval.
import { existsSync, writeFileSync } from 'node:fs'
import { Milliseconds, StreamingContext } from 'dstream'
import { numberBatches, report } from './report.mjs'

const { FAULT = 'none', MARK = '', BATCH_MS = '50' } = process.env
const BATCHES = 3
const isWorker = process.argv[1]?.endsWith('job.mjs') === true
if (FAULT === 'top level' && isWorker) throw new Error('this module is not for workers')

/** @type {Record<string, (n: number) => number>} */
const steps = {
  prints: (n) => {
    if (isWorker) process.stdout.write(`seen ${n}\n\u0000\u0001`)
    return n
  },
  throws: (n) => {
    if (n % 100 === 3) throw new RangeError(`no ${n}`)
    return n
  },
  exits: (n) => {
    if (isWorker && !existsSync(MARK)) {
      writeFileSync(MARK, '')
      process.exit(7)
    }
    return n
  },
  hangs: (n) => {
    if (isWorker && !existsSync(MARK)) {
      writeFileSync(MARK, '')
      for (;;);
    }
    return n
  },
  'never replies': (n) => {
    if (isWorker) process.exit(9)
    return n
  },
}
const step = steps[FAULT] ?? ((n) => n)
const other = FAULT === 'functions' && isWorker ? (/** @type {number} */ n) => n + 1 : (/** @type {number} */ n) => n

/** @type {import('dstream').StreamingContextOptions} */
const options = { appName: 'faults', batchInterval: Milliseconds(Number(BATCH_MS)) }
if (process.env['SKIP']) options.onRecordError = 'skip'
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.queueStream(numberBatches(ssc, BATCHES)).map(step).map(other)
  report(ssc, { sums: numbers.mapToPair((n) => [n % 5, n]).reduceByKey((a, b) => a + b) }, BATCHES)
})
