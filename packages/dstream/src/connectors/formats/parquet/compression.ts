import * as zlib from 'node:zlib'
import { noZstandard } from '../../../base/errors/receive.js'

/** The compression of a file that is written; Spark's names. */
export type ParquetCompression = 'none' | 'snappy' | 'gzip' | 'brotli' | 'zstd'

type Convert = (bytes: Uint8Array) => Uint8Array

/** Zstandard, which only newer versions of Node have. */
const { zstdCompressSync, zstdDecompressSync } = zlib as { zstdCompressSync?: Convert; zstdDecompressSync?: Convert }

function withoutZstandard(): never {
  throw noZstandard('of Parquet', process.version)
}

/** The library has Snappy; Node has the others. */
export const DECOMPRESSORS: Readonly<Record<'GZIP' | 'BROTLI' | 'ZSTD', Convert>> = {
  GZIP: (bytes) => zlib.gunzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
  ZSTD: zstdDecompressSync ?? withoutZstandard,
}

export const COMPRESSORS: Readonly<Record<'GZIP' | 'BROTLI' | 'ZSTD', Convert>> = {
  GZIP: (bytes) => zlib.gzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliCompressSync(bytes),
  ZSTD: zstdCompressSync ?? withoutZstandard,
}

/** Option → the library's name of it. */
export const CODECS = {
  none: 'UNCOMPRESSED',
  snappy: 'SNAPPY',
  gzip: 'GZIP',
  brotli: 'BROTLI',
  zstd: 'ZSTD',
} as const satisfies Record<ParquetCompression, string>
