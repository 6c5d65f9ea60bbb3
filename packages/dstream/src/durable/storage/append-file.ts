import { fileChanged, fileNotTrusted, storageFailed } from '../../base/errors/storage.js'
import type { Disk, DiskFile } from './disk.js'

interface Waiting {
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * A file for appends. Appends that arrive during a sync are written together and share the next sync (group commit).
 *
 * A failed write is cut off again, and the file stays usable, since a full disk can be freed. After a failed sync the
 * file is no longer trusted: Linux marks the pages clean nevertheless, so a second sync would succeed although the data
 * is lost ("fsyncgate"). A file that another program has deleted, replaced or cut is not trusted either.
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

  /** @param before is awaited before each write; it makes the folder and checks the lock */
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

  /** Resolves when no append is under way. The file may then be deleted or replaced. */
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
        // Appends that arrived meanwhile belong behind the failed ones, which would leave a hole before them.
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
    // A deleted file accepts writes, but has no name by which a restart could read it.
    if (found === this.#size) return
    this.#distrusted = true
    throw fileChanged(this.#path, this.#size, found)
  }

  /**
   * Opens the file and syncs its folder, once in a run: a crash could remove a new name with all that was appended, and
   * also a name that a killed process has left unsynced.
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

/** Writes all bytes. A single `write` may take fewer, especially on a disk that is nearly full. */
export async function writeAll(file: Pick<DiskFile, 'write'>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const taken = await file.write(at === 0 ? bytes : bytes.subarray(at))
    if (taken <= 0) throw new Error(`the disk took none of ${bytes.length - at} bytes`)
    at += taken
  }
}

/** Returns whether opening was refused. Nothing was begun then, so that a later attempt may succeed. */
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
