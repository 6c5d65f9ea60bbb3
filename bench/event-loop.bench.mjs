// How long the event loop is held while a batch of some seconds runs under the load of a feed: the socket must go on being
// read.
import { fork } from 'node:child_process'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Seconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { silent } from './job.mjs'
import { report } from './measure.mjs'

// A rate that the buffer of the receiver holds for as long as the batch runs.
const rate = 10_000
const posts = 200_000
const sender = fork(new URL('feed-sender.mjs', import.meta.url), [String(posts), String(rate)])
const { port, bytes } = await new Promise((resolve) => sender.once('message', resolve))

/** A function that takes its time: about 5 s for the batch. */
const work = (n) => {
  let x = n
  for (let i = 0; i < 12_000; i++) x = (x * 31 + i) | 0
  return x
}

const ssc = new StreamingContext({ batchInterval: Seconds(1), logger: silent })
const delays = monitorEventLoopDelay({ resolution: 1 })
let seconds = 0
let received = 0
ssc.receiverStream(new JvcReceiver({ host: '127.0.0.1', port })).foreachRDD((rdd, time) => void time)
const heavy = ssc.queueStream([Array.from({ length: 300_000 }, (_, i) => i)])
heavy.map(work).foreachRDD(async (rdd) => {
  const before = ssc.inputs.all[0].supervisor.buffer.buffered.bytes
  const begin = performance.now()
  delays.enable()
  const n = await rdd.count()
  delays.disable()
  if (n === 0) return
  seconds = (performance.now() - begin) / 1000
  received = ssc.inputs.all[0].supervisor.buffer.buffered.bytes - before
  report(`Event loop during a batch of ${seconds.toFixed(1)} s under the load of a feed`, [
    { name: 'delay, 99th percentile', value: delays.percentile(99) / 1e6, unit: 'ms', atMost: 20 },
    { name: 'delay, longest', value: delays.max / 1e6, unit: 'ms' },
    {
      name: `posts read meanwhile, of the ${rate} in a second that are sent`,
      value: received / ((bytes / posts) * rate * seconds),
      unit: '×',
      atLeast: 0.95,
    },
  ])
  sender.disconnect()
  process.exit(0)
})
await ssc.start()
