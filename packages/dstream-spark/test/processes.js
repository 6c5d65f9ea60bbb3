// @ts-check
import { readdirSync, readFileSync } from 'node:fs'

// Words of the command lines of a job's processes. That of the JVM names the file of the worker too.
export const WORKER = '--enable-source-maps'
export const EXECUTOR = 'CoarseGrainedExecutorBackend'
export const JVM = 'dstream.spark.Main'
// The JVM that starts it names the file with others, joined by commas.
export const DRIVER = 'dstream-driver.mjs\0'

/** The unit of times in /proc, which Linux fixes for programs. */
const TICK_MS = 10

/** @typedef {{ readonly pid: number, readonly parent: number, readonly command: string, readonly cpuMs: number }} Process */

/** Returns the running processes, from /proc. @returns {ReadonlyMap<number, Process>} */
function runningProcesses() {
  const found = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8')
      found.set(Number(name), { pid: Number(name), parent: Number(fields[1]), command, cpuMs })
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

/**
 * Returns a running process of ours and those below it.
 *
 * @param {number} pid
 */
export function processTree(pid) {
  const running = runningProcesses()
  const isIn = (/** @type {number} */ of) => {
    for (let at = running.get(of); at !== undefined; at = running.get(at.parent)) if (at.pid === pid) return true
    return false
  }
  return [...running.values()].filter((process) => isIn(process.pid))
}

/**
 * Returns the ids of the running processes below one of ours whose command line has a word.
 *
 * @param {number} pid
 * @param {string} word
 */
export function descendants(pid, word) {
  const below = processTree(pid).filter((process) => process.pid !== pid)
  return below.filter(({ command }) => command.includes(word)).map((process) => process.pid)
}
