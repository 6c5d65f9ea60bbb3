export { fileStorage } from '../node/file-storage.js'
export { type MemoryStorage, memoryStorage, type MemoryStorageOptions } from './memory-storage.js'
export type { DiskCall, DiskFault, Unsynced } from './memory-disk.js'
export type { Storage } from '../ports.js'
