// An import would load the streams of `fs` with it.
const { readFileSync, readlinkSync } = process.getBuiltinModule('node:fs')

/**
 * Identifies the owner of a lock among all others, also those of other containers and of earlier boots. Programs with
 * pid 1 in two containers differ in namespace, a reused pid differs in start time, and a worker thread differs from the
 * other threads of its process.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** The boot of the machine; on Linux only, like the fields below. */
  readonly boot: string | undefined
  readonly namespace: string | undefined
  /** The start of the process in clock ticks since boot. */
  readonly start: string | undefined
  /** The thread of the owner, since a worker can end while its process runs. */
  readonly thread?: { readonly id: number; readonly start: string | undefined } | undefined
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/**
 * Returns the fields of a `/proc` stat file from the third one, the state, on; `undefined` when the file cannot be
 * read.
 */
function statOf(task: string): string[] | undefined {
  const stat = tryTo(() => readFileSync(`/proc/${task}/stat`, 'utf8'))
  // The name of the program is in brackets and may hold any character, so parsing begins after the last bracket.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/**
 * Returns the start time of a process (`4711`, `self`) or a thread (`4711/task/4712`); `undefined` when there is none,
 * or when it is a zombie.
 */
export function startOf(task: number | string): string | undefined {
  const fields = statOf(String(task))
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** Returns the identity of the calling thread. */
export function thisProcess(): ProcessIdentity {
  const task = tryTo(() => readlinkSync('/proc/thread-self'))
  return {
    pid: process.pid,
    host: process.getBuiltinModule('node:os').hostname(),
    boot: tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: tryTo(() => readlinkSync('/proc/self/ns/pid')),
    start: startOf('self'),
    thread:
      task === undefined ? undefined : { id: Number(task.slice(task.lastIndexOf('/') + 1)), start: startOf(task) },
  }
}

/**
 * Returns whether the owner is alive, as far as this process can tell; `undefined` when only the touches of its file
 * can.
 */
export function isAlive(owner: ProcessIdentity, self: ProcessIdentity): boolean | undefined {
  if (self.boot !== undefined && self.namespace !== undefined) {
    if (owner.boot !== self.boot || owner.namespace !== self.namespace) return undefined
    // With hidepid, /proc shows only the processes of this user.
    if (statOf(String(owner.pid)) === undefined) return signalled(owner.pid) === 'EPERM'
    if (startOf(owner.pid) !== owner.start) return false
    const { thread } = owner
    return thread === undefined || startOf(`${owner.pid}/task/${thread.id}`) === thread.start
  }
  if (owner.host !== self.host) return undefined
  const answer = signalled(owner.pid)
  // Without /proc, a living process with that pid may be another one.
  return answer === undefined ? undefined : answer === 'EPERM'
}

/**
 * Returns the code of the error with which the system refuses to signal a process. EPERM comes only from a living one.
 */
function signalled(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}
