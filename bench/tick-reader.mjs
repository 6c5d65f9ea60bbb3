// Counts words of a feed in batches of one second, and tells over IPC how long after each tick the greatest counts are there.
// `hand` gathers bytes and does everything at the tick; `eager` and `lazy` are dstream with and without early work.
import { createConnection } from 'node:net'
import { Milliseconds, Seconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'

const [mode, port, batches, blockMs] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const intervalMs = 1000
const kept = 10
const delays = []
let posts = 0

const done = (ms, words) => {
  delays.push({ ms, posts, words })
  if (delays.length < batches) return
  process.send({ delays, peak: process.resourceUsage().maxRSS / 1024, cpu: process.cpuUsage() }, () => process.exit(0))
}
const total = (pairs) => pairs.reduce((sum, [, n]) => sum + n, 0)

const byHand = () => {
  const counts = new Map()
  let chunks = []
  let rest = Buffer.alloc(0)
  createConnection(port, '127.0.0.1').on('data', (chunk) => chunks.push(chunk))
  const tick = (time) => {
    const bytes = Buffer.concat([rest, ...chunks])
    chunks = []
    const end = bytes.lastIndexOf(10)
    rest = bytes.subarray(end + 1)
    for (const line of bytes.toString('utf8', 0, Math.max(0, end)).split('\n')) {
      if (line === '') continue
      posts++
      for (const word of JSON.parse(line).message.split(/\s+/)) {
        if (word.length >= 5) counts.set(word, (counts.get(word) ?? 0) + 1)
      }
    }
    const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, kept)
    done(Date.now() - time, total(top))
    wait()
  }
  const wait = () => {
    const time = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs
    setTimeout(() => tick(time), time - Date.now())
  }
  wait()
}

const withDStream = async () => {
  const ssc = new StreamingContext({
    batchInterval: Seconds(intervalMs / 1000),
    eager: mode === 'eager',
    ...(blockMs > 0 ? { blockInterval: Milliseconds(blockMs) } : {}),
    logger: { debug() {}, info() {}, warn: (o, m) => console.error(m, o), error: (o, m) => console.error(m, o) },
  })
  ssc
    .receiverStream(new JvcReceiver({ host: '127.0.0.1', port, resume: false }))
    .flatMap((post) => post.message.split(/\s+/))
    .filter((word) => word.length >= 5)
    .mapToPair((word) => [word, 1])
    .runningReduceByKey((a, b) => a + b)
    .top(kept, ([, n]) => n)
    .foreachRDD(async (rdd, time) => {
      const top = await rdd.collect()
      const ms = Date.now() - time.milliseconds
      setImmediate(() => {
        posts = ssc.totals.numInputRecords
        done(ms, total(top))
      })
    })
  await ssc.start()
}

await (mode === 'hand' ? byHand() : withDStream())
