import { resolve } from 'node:path'
import { storageFailed } from '../../base/errors/storage.js'
import { aString } from '../../base/options.js'
import type { Storage } from '../../base/ports.js'
import { DiskStorage } from '../../durable/storage/disk-storage.js'
import { fileDisk } from './file-disk.js'
import { acquireFileLock, type FileLockOptions } from './file-lock.js'

/**
 * Returns a storage in a directory, which is created at the first write. Data that `append` and `put` have confirmed
 * survives the loss of power. One program at a time holds its lock.
 *
 * @param directory relative to the working directory at the time of the call
 *
 * @example
 * const storage = fileStorage('.checkpoint/wordcount')
 * await storage.put('greeting', new TextEncoder().encode('hello'))
 */
export function fileStorage(directory: string): Storage {
  return lockingFileStorage(aString('fileStorage', 'directory', directory), {})
}

/** Returns a storage whose lock has other times, for tests. */
export function lockingFileStorage(directory: string, options: FileLockOptions): Storage {
  const root = resolve(directory)
  const disk = fileDisk(root)
  return new DiskStorage(disk, async (onWait) => {
    await disk.makeDir('').catch((error: unknown) => {
      throw storageFailed('create the folder', directory, error)
    })
    return acquireFileLock(root, directory, { ...options, onWait })
  })
}
