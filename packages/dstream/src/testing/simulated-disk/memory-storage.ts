import { storageLocked } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { Random } from '../../base/random.js'
import { DiskStorage } from '../../durable/storage/disk-storage.js'
import { type DiskCall, type DiskFault, MemoryDisk } from './memory-disk.js'
import { DiskState, type Unsynced } from './disk-state.js'

/** The options of `memoryStorage`. */
export interface MemoryStorageOptions {
  /** Called before each call of the simulated disk; returns the fault of that call, if any. */
  readonly fault?: ((call: DiskCall) => DiskFault | undefined) | undefined
}

/** A storage in memory that behaves like a disk: unsynced data does not survive a crash. */
export interface MemoryStorage extends Storage {
  /** The number of calls of the disk so far, so that a test can fail or crash the next run at each of them. */
  readonly calls: number
  /** Resolves when a fault has stopped the machine. */
  readonly crashed: Promise<void>
  /**
   * Stops the machine, and returns the storage of the next run. No call of this run that is under way, and no later
   * one, ever settles. `unsynced` is the fate of unsynced data (default `lost`); `torn` draws from `seed`.
   */
  crash(options?: MemoryStorageOptions & { unsynced?: Unsynced | undefined; seed?: number | undefined }): MemoryStorage
  /** Returns a copy of all files by name, synced or not. */
  files(): Map<string, Uint8Array>
  /** Replaces the durable bytes of a file, to damage it or to copy a directory; `undefined` deletes the file. */
  overwrite(file: string, bytes: Uint8Array | undefined): void
}

/**
 * Returns a storage that keeps everything in memory and simulates a disk with all its faults, for tests and for trials.
 *
 * @example
 * const storage = memoryStorage()
 * await storage.append('log', new Uint8Array([1, 2, 3]))
 * const nextRun = storage.crash()
 * await nextRun.read('log') // new Uint8Array([1, 2, 3])
 */
export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  return storageOn(new DiskState(), { by: undefined }, options)
}

function storageOn(state: DiskState, lock: { by: object | undefined }, options: MemoryStorageOptions): MemoryStorage {
  let crashed!: () => void
  const whenCrashed = new Promise<void>((resolve) => (crashed = resolve))
  const disk = new MemoryDisk(state, (call) => options.fault?.(call), crashed)
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
      return state.calls
    },
    crashed: whenCrashed,
    crash: ({ unsynced = 'lost', seed = 0, ...next } = {}) => {
      const random = new Random(seed)
      disk.crashed = true
      lock.by = undefined
      state.crash(unsynced, () => random.next())
      return storageOn(state, lock, next)
    },
    files: () => new Map([...state.files].map(([path, inode]) => [path, inode.data.slice(0, inode.size)])),
    overwrite: (file, bytes) => state.overwrite(file, bytes),
  }
}
