// What a batch without records costs, of a job with a window and a state: late ticks run back to back, so it must be little.
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'
import { silent } from './job.mjs'
import { median, report, timed } from './measure.mjs'

const batches = 2000

const clock = new ManualClock(0)
const ssc = new StreamingContext({ batchInterval: Seconds(1), clock, logger: silent })
const words = ssc.queueStream([])
words
  .window(Seconds(10))
  .count()
  .foreachRDD(() => {})
words
  .mapToPair((word) => [word, 1])
  .updateStateByKey((values, total = 0) => total + values.length)
  .foreachRDD(() => {})
await ssc.start()

const run = (n) =>
  timed(async () => {
    clock.runNext(clock.now() + n * 1000)
    await ssc.engine.ticker.idle()
  })
await run(batches)
const perBatch = []
for (let i = 0; i < 9; i++) perBatch.push(((await run(batches)) * 1000) / batches)
await ssc.stop()
report('An empty batch', [{ name: 'with a window and a state', value: median(perBatch), unit: 'µs', atMost: 100 }])
