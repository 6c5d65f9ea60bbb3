import type { SavedForm } from '../../base/ports.js'
import { settledRecord } from '../../base/promises.js'
import type { Groups } from '../../base/text/groups.js'
import { recordForm } from '../../base/text/text-form.js'

/** The names of the actions that save, for their errors. */
export const SAVES: Readonly<Record<SavedForm, string>> = { text: 'saveAsTextFile', objects: 'saveAsObjectFile' }

/** Returns the records of a partition as they are saved: as lines, or as they are. */
export function savedRecords(form: SavedForm, records: readonly unknown[], groups: Groups | undefined) {
  return form === 'text' ? lines(records, recordForm(groups)) : records
}

function* lines(records: readonly unknown[], form: (record: unknown) => string): Generator<string> {
  for (const record of records) yield form(settledRecord(SAVES.text, record))
}
