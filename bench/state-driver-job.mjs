// The job of state-driver.bench.mjs: a state of a million text keys whose partitions workers update. It runs one batch for each message
// of its parent, and answers with what this thread has spent and holds. `read` looks a key of each partition up behind each batch.
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'

const [kind, threads, keys] = process.argv.slice(2)
const numPartitions = Number(threads)
const clock = new ManualClock(0)
const options = { batchInterval: Seconds(1), clock, stopGracefullyOnShutdown: false, threads: Number(threads) }

await StreamingContext.run(import.meta, options, (ssc) => {
  const queue = []
  const sums = ssc
    .queueStream(queue)
    .mapToPair((n) => [`user-${n}`, n])
    .mapWithState(
      (key, n, state) => {
        state.update((state.getOption() ?? 0) + n)
      },
      { numPartitions },
    )
  sums.foreachRDD(async (rdd) => void (await rdd.count()))
  if (!isMainThread) return
  ssc.on('streamingStarted', () => process.send('started'))
  let next = 0
  process.on('message', async (touched) => {
    const numbers = Array.from({ length: touched }, () => (next = (next + 1) % Number(keys)))
    queue.push(ssc.sc.parallelize(numbers, { numPartitions }))
    const begin = performance.now()
    const loop = performance.eventLoopUtilization()
    clock.runNext(clock.now() + 1000)
    await ssc.engine.ticker.idle()
    const ms = performance.now() - begin
    const { active } = performance.eventLoopUtilization(loop)
    if (kind === 'read') for (let n = 0; n < 64; n++) sums.get(`user-${n}`)
    globalThis.gc()
    process.send({ ms, active, heapUsed: process.memoryUsage().heapUsed })
  })
})
