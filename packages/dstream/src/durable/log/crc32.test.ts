import { crc32 as zlibCrc } from 'node:zlib'
import { expect, test } from 'vitest'
import fc from 'fast-check'
import { crc32 } from './crc32.js'

test('is the CRC of zlib, whole and in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
      expect(crc32(a)).toBe(zlibCrc(a))
      expect(crc32(b, crc32(a))).toBe(zlibCrc(Buffer.concat([a, b])))
    }),
  )
})
