import { setImmediate } from 'node:timers/promises'
import { RecordError } from 'dstream'
import type * as HyparquetWriter from 'hyparquet-writer'
import { badOption } from '../../../base/errors/options.js'
import { loadFormatLibrary } from '../load-library.js'
import { rowValues } from '../row-values.js'
import { converted, type ParquetType } from './column-types.js'
import { COMPRESSORS } from './compression.js'
import type { ParquetSettings } from './settings.js'

type Columns = NonNullable<ParquetSettings['columns']>

/** Returns a Parquet file of records. @throws RecordError for a record that is no row of the columns, `bad-option` without columns */
export async function writeRowGroups(
  records: readonly object[],
  { columns, codec, rowGroupSize }: ParquetSettings,
): Promise<Uint8Array> {
  if (columns === undefined) throw badOption('parquet', 'columns', 'the columns with their types, to write', columns)
  const { ByteWriter, parquetWriteRows } = await loadLibrary()
  const writer = new ByteWriter()
  await parquetWriteRows({
    writer,
    rows: rowsOf(records, columns, rowGroupSize),
    columns: columns.map(([name, type]) => ({ name, type })),
    codec,
    compressors: COMPRESSORS,
    rowGroupSize,
  })
  return writer.getBytes()
}

/** Yields a row for each record, and lets the event loop turn between two row groups. */
async function* rowsOf(
  records: readonly object[],
  columns: Columns,
  rowGroupSize: number,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  const names = columns.map(([name]) => name)
  for (const [i, record] of records.entries()) {
    if (i % rowGroupSize === 0) await setImmediate()
    yield rowOf(record, names, columns)
  }
}

function rowOf(record: object, names: readonly string[], columns: Columns): Record<string, unknown> {
  try {
    const values = rowValues(record, names)
    const of = ([name, type]: readonly [string, ParquetType], i: number) => [name, converted(name, type, values[i])]
    return Object.fromEntries(columns.map(of)) as Record<string, unknown>
  } catch (error) {
    throw new RecordError({ operator: 'parquet', time: undefined }, record, error)
  }
}

async function loadLibrary(): Promise<typeof HyparquetWriter> {
  return loadFormatLibrary<typeof HyparquetWriter>('parquet', 'hyparquet-writer', () => import('hyparquet-writer'))
}
