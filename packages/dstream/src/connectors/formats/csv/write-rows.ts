import { setImmediate } from 'node:timers/promises'
import type * as CsvStringify from 'csv-stringify/sync'
import { RecordError } from 'dstream'
import { loadFormatLibrary } from '../load-library.js'
import { rowValues } from '../row-values.js'
import type { CsvSettings } from './settings.js'

/** The rows that are written in one go; the event loop turns between two of them. */
const ROWS_AT_ONCE = 1000

/** Returns a CSV file of records. @throws RecordError for a record that is no row of the columns */
export async function writeRows(records: readonly object[], settings: CsvSettings): Promise<Uint8Array> {
  const { stringify } = await loadStringifier()
  const columns = settings.columns ?? namesOf(records)
  const nothing = { value: '', quoted_empty: columns.length === 1 }
  const text = (rows: readonly (readonly unknown[])[]): Buffer =>
    Buffer.from(
      stringify(rows as unknown[], {
        delimiter: settings.delimiter,
        // Quotes tell an empty text from NULL. Alone in a row NULL needs them too: it would be an empty line, which is no row.
        quoted_empty: true,
        // A byte order mark at the begin of the first name would be taken for that of the file.
        quoted_match: [/[\r\n\ufeff]/],
        cast: {
          null: () => nothing,
          undefined: () => nothing,
          boolean: String,
          date: (date) => date.toISOString(),
          bigint: String,
          object: (value) => JSON.stringify(value),
        },
      }),
    )
  const pieces: Uint8Array[] = settings.header && columns.length > 0 ? [text([columns])] : []
  for (let from = 0; from < records.length; from += ROWS_AT_ONCE) {
    pieces.push(text(records.slice(from, from + ROWS_AT_ONCE).map((record) => valuesOf(record, columns))))
    await setImmediate()
  }
  return Buffer.concat(pieces)
}

/** Returns the columns that the first record has: its properties, or the numbers of its values. */
function namesOf([first]: readonly object[]): string[] {
  return first === undefined ? [] : Object.keys(first)
}

function valuesOf(record: object, columns: readonly string[]): readonly unknown[] {
  try {
    return rowValues(record, columns)
  } catch (error) {
    throw new RecordError({ operator: 'csv', time: undefined }, record, error)
  }
}

async function loadStringifier(): Promise<typeof CsvStringify> {
  return loadFormatLibrary<typeof CsvStringify>('csv', 'csv-stringify', () => import('csv-stringify/sync'))
}
