// Batches from memory and from files on one thread and on two. Each job has a process of its own; they run by turns. The goals hold on two idle
// cores: with one core for all, no number of threads is faster. The time of the processor says what threads cost, also on a busy
// machine: two threads that take 1.05 times as much in sum are 2 / 1.05 times as fast, at best.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, report } from './measure.mjs'

const ROUNDS = 7
const WARM_UPS = 4
/** The works to run; all of them without any. */
const only = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))

const folder = mkdtempSync(join(tmpdir(), 'dstream-bench-'))

const start = async (work, threads) => {
  const job = fileURLToPath(new URL('threads-job.mjs', import.meta.url))
  const child = fork(job, [work, String(threads), join(folder, `${work}-${threads}`)])
  await once(child, 'message')
  const run = async () => {
    child.send('batch')
    return (await once(child, 'message'))[0]
  }
  return { run, end: () => child.kill() }
}

const goals = {
  numbers: { atLeast: 1.85, atMost: 1.08 },
  transform: {},
  files: {},
  shared: {},
  riders: {},
  posts: {},
  quickStates: {},
  changedStates: {},
  slowStates: {},
  mapped: {},
  reshuffled: {},
  quickReshuffled: {},
}
const chosen = Object.entries(goals).filter(([work]) => only.length === 0 || only.includes(work))
const figures = []
for (const [work, { atLeast, atMost }] of chosen) {
  // Without the option, one table is filled from all partitions, and none are merged.
  const jobs = { none: await start(work, 0), one: await start(work, 1), two: await start(work, 2) }
  const times = { none: [], one: [], two: [] }
  const cpu = { none: [], one: [], two: [] }
  let tasks
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const [name, job] of Object.entries(jobs)) {
      const reply = await job.run()
      if (round >= 0) times[name].push(reply.ms)
      if (round >= 0) cpu[name].push(reply.cpuMs)
      if (name === 'two') ({ tasks } = reply)
    }
  }
  for (const { end } of Object.values(jobs)) end()
  const speed = (name, base) => median(times[name].map((ms, i) => times[base][i] / ms))
  figures.push(
    { name: `${work}: threads 2 against 1`, value: speed('two', 'one'), atLeast },
    { name: `${work}: processor time of 2 against 1`, value: median(cpu.two.map((ms, i) => ms / cpu.one[i])), atMost },
    { name: `${work}: threads 1 against none`, value: speed('one', 'none') },
    { name: `${work}: a batch on one thread`, value: median(times.one), unit: 'ms' },
    { name: `${work}: tasks on the worker`, value: tasks.onWorkers },
    { name: `${work}: all tasks`, value: tasks.onWorkers + tasks.onMainThread },
  )
}
rmSync(folder, { recursive: true })
report(`Threads (${availableParallelism()} cores)`, figures)
