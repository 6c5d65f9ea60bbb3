import type { ParquetType } from './column-types.js'
import type { CODECS, ParquetCompression } from './compression.js'

/** The options with their defaults. */
export interface ParquetSettings {
  readonly columns: readonly (readonly [name: string, type: ParquetType])[] | undefined
  readonly codec: (typeof CODECS)[ParquetCompression]
  readonly rowGroupSize: number
  readonly binaryAsString: boolean
}
