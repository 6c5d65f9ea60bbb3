import { DStreamError } from 'dstream'
import { describe } from '../../base/text/describe.js'
import { escapeControl } from '../../base/text/escape.js'

export function sqliteBusy(what: string, cause: unknown): DStreamError {
  return new DStreamError(
    'sqlite-busy',
    `Cannot ${what}: SQLite says ${reasonOf(cause)}. Another connection has the lock, or the disk is full; the batch waits for it`,
    { cause },
  )
}

export function sqliteRefused(what: string, cause: unknown): DStreamError {
  return new DStreamError(
    'sqlite-refused',
    `Cannot ${what}: SQLite says ${reasonOf(cause)}. Nothing of it has been written`,
    { cause },
  )
}

export function sqliteOvertaken(id: string): DStreamError {
  return new DStreamError(
    'sink-overtaken',
    `another sink with the id ${describe(id)} has been opened on this database, so this one writes nothing any more: another ` +
      'process runs the same job, or two sinks write to one table. Stop the other process, or give each sink an id of its own',
  )
}

function reasonOf(cause: unknown): string {
  return escapeControl(cause instanceof Error ? cause.message : String(cause))
}
