import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileEntry, Files } from '../../base/ports.js'
import { decompressed } from './decompress.js'
import { isMissing } from './missing-file.js'

// An import would load the streams of `fs` with it.
const { createReadStream } = process.getBuiltinModule('node:fs')

/** The real file system. */
export const files: Files = {
  async entries(directory) {
    try {
      const found = await readdir(directory, { withFileTypes: true })
      const entries = await Promise.all(
        found.map(async (entry): Promise<FileEntry | undefined> => {
          if (entry.isFile()) return { name: entry.name, kind: 'file' }
          if (entry.isDirectory()) return { name: entry.name, kind: 'directory' }
          return entry.isSymbolicLink() ? linked(directory, entry.name) : undefined
        }),
      )
      return entries.filter((entry) => entry !== undefined)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },

  async modifiedMs(path) {
    try {
      return Math.trunc((await stat(path)).mtimeMs)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },

  read: (path) => createReadStream(path),

  readText: (path) => decompressed(path, () => createReadStream(path)),
}

/** Returns the target of a symbolic link; `undefined` where it leads nowhere. */
async function linked(directory: string, name: string): Promise<FileEntry | undefined> {
  try {
    const target = await stat(join(directory, name))
    if (target.isFile()) return { name, kind: 'file' }
    return target.isDirectory() ? { name, kind: 'directory' } : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
