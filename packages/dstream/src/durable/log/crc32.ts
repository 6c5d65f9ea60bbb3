/**
 * The eight lookup tables. They take eight bytes at a time, which is more than twice as fast as one table and one byte.
 */
const tables = Array.from({ length: 8 }, () => new Int32Array(256))
for (let n = 0; n < 256; n++) {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  tables[0]![n] = c
}
for (let n = 0; n < 256; n++) {
  for (let k = 1; k < 8; k++) {
    const previous = tables[k - 1]![n]!
    tables[k]![n] = (previous >>> 8) ^ tables[0]![previous & 0xff]!
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array] // prettier-ignore

/**
 * Returns the CRC-32 of zlib, PNG and gzip. `seed` is the CRC of the preceding bytes, so that bytes can be summed in
 * pieces. Does not use `zlib.crc32`, since only `platform/` imports from Node; at about 1 GB/s the sum is a negligible
 * part of the cost of a journal.
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}
