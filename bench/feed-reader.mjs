// Counts the words of `count` posts from a port: by hand without batches, or with dstream in batches of 500 ms. `lazy` does no
// early work, `field` decodes nothing but the message, `one` and `two` say how many threads, `watched` is watched by the browsers of page-browsers.mjs. Tells over IPC how long it took from the first byte to the
// last post, what it counted, and its memory.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { Milliseconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'

const [mode, port, count, checkpointDir] = [
  process.argv[2],
  Number(process.argv[3]),
  Number(process.argv[4]),
  process.argv[5],
]
const counts = new Map()
let posts = 0
const cpuBefore = process.cpuUsage()
let begin

const done = async (words) => {
  const seconds = (performance.now() - begin) / 1000
  await mustBeWatched()
  const rss = process.memoryUsage.rss() / 2 ** 20
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuSeconds = (user + system) / 1e6
  process.send({ seconds, cpuSeconds, words, rss, peak: process.resourceUsage().maxRSS / 1024 }, () => process.exit(0))
}

const byHand = () => {
  let rest = Buffer.alloc(0)
  createConnection(port, '127.0.0.1').on('data', (chunk) => {
    begin ??= performance.now()
    const end = chunk.lastIndexOf(10)
    if (end < 0) return void (rest = Buffer.concat([rest, chunk]))
    const text = Buffer.concat([rest, chunk.subarray(0, end)]).toString('utf8')
    rest = chunk.subarray(end + 1)
    for (const line of text.split('\n')) {
      const { message } = JSON.parse(line)
      posts++
      for (const word of message.split(/\s+/)) if (word.length >= 5) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    if (posts >= count) done([...counts.values()].reduce((a, b) => a + b, 0))
  })
}

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return free
}

const uiPort = mode === 'watched' && isMainThread ? await freePort() : undefined
const browsers = uiPort && fork(new URL('page-browsers.mjs', import.meta.url), [`http://127.0.0.1:${uiPort}`])

/** A run that nobody has looked at says nothing about the page. */
const mustBeWatched = async () => {
  if (browsers === undefined) return
  browsers.send('count')
  const [{ following, bytes }] = await once(browsers, 'message')
  if (following < 200 || bytes < 200_000) throw new Error(`${following} browsers have followed, and got ${bytes} bytes`)
}

const options = {
  batchInterval: Milliseconds(500),
  ...(mode === 'lazy' ? { eager: false } : {}),
  ...(checkpointDir === undefined ? {} : { checkpointDir }),
  ...(mode === 'one' || mode === 'two' ? { threads: mode === 'one' ? 1 : 2 } : {}),
  ui: uiPort !== undefined && { port: uiPort },
  logger: { debug() {}, info() {}, warn: (o, m) => console.error(m, o), error: (o, m) => console.error(m, o) },
}
const withDStream = (ssc) => {
  // The sender gives no cursors; asked for them, the receiver would wait a second for its answer.
  const stream = ssc.receiverStream(
    new JvcReceiver({ host: '127.0.0.1', port, resume: false, ...(mode === 'field' && { fields: ['message'] }) }),
  )
  const totals = stream
    .flatMap((post) => post.message.split(/\s+/))
    .filter((word) => word.length >= 5)
    .mapToPair((word) => [word, 1])
    .runningReduceByKey((a, b) => a + b)
  let onWorkers = 0
  ssc.on('receiverStarted', () => (begin ??= performance.now()))
  ssc.on('batchCompleted', ({ batchInfo }) => {
    posts += batchInfo.numRecords
    onWorkers += ssc.lastProgress?.tasks?.onWorkers ?? 0
    if (posts < count) return
    if (mode === 'two' && onWorkers === 0) throw new Error('No task was done in the worker')
    let words = 0
    for (const [, n] of totals.snapshot()) words += n
    done(words)
  })
  totals.foreachRDD(() => {})
}

if (mode === 'hand') byHand()
else await StreamingContext.run(import.meta, options, withDStream)
