import { setImmediate } from 'node:timers/promises'
import type * as Hyparquet from 'hyparquet'
import { loadFormatLibrary } from '../load-library.js'
import { DECOMPRESSORS } from './compression.js'
import type { ParquetSettings } from './settings.js'

// The declarations of the package leave out the functions for files, which its entry for Node has.
type Library = typeof Hyparquet & { asyncBufferFromFile(path: string): Promise<Hyparquet.AsyncBuffer> }

/** Returns bytes in memory as the library reads them. */
export function bufferOf(bytes: Uint8Array): Hyparquet.AsyncBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  const whole = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  return { byteLength, slice: (start, end) => whole.slice(start, end) }
}

/** Reads the rows of a file, with one row group in memory at a time. */
export async function* readRowGroups<Row>(
  open: (library: Library) => Hyparquet.AsyncBuffer | Promise<Hyparquet.AsyncBuffer>,
  { columns, binaryAsString }: ParquetSettings,
): AsyncGenerator<Row, void, undefined> {
  const library = await loadLibrary()
  const file = await open(library)
  const metadata = await library.parquetMetadataAsync(file)
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    yield* (await library.parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors: DECOMPRESSORS,
      utf8: binaryAsString,
      ...(columns && { columns: columns.map(([name]) => name) }),
    })) as Row[]
    rowStart = rowEnd
    await setImmediate()
  }
}

async function loadLibrary(): Promise<Library> {
  return loadFormatLibrary<Library>('parquet', 'hyparquet', () => import('hyparquet') as Promise<Library>)
}
