// What a state costs the thread of the batches where workers update its partitions: one that nobody reads there, whose partitions are packed,
// against one of which each partition is read behind every batch. That thread has a share of the partitions, which it updates itself.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median, ratio, report } from './measure.mjs'

const THREADS = 4
const KEYS = 1_000_000
const MANY = 100_000
const SOME = 10_000
/** The batches until partitions are packed, and some more. */
const WARM_UPS = 16
const ROUNDS = 9

const start = async (kind) => {
  const job = fileURLToPath(new URL('state-driver-job.mjs', import.meta.url))
  const child = fork(job, [kind, String(THREADS), String(KEYS)], { execArgv: ['--expose-gc'] })
  await once(child, 'message')
  const run = async (touched) => {
    child.send(touched)
    return (await once(child, 'message'))[0]
  }
  return { run, end: () => child.kill() }
}

const jobs = { unread: await start('unread'), read: await start('read') }
const heap = {}
for (const [name, { run }] of Object.entries(jobs)) {
  const empty = await run(10)
  for (let filled = 0; filled < KEYS; filled += MANY) await run(MANY)
  for (let i = 0; i < WARM_UPS; i++) await run(SOME)
  const { heapUsed } = await run(SOME)
  heap[name] = (heapUsed - empty.heapUsed) / KEYS
}

/** Runs batches of both jobs by turns. */
const measured = async (touched) => {
  const times = { unread: [], read: [] }
  const active = { unread: [], read: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { run }] of Object.entries(jobs)) {
      const reply = await run(touched)
      times[name].push(reply.ms)
      active[name].push(reply.active)
    }
  }
  return { times, active }
}
const some = await measured(SOME)
const many = await measured(MANY)
for (const { end } of Object.values(jobs)) end()

report(`A state of 1 M keys, three of whose four partitions are in workers`, [
  { name: 'heap a key, of a state that is read', value: heap.read, unit: 'bytes' },
  { name: '  of one that is not, against it', value: heap.unread / heap.read, atMost: 0.35 },
  { name: '10 k keys touched: a batch', value: median(some.times.unread), unit: 'ms' },
  { name: '  this thread is busy for', value: median(some.active.unread), unit: 'ms' },
  { name: '  against the state that is read', value: ratio(some.active, 'unread', 'read'), atLeast: 1.2 },
  { name: '100 k keys touched: a batch', value: median(many.times.unread), unit: 'ms' },
  { name: '  this thread is busy for', value: median(many.active.unread), unit: 'ms' },
  { name: '  against the state that is read', value: ratio(many.active, 'unread', 'read'), atLeast: 1.2 },
])
