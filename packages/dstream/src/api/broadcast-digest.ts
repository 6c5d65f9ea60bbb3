import { encodeValue } from '../durable/codec/value-codec.js'
import { crc32 } from '../durable/log/crc32.js'

/** Returns a short text that equal values share in all threads; `undefined` for a value that cannot be stored. */
export function digestOf(value: unknown): string | undefined {
  try {
    const bytes = encodeValue(value)
    return `${bytes.length}-${crc32(bytes)}`
  } catch {
    return undefined
  }
}
