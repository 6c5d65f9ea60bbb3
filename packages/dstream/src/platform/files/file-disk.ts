import {
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { storageNotADirectory } from '../../base/errors/storage.js'
import type { Disk, DiskFile } from '../../durable/storage/disk.js'

/** Returns a disk that makes its calls on a real directory. */
export function fileDisk(directory: string): Disk {
  const root = resolve(directory)
  const real = (path: string): string => (path === '' ? root : join(root, path))
  return {
    name: directory,
    makeDir: (path) => (path === '' ? makeRoot(root) : makeDir(real(path))),
    openAppend: async (path) => {
      const handle = await open(real(path), constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o644)
      try {
        const { size } = await handle.stat()
        return { file: diskFile(handle), size }
      } catch (error) {
        await handle.close().catch(() => undefined)
        throw error
      }
    },
    create: async (path) => diskFile(await open(real(path), 'w', 0o644)),
    read: (path) =>
      readFile(real(path)).then(
        ({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length),
        unlessMissing(undefined),
      ),
    sizeOf: (path) => stat(real(path)).then(({ size }) => size, unlessMissing(undefined)),
    rename: (from, to) => rename(real(from), real(to)),
    unlink: (path) => unlink(real(path)).then(() => true, unlessMissing(false)),
    removeDir: (path) => rmdir(real(path)).then(() => true, unlessMissing(false)),
    readDir: async (path) => {
      const entries = await readdir(real(path), { withFileTypes: true }).catch(unlessMissing([]))
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    },
    syncDir: (path) => syncDir(real(path)),
  }
}

function diskFile(handle: FileHandle): DiskFile {
  return {
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    sync: () => handle.sync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  }
}

function unlessMissing<T>(instead: T) {
  return (error: unknown): T => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead
    throw error
  }
}

function makeDir(path: string): Promise<boolean> {
  return mkdir(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    },
  )
}

/** Creates a directory with all missing folders above it, each made durable in its parent. */
async function makeRoot(root: string): Promise<boolean> {
  try {
    const made = await makeWithParents(root)
    if (made || (await stat(root)).isDirectory()) return made
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
  }
  throw storageNotADirectory(root)
}

/**
 * Creates the folders one by one. Node's `recursive` never ends where an existing folder refuses new ones, as `/proc`
 * does.
 */
async function makeWithParents(path: string): Promise<boolean> {
  const made = await makeDir(path).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeWithParents(dirname(path))
    return makeDir(path)
  })
  if (made) await syncDir(dirname(path))
  return made
}

/** Syncs a folder. Systems that cannot open or sync one (Windows) take care of its names themselves. */
async function syncDir(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
