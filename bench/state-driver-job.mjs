// The job of state-driver.bench.mjs: a state of two million text keys whose partitions workers update, and which nobody reads here. It runs
// one batch for each message of its parent, and answers with what this thread has spent and holds.
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'

const KEYS = 2_000_000
const [threads, numPartitions] = process.argv.slice(2).map(Number)
const clock = new ManualClock(0)
const options = { batchInterval: Seconds(1), clock, stopGracefullyOnShutdown: false, threads }

await StreamingContext.run(import.meta, options, (ssc) => {
  const queue = []
  ssc
    .queueStream(queue)
    .mapToPair((n) => [`user-${n}`, n])
    .mapWithState(
      (key, n, state) => {
        state.update((state.getOption() ?? 0) + n)
      },
      { numPartitions },
    )
    .foreachRDD(async (rdd) => void (await rdd.count()))
  if (!isMainThread) return
  ssc.on('streamingStarted', () => process.send('started'))
  let next = 0
  process.on('message', async (touched) => {
    const numbers = Array.from({ length: touched }, () => (next = (next + 1) % KEYS))
    queue.push(ssc.sc.parallelize(numbers, { numPartitions: 4 }))
    const begin = performance.now()
    const loop = performance.eventLoopUtilization()
    clock.runNext(clock.now() + 1000)
    await ssc.engine.ticker.idle()
    const ms = performance.now() - begin
    const busyMs = performance.eventLoopUtilization(loop).active
    globalThis.gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    process.send({ ms, busyMs, heapUsed, arrayBuffers })
  })
})
