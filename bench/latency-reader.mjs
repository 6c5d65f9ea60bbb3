// Reads lines with stamps, counts them by key, and tells over IPC how old each was when an output had it: by hand in batches of
// the same interval, or with dstream.
import { closeSync, fsync, openSync, write } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Milliseconds, StateSpec, StreamingContext } from 'dstream'

const [mode, port, intervalMs, warmUpMs, runMs, directory] = [
  process.argv[2],
  ...process.argv.slice(3, 7).map(Number),
  process.argv[7],
]
const now = () => Number(process.hrtime.bigint() / 1000n)
let latencies = []
const seen = (stamps) => {
  const at = now()
  for (const stamp of stamps) latencies.push(at - stamp)
}
const parse = (line) => {
  const space = line.indexOf(' ')
  return [line.slice(0, space), Number(line.slice(space + 1))]
}

const byHand = () => {
  const states = new Map()
  const log = directory === undefined ? undefined : openSync(join(directory, 'by-hand.log'), 'a')
  const append = async (text) => {
    await promisify(write)(log, text)
    await promisify(fsync)(log)
  }
  let rest = ''
  let lines = []
  createConnection(port, '127.0.0.1')
    .setEncoding('utf8')
    .on('data', (text) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop()
      for (const part of parts) lines.push(part)
    })
  const batch = async () => {
    const received = lines
    lines = []
    if (log !== undefined) await append(received.join('\n'))
    const stamps = []
    const changed = new Map()
    for (const line of received) {
      const [key, stamp] = parse(line)
      const count = (states.get(key) ?? 0) + 1
      states.set(key, count)
      changed.set(key, count)
      stamps.push(stamp)
    }
    seen(stamps)
    if (log !== undefined) await append(JSON.stringify([...changed]))
  }
  let next = Math.ceil(Date.now() / intervalMs) * intervalMs
  const tick = async () => {
    await batch()
    next = Math.max(next + intervalMs, Math.floor(Date.now() / intervalMs) * intervalMs)
    setTimeout(tick, Math.max(0, next - Date.now()))
  }
  setTimeout(tick, next - Date.now())
  return () => log !== undefined && closeSync(log)
}

const withDStream = async () => {
  const ssc = new StreamingContext({
    batchInterval: Milliseconds(intervalMs),
    ...(directory === undefined ? {} : { checkpointDir: directory }),
    logger: { debug() {}, info() {}, warn: (o, m) => console.error(m, o), error: (o, m) => console.error(m, o) },
  })
  const count = (key, stamp, state) => {
    state.update((state.exists() ? state.get() : 0) + 1)
    return stamp
  }
  ssc
    .socketTextStream('127.0.0.1', port)
    .mapToPair(parse)
    .mapWithState(StateSpec.function(count))
    .foreachRDD(async (rdd) => seen(await rdd.collect()))
  await ssc.start()
  return () => ssc.stop()
}

const stop = mode === 'hand' ? byHand() : await withDStream()
setTimeout(() => {
  latencies = []
  const cpu = process.cpuUsage()
  const begin = performance.now()
  setTimeout(async () => {
    const seconds = (performance.now() - begin) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const sorted = Float64Array.from(latencies).sort()
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] / 1000
    await stop()
    const figures = { p50: at(0.5), p99: at(0.99), p999: at(0.999), cores: (user + system) / 1e6 / seconds }
    process.send({ ...figures, records: sorted.length / seconds }, () => process.exit(0))
  }, runMs)
}, warmUpMs)
