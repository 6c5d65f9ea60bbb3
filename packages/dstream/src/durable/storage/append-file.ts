import { fileChanged, fileNotTrusted, storageFailed } from '../../base/errors/storage.js'
import type { Disk, DiskFile } from './disk.js'

interface Waiting {
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * One file that is appended to. Appends that come while a sync is under way are written together and share the next one
 * (group commit).
 *
 * A failed write is cut off again and the file stays good: a full disk is no reason to give a file up. A failed sync is:
 * Linux marks the pages clean all the same, a second sync would succeed and the data be lost ("fsyncgate"), so from then
 * on the file is not trusted. Nor is a file that another program has deleted, replaced or cut.
 */
export class AppendFile {
  readonly #disk: Disk
  readonly #path: string
  readonly #before: () => Promise<void>
  #file: DiskFile | undefined
  #size = 0
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #distrusted = false

  /** `before` is awaited before each write: the folder is there, the lock still held. */
  constructor(disk: Disk, path: string, before: () => Promise<void>) {
    this.#disk = disk
    this.#path = path
    this.#before = before
  }

  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is under way any more; the file may be deleted or replaced then. */
  async close(): Promise<void> {
    await this.#running
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#write(group)
        for (const one of group) one.resolve()
      } catch (error) {
        // Appends that came meanwhile belong behind these: without them they would leave a hole.
        for (const one of [...group, ...this.#waiting.splice(0)]) one.reject(error)
      }
    }
    this.#running = undefined
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    if (this.#distrusted) throw fileNotTrusted(this.#path)
    await this.#before()
    const file = (this.#file ??= await this.#open())
    const bytes = group.length === 1 ? group[0]!.bytes : joined(group)
    try {
      await writeAll(file, bytes)
    } catch (error) {
      await file.truncate(this.#size).catch(() => (this.#distrusted = true))
      throw storageFailed('write', this.#path, error)
    }
    const [found] = await Promise.all([this.#disk.sizeOf(this.#path), file.sync()]).catch((error: unknown) => {
      this.#distrusted = true
      throw storageFailed('sync', this.#path, error)
    })
    this.#size += bytes.length
    // A file that was deleted takes what is written to it, and has no name by which a restart could read it.
    if (found === this.#size) return
    this.#distrusted = true
    throw fileChanged(this.#path, this.#size, found)
  }

  /**
   * Once in the life of the program its folder is synced: a new name could vanish in a crash with all that was appended,
   * and so could a name that a killed process has left unsynced.
   */
  async #open(): Promise<DiskFile> {
    try {
      const { file, size } = await this.#disk.openAppend(this.#path)
      this.#size = size
      await this.#disk.syncDir(folderOf(this.#path)).catch(async (error: unknown) => {
        await file.close().catch(() => undefined)
        throw error
      })
      return file
    } catch (error) {
      this.#distrusted = !isRefusal(error)
      throw storageFailed('open', this.#path, error)
    }
  }
}

/** `write` may take fewer bytes than it is given, on a disk that is nearly full above all. */
export async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const taken = await file.write(at === 0 ? bytes : bytes.subarray(at))
    if (taken <= 0) throw new Error(`the disk took none of ${bytes.length - at} bytes`)
    at += taken
  }
}

/** Opening was refused: nothing was begun, so a later attempt may find the way free. */
function isRefusal(error: unknown): boolean {
  return ['ENOSPC', 'EMFILE', 'ENFILE', 'EACCES', 'EROFS'].includes(String((error as { code?: unknown } | null)?.code))
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function joined(group: readonly Waiting[]): Uint8Array {
  const bytes = new Uint8Array(group.reduce((sum, one) => sum + one.bytes.length, 0))
  let at = 0
  for (const one of group) {
    bytes.set(one.bytes, at)
    at += one.bytes.length
  }
  return bytes
}
