import { DStreamError } from 'dstream'
import { describe } from '../../base/text/describe.js'
import { escapeControl } from '../../base/text/escape.js'

export function pgMissing(where: string, cause: unknown): DStreamError {
  return new DStreamError(
    'pg-missing',
    `${where} needs the package pg, which is not installed beside dstream; run: npm install pg`,
    { cause },
  )
}

export function postgresAway(what: string, where: string, cause: unknown): DStreamError {
  return new DStreamError(
    'postgres-away',
    `Cannot ${what}: PostgreSQL at ${escapeControl(where)} is away (${reasonOf(cause)}). Check that it runs and that its ` +
      'address is right. A batch that got there is found before it is written again',
    { cause },
  )
}

export function postgresRefused(what: string, where: string, cause: unknown): DStreamError {
  return new DStreamError(
    'postgres-refused',
    `Cannot ${what}: PostgreSQL at ${escapeControl(where)} refuses: ${reasonOf(cause)}. Nothing of it has been written`,
    { cause },
  )
}

export function postgresOvertaken(id: string, where: string): DStreamError {
  return new DStreamError(
    'sink-overtaken',
    `another sink with the id ${describe(id)} has been opened on PostgreSQL at ${escapeControl(where)}, so this one writes ` +
      'nothing any more: another process runs the same job, or two sinks write to one table. Stop the other process, or ' +
      'give each sink an id of its own',
  )
}

export function ledgerMissing(where: string, ledger: string, statement: string, cause: unknown): DStreamError {
  return new DStreamError(
    'table-missing',
    `${where}: there is no table ${ledger} for the times of batches, and it cannot be created: ${reasonOf(cause)}. ` +
      `Create it as a user that may:\n${statement}`,
    { cause },
  )
}

/** Returns what an error says, with the column and the constraint that PostgreSQL names beside its message. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return escapeControl(String(cause))
  const { detail, hint } = cause as { detail?: unknown; hint?: unknown }
  // A host name with several addresses fails with the errors of all of them, and no message of its own.
  const several = cause instanceof AggregateError ? [...new Set(cause.errors.map(reasonOf))] : []
  const parts = [cause.message, ...several, detail, hint].filter((part) => typeof part === 'string' && part !== '')
  return escapeControl(parts.map((part) => String(part).replace(/\.$/, '')).join('; ')) || cause.name
}
