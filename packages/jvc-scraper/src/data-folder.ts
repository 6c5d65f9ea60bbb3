import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ScraperError, messageOf } from './errors.js'
import { makeFolder } from './make-folder.js'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file has this name',
}

/**
 * Creates a folder and checks that files can be written in it.
 *
 * @throws ScraperError `data-not-writable`
 */
export async function openDataFolder(folder: string): Promise<void> {
  await describeDataErrors(folder, async () => {
    await makeFolder(folder, 0o700)
    const probe = join(folder, `.probe-${process.pid}`)
    const file = await open(probe, 'w', 0o600)
    try {
      await file.writeFile('x')
    } finally {
      await file.close()
      await rm(probe, { force: true })
    }
  })
}

/**
 * Runs `task` and turns errors of the file system into one that says what to do.
 *
 * @throws ScraperError `data-not-writable`, or the ScraperError that the task throws
 */
export async function describeDataErrors<T>(folder: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined || cause instanceof ScraperError) throw cause
    const why = REASONS[code] === undefined ? messageOf(cause) : `${REASONS[code]} (${code})`
    const advice = 'Give this user write access, or choose another folder with --data.'
    throw new ScraperError('data-not-writable', `The data folder "${folder}" cannot be used: ${why}. ${advice}`, {
      cause,
    })
  }
}
