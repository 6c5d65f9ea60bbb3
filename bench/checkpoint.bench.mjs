// What recovery costs: a commit of 10 000 changes among a million keys, snapshots, a restart, and the journal, each beside
// a bare append and fsync of the same. A disk is waited for, so times are wall times.
import { fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { Receiver } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { pack } from 'msgpackr'
import { jobOf, keyOf, numbers } from './job.mjs'
import { alternately, median, ratio, report, timed } from './measure.mjs'

const home = mkdtempSync(join(tmpdir(), 'dstream-bench-'))
const file = openSync(join(home, 'by-hand.log'), 'a')
const add = (a, b) => a + b
const next = numbers(3)
const known = 1_000_000
const changed = 10_000
const loads = 10
const perLoad = known / loads

/** A string of its own, as what comes from a socket is. */
const keyFrom = (i) => Buffer.from(keyOf(i)).toString()
const updates = Array.from({ length: 50 }, () => Array.from({ length: changed }, () => [keyFrom(next(known)), 1]))
/** The first batches bring all keys, those after them update some: a source with positions, so that a restart goes on. */
const source = {
  initial: () => 0,
  plan: (from) => from + 1,
  read: (from) =>
    from < loads
      ? Array.from({ length: perLoad }, (_, i) => [keyFrom(from * perLoad + i), 1])
      : updates[(from - loads) % updates.length],
}

/** The longest time for which the loop has not turned between `begin` and `end`. */
const watch = { last: 0, longest: 0, on: false }
const look = () => {
  const now = performance.now()
  watch.longest = Math.max(watch.longest, now - watch.last)
  watch.last = now
  if (watch.on) setImmediate(look)
}
const begin = () => {
  Object.assign(watch, { last: performance.now(), on: true })
  setImmediate(look)
}
const end = () => {
  watch.on = false
  look()
}

/** When each step was last taken; commits are watched. */
const taken = new Map()
const steps = (name) => {
  taken.set(name, performance.now())
  if (name === 'batch:evaluated') begin()
  if (name === 'batch:committed') end()
}
const since = (name, time) => (taken.get(name) ?? 0) > time
const start = (at) =>
  jobOf(
    (_, ssc) =>
      ssc
        .fromSource(source)
        .runningReduceByKey(add)
        .uid('totals')
        .foreachRDD(() => {}),
    { options: { storage: fileStorage(join(home, 'job')) }, internals: { onCrashPoint: steps }, at, queued: false },
  )

let job = await start(0)
for (let i = 0; i < loads; i++) await job.run()

// ── commits ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let turn = 0
const commits = []
const rounds = 60
for (let i = 0; i < 20; i++) await job.run()
watch.longest = 0
const times = await alternately(
  {
    'by hand': () => {
      writeSync(file, pack(updates[turn++ % updates.length]))
      fsyncSync(file)
    },
    batch: async () => {
      await job.run()
      commits.push(taken.get('batch:committed') - taken.get('batch:evaluated'))
    },
  },
  { rounds, warmUps: 0, collect: false },
)
times.commit = commits.slice(-rounds)
report(`A commit: ${known} keys, of which ${changed} have changed`, [
  { name: 'pack, append and fsync by hand', value: median(times['by hand']), unit: 'ms' },
  { name: 'the commit', value: median(times.commit), unit: 'ms' },
  { name: '  against by hand', value: ratio(times, 'commit', 'by hand'), unit: '×' },
  { name: '  longest stop of the thread in one', value: watch.longest, unit: 'ms', atMost: 20 },
  { name: 'the whole batch', value: median(times.batch), unit: 'ms' },
])

// ── snapshots, nothing else going on ────────────────────────────────────────────────────────────────────────────────

const durations = []
const stops = []
while (durations.length < 5) {
  await job.run()
  const committed = performance.now()
  watch.longest = 0
  begin()
  // A snapshot that is due begins with the commit; its first part is there soon.
  await setTimeout(100)
  if (since('snapshot:part-put', committed)) {
    while (!since('snapshot:put', committed)) await setTimeout(10)
    durations.push(taken.get('snapshot:put') - committed)
    stops.push(watch.longest)
  }
  end()
}
report(`A snapshot of ${known} keys`, [
  { name: 'from its commit until it is durable', value: median(durations), unit: 'ms' },
  { name: '  longest stop of the thread', value: median(stops), unit: 'ms', atMost: 20 },
])

// ── a restart ───────────────────────────────────────────────────────────────────────────────────────────────────────

const restarts = []
for (let i = 0; i < 3; i++) {
  const at = job.clock.now()
  await job.stop()
  restarts.push(await timed(async () => (job = await start(at))))
}
await job.stop()
report('A restart', [{ name: `with ${known} keys`, value: median(restarts), unit: 'ms' }])

// ── the journal ─────────────────────────────────────────────────────────────────────────────────────────────────────

const block = Buffer.alloc(256 * 1024, 'a line of some length\n')
const blocks = 40
const megabytes = (blocks * block.length) / 1e6
const lines = { id: 'bench', decode: () => [] }
class Blocks extends Receiver {
  codecs = [lines]
  onStart() {}
  onStop() {}
}
const receiver = new Blocks()
job = await jobOf((_, ssc) => ssc.receiverStream(receiver).foreachRDD(() => {}), {
  options: { storage: fileStorage(join(home, 'journal')) },
  queued: false,
})
const journal = await alternately(
  {
    'by hand': () => {
      for (let i = 0; i < blocks; i++) {
        writeSync(file, block)
        fsyncSync(file)
      }
    },
    'one by one': async () => {
      for (let i = 0; i < blocks; i++) await receiver.storeBytes(Buffer.from(block), lines)
      await job.run()
    },
    together: async () => {
      await Promise.all(Array.from({ length: blocks }, () => receiver.storeBytes(Buffer.from(block), lines)))
      await job.run()
    },
  },
  { rounds: 15, collect: false },
)
await job.stop()
const perSecond = (name) => (megabytes * 1000) / median(journal[name])
report(`${blocks} blocks of 256 KiB, each durable, and a batch with all of them`, [
  { name: 'append and fsync by hand', value: perSecond('by hand'), unit: 'MB/s' },
  { name: 'stored one by one', value: perSecond('one by one'), unit: 'MB/s' },
  { name: '  against by hand', value: ratio(journal, 'one by one', 'by hand'), unit: '×' },
  { name: 'stored together', value: perSecond('together'), unit: 'MB/s' },
  { name: '  against by hand', value: ratio(journal, 'together', 'by hand'), unit: '×' },
])
rmSync(home, { recursive: true })
