export { parquet, type ParquetOptions, type ParquetRow } from './parquet.js'
export type { ParquetType } from './column-types.js'
export type { ParquetCompression } from './compression.js'
