import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * What tells one process from all others, those of other containers and of earlier boots included: two programs with
 * pid 1 in two containers differ in namespace, a pid that is used again differs in start time.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Linux only, as the next two: which boot of which machine. */
  readonly boot: string | undefined
  readonly namespace: string | undefined
  /** Start of the process in clock ticks since boot. */
  readonly start: string | undefined
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Start time of a process, `undefined` when there is none with this pid; one that has died and waits for its parent is none. */
export function startOf(pid: number | 'self'): string | undefined {
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program stands in brackets and may hold anything; what follows the last bracket is fixed.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    boot: tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: tryTo(() => readlinkSync('/proc/self/ns/pid')),
    start: startOf('self'),
  }
}

/** Whether the owner lives, as far as this process can tell. */
export function isAlive(owner: ProcessIdentity, self: ProcessIdentity): boolean | undefined {
  if (self.boot !== undefined && self.namespace !== undefined) {
    const sameView = owner.boot === self.boot && owner.namespace === self.namespace
    return sameView ? startOf(owner.pid) === owner.start : undefined
  }
  if (owner.host !== self.host) return undefined
  // Without /proc a living process of that pid may be another one.
  return tryTo(() => process.kill(owner.pid, 0)) === undefined ? false : undefined
}
