import { storageFailed } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { AppendFile, folderOf, writeAll } from './append-file.js'
import type { Disk } from './disk.js'
import { checkName, isName, TEMPORARY } from './file-name.js'

/** The lock of a storage, while it is held. */
export interface HeldLock {
  /**
   * Checks the lock before a write, at most once in a while.
   * @throws `lock-lost` when another program has taken the storage over
   */
  verify(): Promise<void> | undefined
  /** Checks the lock now, even if the last check is recent. @throws `lock-lost` */
  confirm(): Promise<void>
  release(): Promise<void>
}

/**
 * The storage of journals and checkpoints on a `Disk`. All crash safety is in this class and in `AppendFile`, and is
 * the same for real files and for the simulated disk of the tests.
 */
export class DiskStorage implements Storage {
  readonly #disk: Disk
  readonly #acquire: (onWait?: (line: string) => void) => Promise<HeldLock>
  #held: HeldLock | undefined
  readonly #appending = new Map<string, AppendFile>()
  /** The pending puts and deletes of each file, which run one after the other. */
  readonly #queues = new Map<string, Promise<void>>()
  readonly #folders = new Set<string>()
  /** The deleted files whose folder could not be synced, so that a crash may bring them back. */
  readonly #halfDeleted = new Set<string>()

  constructor(disk: Disk, acquire: (onWait?: (line: string) => void) => Promise<HeldLock>) {
    this.#disk = disk
    this.#acquire = acquire
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    checkName(file)
    // Nothing is awaited unless a put is under way, so that appends reach the file in the order of their calls.
    if (this.#queues.has(file)) await this.#queues.get(file)
    let open = this.#appending.get(file)
    if (open === undefined) {
      const before = async (): Promise<void> => {
        await this.#makeFolders(file)
        await this.#held?.verify()
      }
      this.#appending.set(file, (open = new AppendFile(this.#disk, file, before)))
    }
    await open.append(bytes)
  }

  /** Reads a file, then confirms the lock: files that another owner has changed must not be reported as damaged. */
  async read(file: string): Promise<Uint8Array | undefined> {
    checkName(file)
    const bytes = await this.#disk.read(file).catch(failing('read', file))
    await this.#held?.confirm()
    return bytes
  }

  /**
   * Writes a temporary file, syncs it, renames it and syncs the folder. A crash leaves either the old file or the new
   * one.
   */
  async put(file: string, bytes: Uint8Array): Promise<void> {
    checkName(file)
    await this.#alone(file, async () => {
      await this.#makeFolders(file)
      await this.#held?.verify()
      const beside = file + TEMPORARY
      try {
        await this.#writeSynced(beside, bytes)
        await this.#disk.rename(beside, file).catch(failing('rename a new version to', file))
      } catch (error) {
        await this.#disk.unlink(beside).catch(() => undefined)
        throw error
      }
      await this.#disk.syncDir(folderOf(file)).catch(failing('sync the folder of', file))
    })
  }

  /** Returns the files whose names begin with `prefix`, in order of name. */
  async list(prefix: string): Promise<string[]> {
    const found: string[] = []
    const look = async (folder: string): Promise<void> => {
      for (const name of await this.#disk.readDir(folder).catch(failing('list', folder || this.#disk.name))) {
        const path = folder === '' ? name : `${folder}/${name}`
        if (name.endsWith('/')) {
          const inner = path.slice(0, -1)
          if (inner.startsWith(prefix) || prefix.startsWith(path)) await look(inner)
        } else if (path.startsWith(prefix) && isName(path)) found.push(path)
      }
    }
    await look('')
    await this.#held?.confirm()
    return found.sort()
  }

  /** Deletes a file durably: of two files deleted one after the other, a crash must not bring back only the first. */
  async delete(file: string): Promise<void> {
    checkName(file)
    await this.#alone(file, async () => {
      await this.#held?.verify()
      const there = await this.#disk.unlink(file).catch(failing('delete', file))
      if (!there && !this.#halfDeleted.has(file)) return
      this.#halfDeleted.add(file)
      await this.#disk.syncDir(folderOf(file)).catch(failing('sync the folder of', file))
      this.#halfDeleted.delete(file)
    })
  }

  /** Takes the lock and deletes temporary files. @throws `storage-locked`, naming the owner */
  async lock(onWait?: (line: string) => void): Promise<() => Promise<void>> {
    const held = await this.#acquire(onWait)
    this.#held = held
    const release = async (): Promise<void> => {
      await Promise.all([...this.#queues.values(), ...[...this.#appending.values()].map((open) => open.close())])
      this.#appending.clear()
      this.#held = undefined
      await held.release()
    }
    try {
      await this.#sweep('')
    } catch (error) {
      await release()
      throw error
    }
    return release
  }

  /** Deletes the temporary files that a crash between write and rename has left. */
  async #sweep(folder: string): Promise<void> {
    for (const name of await this.#disk.readDir(folder).catch(failing('list', folder || this.#disk.name))) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (name.endsWith('/')) await this.#sweep(path.slice(0, -1))
      else if (name.endsWith(TEMPORARY)) await this.#disk.unlink(path).catch(failing('delete', path))
    }
  }

  async #writeSynced(file: string, bytes: Uint8Array): Promise<void> {
    const open = await this.#disk.create(file).catch(failing('create', file))
    try {
      await writeAll(open, bytes).catch(failing('write', file))
      await open.sync().catch(failing('sync', file))
    } finally {
      await open.close().catch(() => undefined)
    }
  }

  /**
   * Runs the actions on a file one after the other and closes it for appends first, since the open file would be the
   * old one.
   */
  async #alone(file: string, action: () => Promise<void>): Promise<void> {
    const before = this.#queues.get(file) ?? Promise.resolve()
    const now = before
      .then(async () => {
        const open = this.#appending.get(file)
        this.#appending.delete(file)
        await open?.close()
        await action()
      })
      .finally(() => {
        if (this.#queues.get(file) === settled) this.#queues.delete(file)
      })
    const settled = now.catch(() => undefined)
    this.#queues.set(file, settled)
    await now
  }

  async #makeFolders(file: string): Promise<void> {
    const names = folderOf(file).split('/')
    for (let depth = 0; depth <= names.length; depth++) {
      const folder = names.slice(0, depth).join('/')
      if (this.#folders.has(folder)) continue
      await this.#disk.makeDir(folder).catch(failing('create the folder', folder || this.#disk.name))
      // An existing folder is synced too: the run that created it may have crashed before it was durable.
      if (folder !== '') await this.#disk.syncDir(folderOf(folder)).catch(failing('sync the folder of', folder))
      this.#folders.add(folder)
    }
  }
}

function failing(action: string, file: string) {
  return (cause: unknown): never => {
    throw storageFailed(action, file, cause)
  }
}
