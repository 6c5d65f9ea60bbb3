import { storageLocked } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { Random } from '../../base/random.js'
import { DiskStorage } from '../../durable/storage/disk-storage.js'
import { type DiskCall, type DiskFault, MemoryDisk } from './memory-disk.js'
import { DiskState, type Unsynced } from './disk-state.js'

/** How a `memoryStorage` misbehaves. */
export interface MemoryStorageOptions {
  /** Asked before each call of the simulated disk: what shall go wrong with it, if anything. */
  readonly fault?: ((call: DiskCall) => DiskFault | undefined) | undefined
}

/** A storage in memory that behaves like a disk: what was not synced does not survive a crash. */
export interface MemoryStorage extends Storage {
  /** Calls of the disk so far: to let the next run fail, or crash, at each of them in turn. */
  readonly calls: number
  /** Settles when a fault has stopped the machine. */
  readonly crashed: Promise<void>
  /**
   * Stops the machine here and gives the storage of the next life. All calls of this life that are under way, and all
   * later ones, never come back. `unsynced` says what becomes of what was not synced (default `lost`); `torn` draws from
   * `seed`.
   */
  crash(options?: MemoryStorageOptions & { unsynced?: Unsynced | undefined; seed?: number | undefined }): MemoryStorage
  /** A copy of all that is there, by name; synced or not. */
  files(): Map<string, Uint8Array>
  /** Puts bytes there as if they had always been there, to damage a file or to copy a directory; `undefined` deletes. */
  overwrite(file: string, bytes: Uint8Array | undefined): void
}

/**
 * A storage that keeps everything in memory and simulates a disk, with all its faults: for tests, and for trying out.
 *
 * @example
 * const storage = memoryStorage()
 * await storage.append('log', new Uint8Array([1, 2, 3]))
 * const nextLife = storage.crash()
 * await nextLife.read('log') // new Uint8Array([1, 2, 3])
 */
export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  return life(new DiskState(), { by: undefined }, options)
}

function life(platter: DiskState, lock: { by: object | undefined }, options: MemoryStorageOptions): MemoryStorage {
  let crashed!: () => void
  const whenCrashed = new Promise<void>((resolve) => (crashed = resolve))
  const disk = new MemoryDisk(platter, (call) => options.fault?.(call), crashed)
  const storage = new DiskStorage(disk, async () => {
    if (lock.by !== undefined) throw storageLocked(disk.name, { pid: 0, host: 'memory', since: 'its start' }, true)
    lock.by = disk
    return {
      verify: () => undefined,
      confirm: () => Promise.resolve(),
      release: async () => {
        if (lock.by === disk) lock.by = undefined
      },
    }
  })
  return {
    append: (file, bytes) => storage.append(file, bytes),
    read: (file) => storage.read(file),
    put: (file, bytes) => storage.put(file, bytes),
    list: (prefix) => storage.list(prefix),
    delete: (file) => storage.delete(file),
    lock: () => storage.lock(),
    get calls() {
      return platter.calls
    },
    crashed: whenCrashed,
    crash: ({ unsynced = 'lost', seed = 0, ...next } = {}) => {
      const random = new Random(seed)
      disk.crashed = true
      lock.by = undefined
      platter.crash(unsynced, () => random.next())
      return life(platter, lock, next)
    },
    files: () => new Map([...platter.files].map(([path, inode]) => [path, inode.data.slice(0, inode.size)])),
    overwrite: (file, bytes) => platter.overwrite(file, bytes),
  }
}
