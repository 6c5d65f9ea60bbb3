import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ScraperError } from '../errors.js'

/**
 * Locks a folder for one process. The lock of a dead process is taken over, so a crash leaves no lasting lock.
 *
 * @returns a function that releases the folder
 * @throws ScraperError `data-locked` naming the process that has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await create(path)) return () => rm(path, { force: true })
    const [owner, start] = (await readFile(path, 'utf8').catch(() => '')).split(' ')
    if (Number(owner) !== process.pid && (await isOwner(Number(owner), start))) {
      const advice = 'Stop that one, or give this one another folder with --data.'
      throw new ScraperError('data-locked', `The folder ${folder} is in use by process ${owner}. ${advice}`)
    }
    await rm(path, { force: true })
  }
  throw new ScraperError('data-locked', `The folder ${folder} is being locked by several processes at once. Try again.`)
}

/** Writes the lock beside and links it to its name: no other process finds half of it and takes its owner for dead. */
async function create(path: string): Promise<boolean> {
  const beside = `${path}-${randomUUID()}`
  const text = `${process.pid} ${await startOf(process.pid)}`
  try {
    await writeFile(beside, text, { mode: 0o600 })
    await link(beside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      // Some file systems have no hard links.
      return writeFile(path, text, { flag: 'wx', mode: 0o600 })
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    await rm(beside, { force: true })
  }
}

/** Whether the process lives that has written the lock. The start of one that this user must not see cannot be read. */
async function isOwner(pid: number, start: string | undefined): Promise<boolean> {
  if (!isAlive(pid)) return false
  const found = await startOf(pid)
  return found === start || found === ''
}

/** Returns the start time of a process, which tells a reused process id apart; empty where the system has no /proc. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name, in brackets, may hold spaces; the start is the 20th field after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
