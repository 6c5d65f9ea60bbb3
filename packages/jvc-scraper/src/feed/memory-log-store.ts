import { randomBytes } from 'node:crypto'
import type { LogStore, StoredLog } from './log-store.js'

/** A store without persistence: the log ends with the process, and the next log has another id. */
export class MemoryLogStore implements LogStore {
  open(): Promise<StoredLog> {
    return Promise.resolve({ id: newLogId(), next: 0, entries: [] })
  }

  append(): Promise<void> {
    return Promise.resolve()
  }

  recover(): Promise<[]> {
    return Promise.resolve([])
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Returns a unique identity for a new log. */
export function newLogId(): string {
  return randomBytes(6).toString('hex')
}
