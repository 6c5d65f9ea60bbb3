import { hashString, mix } from './hash-string.js'
import { canonicalOf } from './intern.js'

/**
 * Hashes a key to a whole number from 0 to 2³¹ − 1 that is the same for equal keys in every process and on every machine.
 * The hash of `null` is 0.
 * @throws `key-not-allowed`
 */
export function hashKey(key: unknown): number {
  switch (typeof key) {
    case 'string':
      return hashString(key)
    case 'number':
      return hashNumber(key)
    case 'boolean':
      return key ? 1 : 0
    case 'bigint':
      return mix(hashString(key.toString()) ^ 0x5bd1e995)
    default:
      return key === null ? 0 : canonicalOf(key).hash
  }
}

const bits = new DataView(new ArrayBuffer(8))

function hashNumber(n: number): number {
  if ((n | 0) === n) return mix(n | 0)
  // Uses one bit pattern for all NaNs, which are one key.
  bits.setFloat64(0, Number.isNaN(n) ? NaN : n)
  return mix(Math.imul(bits.getInt32(0), 31) ^ bits.getInt32(4))
}
