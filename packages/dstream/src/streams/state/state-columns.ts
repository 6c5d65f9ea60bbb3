import { columnsOfChanges, columnsOfEntries, type ChangeColumns, type EntryColumns } from './columns.js'
import type { KeyedState } from './keyed-state.js'

/** Yields the entries of a partition as of the last committed version, in order of first arrival. */
export function* entryColumns(table: KeyedState<unknown>, partition: number): Generator<EntryColumns> {
  if (table.version === undefined) return
  const stored = table.stored(partition)
  try {
    yield* columnsOfEntries(stored.entries(), table.timed)
  } finally {
    stored.release()
  }
}

/** Returns the changes of the open batch. */
export function changeColumns(table: KeyedState<unknown>): Iterable<ChangeColumns> {
  return columnsOfChanges(table.changed, table.timed)
}
