// What the comparisons look at from outside while a job runs: its processes, from /proc. A watch is a function of the job's process;
// it is told each batch that begins, and its result joins that of the job.
import { readFileSync } from 'node:fs'
import { descendants, JVM, processTree, WORKER } from '../../packages/dstream-spark/test/processes.js'

const SAMPLE_MS = 500

/** Returns the memory of a process. What several share is divided among them. */
const residentMiB = ({ pid }) => {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024
  } catch {
    // It has ended meanwhile.
    return 0
  }
}
const sumOf = (numbers) => numbers.reduce((a, b) => a + b, 0)

/** Takes the greatest resident memory of a job's processes together. */
export const peakMemory = (pid) => {
  let peakMiB = 0
  const look = () => {
    peakMiB = Math.max(peakMiB, sumOf(processTree(pid).map(residentMiB)))
  }
  const timer = setInterval(look, SAMPLE_MS)
  return {
    result() {
      clearInterval(timer)
      return { peakMiB }
    },
  }
}

/** Sends SIGKILL to a process whose command line has a word, in the midst of each of these batches. */
export const killing = (word, batches, pauseMs) => (pid) => {
  let kills = 0
  const kill = () => {
    const victim = descendants(pid, word)[0]
    if (victim === undefined) return
    process.kill(victim, 'SIGKILL')
    kills++
  }
  return {
    begun(batch) {
      if (batches.includes(batch)) setTimeout(kill, pauseMs)
    },
    result() {
      if (kills !== batches.length) throw new Error(`${kills} of ${batches.length} processes were there to be killed`)
      return {}
    },
  }
}

/** Takes the milliseconds of CPU of each kind of process between the beginnings of two batches. */
export const cpuBetween = (first, last) => (pid) => {
  const marks = []
  return {
    begun(batch) {
      if (batch !== first && batch !== last) return
      const running = processTree(pid)
      const cpuOf = (isOne) => sumOf(running.filter(isOne).map(({ cpuMs }) => cpuMs))
      marks.push({
        node: cpuOf((process) => process.pid === pid),
        jvm: cpuOf(({ command }) => command.includes(JVM)),
        workers: cpuOf(({ command }) => command.includes(WORKER)),
      })
    },
    result() {
      const [begin, end] = marks
      return { cpu: Object.fromEntries(Object.keys(begin).map((kind) => [kind, end[kind] - begin[kind]])) }
    },
  }
}
