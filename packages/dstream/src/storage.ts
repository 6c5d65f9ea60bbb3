export { fileStorage } from './platform/files/file-storage.js'
export {
  type MemoryStorage,
  memoryStorage,
  type MemoryStorageOptions,
} from './testing/simulated-disk/memory-storage.js'
export type { DiskCall, DiskFault } from './testing/simulated-disk/memory-disk.js'
export type { Unsynced } from './testing/simulated-disk/disk-state.js'
export type { Storage } from './base/ports.js'
