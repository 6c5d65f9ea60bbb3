import { createReadStream } from 'node:fs'
import type { FileFormat } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import { aBoolean, checkOptions } from '../../../base/options.js'
import { decompressed } from '../../../platform/files/decompress.js'
import { readRows } from './read-rows.js'
import type { CsvSettings } from './settings.js'
import { writeRows } from './write-rows.js'

/** A row of a CSV file by column. */
export type CsvRow = Readonly<Record<string, string>>

/** The options of `csv`. */
export interface CsvOptions {
  /**
   * The names of the columns. Reading: those of a file without a header, or the ones to read of a file with one; by default
   * the header names them. Writing: the columns in their order; by default the properties of the first record of a file.
   */
  readonly columns?: readonly string[] | undefined
  /** Whether the first row has the names; default `true`. */
  readonly header?: boolean | undefined
  /** The character between two values; default `,`. */
  readonly delimiter?: string | undefined
  /** The encoding of files that are read, a label of `TextDecoder`; default `utf-8`. Files are written as UTF-8. */
  readonly encoding?: string | undefined
}

/**
 * Returns the format of CSV files (RFC 4180), for `fileStream` and `fileSink`. A row that is read is an object of texts. Rows that
 * are written are objects or arrays: `null` and `undefined` become empty, dates ISO texts, other objects JSON. Files are read in
 * constant memory; `.gz` and `.zst` are decompressed. A row of another length than the header, or with a quote within a value that
 * has none around it, is a failing record: `onRecordError` decides, with the line in the error, and by default the file fails. A
 * quote that is not closed, or closed before the end of its value, and bytes of another encoding always fail the file, since
 * nothing tells where the next row begins.
 *
 * It needs the packages `csv-parse` for reading and `csv-stringify` for writing.
 *
 * @throws `bad-option`, `unknown-option`
 *
 * @example
 * import { csv } from 'dstream/csv'
 * import { fileSink } from 'dstream/sinks'
 * const orders = ssc.fileStream('orders', csv({ columns: ['shop', 'price'] }))
 * const totals = orders.mapToPair(({ shop, price }) => [shop, Number(price)]).reduceByKey((a, b) => a + b)
 * totals.to(fileSink('totals', { format: csv({ columns: ['shop', 'total'] }) }))
 */
export function csv<const C extends string>(
  options: CsvOptions & { readonly columns: readonly C[] },
): FileFormat<object, Readonly<Record<C, string>>>
export function csv<Row extends object = CsvRow>(options?: CsvOptions): FileFormat<object, Row>
export function csv<Row extends object>(options: CsvOptions = {}): FileFormat<object, Row> {
  const settings = checked(options)
  return {
    extension: 'csv',
    read: (path, refuse) =>
      readRows<Row>(
        decompressed(path, () => createReadStream(path)),
        settings,
        refuse,
      ),
    decode: (bytes) => readRows<Row>(one(bytes), settings),
    encode: (records) => writeRows(records, settings),
  }
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

function checked(options: CsvOptions): CsvSettings {
  checkOptions('csv', options, ['columns', 'header', 'delimiter', 'encoding'])
  const { columns, header = true, delimiter = ',', encoding = 'utf-8' } = options
  if (columns !== undefined) checkColumns(columns)
  if (typeof delimiter !== 'string' || [...delimiter].length !== 1 || /["\r\n]/.test(delimiter)) {
    throw badOption('csv', 'delimiter', 'one character, no quote and no line end', delimiter)
  }
  try {
    new TextDecoder(encoding)
  } catch {
    throw badOption('csv', 'encoding', 'a label of TextDecoder, such as utf-8 or windows-1252', encoding)
  }
  aBoolean('csv', 'header', header)
  if (!header && columns === undefined) {
    throw badOption('csv', 'columns', 'the names of the columns, since header is false', columns)
  }
  return { columns, header, delimiter, encoding }
}

function checkColumns(columns: unknown): void {
  const names = Array.isArray(columns) ? (columns as unknown[]) : []
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '__proto__'
  if (names.length === 0 || !names.every(isName) || new Set(names).size < names.length) {
    throw badOption('csv', 'columns', 'an array of different names', columns)
  }
}
