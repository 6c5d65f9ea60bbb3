import { open, readFile, rm } from 'node:fs/promises'
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
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(`${process.pid} ${await startOf(process.pid)}`)
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [owner, start] = (await readFile(path, 'utf8').catch(() => '')).split(' ')
    if (Number(owner) !== process.pid && isAlive(Number(owner)) && (await startOf(Number(owner))) === start) {
      const advice = 'Stop that one, or give this one another folder with --data.'
      throw new ScraperError('data-locked', `The folder ${folder} is in use by process ${owner}. ${advice}`)
    }
    await rm(path, { force: true })
  }
  throw new ScraperError('data-locked', `The folder ${folder} is being locked by several processes at once. Try again.`)
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
