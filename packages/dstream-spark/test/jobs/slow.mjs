// @ts-check
// Batches that take a while on workers, so that a test can kill something meanwhile.
import { Milliseconds, StreamingContext } from 'dstream'
import { numberBatches, report } from './report.mjs'

const BATCHES = 8

/** Takes half a millisecond of a core. @param {number} n */
const slowly = (n) => {
  const end = performance.now() + 0.5
  while (performance.now() < end);
  return n
}

await StreamingContext.run(import.meta, { appName: 'slow', batchInterval: Milliseconds(50) }, (ssc) => {
  const pairs = ssc
    .queueStream(numberBatches(ssc, BATCHES))
    .map(slowly)
    .mapToPair((n) => [`n${n % 9}`, n])
  report(ssc, { totals: pairs.runningReduceByKey((a, b) => a + b) }, BATCHES)
})
