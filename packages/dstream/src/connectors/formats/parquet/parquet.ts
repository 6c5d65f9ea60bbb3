import type { FileFormat } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import { aBoolean, checkOptions, positiveInteger } from '../../../base/options.js'
import { PARQUET_TYPES, type ParquetType } from './column-types.js'
import { CODECS, type ParquetCompression } from './compression.js'
import { bufferOf, readRowGroups } from './read-row-groups.js'
import type { ParquetSettings } from './settings.js'
import { writeRowGroups } from './write-row-groups.js'

/** A row of a Parquet file by column. */
export type ParquetRow = Readonly<Record<string, unknown>>

/** The options of `parquet`. */
export interface ParquetOptions {
  /**
   * The columns with their types, in their order. Writing needs them: types that are guessed would differ from file to file.
   * Reading: the ones to read; by default all that the file has.
   */
  readonly columns?: Readonly<Record<string, ParquetType>> | undefined
  /** The compression of files that are written; default `snappy`. `zstd` needs Node 22.15 or later. */
  readonly compression?: ParquetCompression | undefined
  /** The most rows of a row group that is written; default 10,000. A row group is in memory as a whole. */
  readonly rowGroupSize?: number | undefined
  /** Whether byte arrays without a type are read as texts, as some old writers mean them; default `false`. */
  readonly binaryAsString?: boolean | undefined
}

/**
 * Returns the format of Apache Parquet files, for `fileStream` and `fileSink`. A row is an object. Whole numbers of 64 bits are read
 * as bigints, timestamps as dates, lists as arrays, structs as objects. Files are read one row group at a time. Every column that
 * is written may hold NULL, for which a record has `null`, `undefined` or nothing.
 *
 * It needs the package `hyparquet` for reading and `hyparquet-writer` for writing.
 *
 * @throws `bad-option`, `unknown-option`
 *
 * @example
 * import { parquet } from 'dstream/parquet'
 * import { fileSink } from 'dstream/sinks'
 * const orders = ssc.fileStream('orders', parquet<{ shop: string; price: number }>())
 * const totals = orders.mapToPair(({ shop, price }) => [shop, price]).reduceByKey((a, b) => a + b)
 * totals.to(fileSink('totals', { format: parquet({ columns: { shop: 'STRING', total: 'DOUBLE' } }) }))
 */
export function parquet<Row extends object = ParquetRow>(options: ParquetOptions = {}): FileFormat<object, Row> {
  const settings = checked(options)
  return {
    extension: 'parquet',
    read: (path) => readRowGroups<Row>((library) => library.asyncBufferFromFile(path), settings),
    decode: (bytes) => readRowGroups<Row>(() => bufferOf(bytes), settings),
    encode: (records) => writeRowGroups(records, settings),
  }
}

function checked(options: ParquetOptions): ParquetSettings {
  checkOptions('parquet', options, ['columns', 'compression', 'rowGroupSize', 'binaryAsString'])
  const { columns, compression = 'snappy', rowGroupSize = 10_000, binaryAsString = false } = options
  if (!Object.hasOwn(CODECS, compression)) {
    throw badOption('parquet', 'compression', `one of ${Object.keys(CODECS).join(', ')}`, compression)
  }
  return {
    columns: columns === undefined ? undefined : checkColumns(columns),
    codec: CODECS[compression],
    rowGroupSize: positiveInteger('parquet', 'rowGroupSize', rowGroupSize),
    binaryAsString: aBoolean('parquet', 'binaryAsString', binaryAsString),
  }
}

function checkColumns(columns: Readonly<Record<string, ParquetType>>): [string, ParquetType][] {
  const given: unknown = columns
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries = isObject ? Object.entries(given as Record<string, ParquetType>) : []
  if (entries.length === 0 || !entries.every(([, type]) => PARQUET_TYPES.includes(type))) {
    throw badOption('parquet', 'columns', `an object from names to types, of ${PARQUET_TYPES.join(', ')}`, given)
  }
  return entries
}
