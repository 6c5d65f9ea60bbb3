import * as fs from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { OpenFile, OpenFiles } from '../../base/ports.js'
import { isMissing } from './missing-file.js'

const PIECE_BYTES = 256 * 1024

// By number: a FileHandle of a program that has crashed in a test would be closed with a warning when memory is freed.
const open = promisify(fs.open)
const fstat = promisify(fs.fstat) as (descriptor: number, options: { bigint: true }) => Promise<fs.BigIntStats>
const read = promisify(fs.read)
const close = promisify(fs.close)

/** Files of the real file system, known by device and inode. */
export const openFiles: OpenFiles = {
  async identity(path) {
    try {
      const found = await stat(path, { bigint: true })
      if (found.isDirectory()) throw new Error(`${path} is a directory, and a file is read line by line`)
      return identityOf(found)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },

  async open(path, identity) {
    for (const candidate of [path, ...(await siblings(path))]) {
      const descriptor = await openIf(candidate, identity)
      if (descriptor !== undefined) return new NodeFile(descriptor)
    }
    return undefined
  },
}

class NodeFile implements OpenFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  async size(): Promise<number> {
    return Number((await fstat(this.#descriptor, { bigint: true })).size)
  }

  async *read(from: number, until: number): AsyncIterable<Uint8Array> {
    for (let at = from; at < until;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, until - at))
      const { bytesRead } = await read(this.#descriptor, piece, 0, piece.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield piece.subarray(0, bytesRead)
    }
  }

  close(): Promise<void> {
    return close(this.#descriptor)
  }
}

function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`
}

/** Opens a path, and keeps it open when it is that file: what it leads to may change between two calls. */
async function openIf(path: string, identity: string): Promise<number | undefined> {
  let descriptor: number | undefined
  try {
    if (identityOf(await stat(path, { bigint: true })) !== identity) return undefined
    descriptor = await open(path, 'r')
    if (identityOf(await fstat(descriptor, { bigint: true })) === identity) return descriptor
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  if (descriptor !== undefined) await close(descriptor)
  return undefined
}

/** Returns the files beside a path that a rotation may have made of it: `access.log.1`, `access-20260201.log`. */
async function siblings(path: string): Promise<string[]> {
  const stem = basename(path).replace(/\.[^.]*$/, '')
  try {
    const names = await readdir(dirname(path))
    return names.filter((name) => name.startsWith(stem) && name !== basename(path)).map((name) => join(dirname(path), name)) // prettier-ignore
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
