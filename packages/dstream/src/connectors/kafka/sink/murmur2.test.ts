import { murmur2 as ofTheClient } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.js'

test('law: the hash is that of the client, which is that of the producers in Java', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(murmur2(bytes) | 0).toBe(ofTheClient(Buffer.from(bytes)))
    }),
  )
})

test('the partition of a key is in range', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 50 }), (key, partitions) => {
      const partition = partitionOf(key, partitions)
      expect(partition >= 0 && partition < partitions).toBe(true)
    }),
  )
})
