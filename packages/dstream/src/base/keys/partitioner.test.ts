import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { hashKey } from './hash.js'
import type { Key } from './key.js'
import {
  checkPartitionOptions,
  HashPartitioner,
  partitionerOf,
  partitionOf,
  samePartitioner,
  type Partitioner,
} from './partitioner.js'

function code(value: string) {
  return expect.objectContaining({ code: value })
}
const byLength: Partitioner = { numPartitions: 3, getPartition: (key) => String(key).length % 3 }
function giving(partition: unknown): Partitioner {
  return { numPartitions: 3, getPartition: () => partition as number }
}

describe('HashPartitioner', () => {
  test('takes the hash modulo the number of partitions, null to the first', () => {
    const key = fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.boolean(), fc.array(fc.string()))
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 50 }), (k, n) => {
        expect(new HashPartitioner(n).getPartition(k)).toBe(hashKey(k) % n)
        expect(new HashPartitioner(n).getPartition(null)).toBe(0)
      }),
    )
  })

  test('equals another of the same number', () => {
    expect(new HashPartitioner(3).equals(new HashPartitioner(3))).toBe(true)
    expect(new HashPartitioner(3).equals(new HashPartitioner(4))).toBe(false)
    expect(new HashPartitioner(3).equals(byLength)).toBe(false)
    expect(new HashPartitioner(3).equals(undefined)).toBe(false)
  })

  test.each([0, -1, 1.5, NaN, Infinity, '3' as unknown as number, undefined as unknown as number])(
    'refuses %s',
    (n) => {
      expect(() => new HashPartitioner(n)).toThrow(code('bad-option'))
      expect(() => new HashPartitioner(n)).toThrow(
        'HashPartitioner: numPartitions must be a whole number of at least 1',
      )
    },
  )

  test('one of another copy of the library is one', async () => {
    vi.resetModules()
    const other = await import('./partitioner.js')
    expect(other.HashPartitioner).not.toBe(HashPartitioner)
    expect(new other.HashPartitioner(2)).toBeInstanceOf(HashPartitioner)
    expect(new HashPartitioner(2).equals(new other.HashPartitioner(2))).toBe(true)
    expect(byLength).not.toBeInstanceOf(HashPartitioner)
  })
})

describe('partitionerOf', () => {
  test('the default, a number, a partitioner', () => {
    expect(partitionerOf(undefined, 4)).toEqual(new HashPartitioner(4))
    expect(partitionerOf({}, 4).numPartitions).toBe(4)
    expect(partitionerOf({ numPartitions: 2, partitioner: undefined }, 4)).toEqual(new HashPartitioner(2))
    expect(partitionerOf({ partitioner: byLength }, 4)).toBe(byLength)
    expect(partitionerOf({ numPartitions: 3, partitioner: byLength }, 4)).toBe(byLength)
  })

  test.each<[unknown, string, string]>([
    [{ numPartitions: 0 }, 'bad-option', 'join: numPartitions must be a whole number of at least 1, not 0'],
    [{ numPartitions: null }, 'bad-option', 'not null'],
    [{ numPartitions: 2, partitioner: byLength }, 'bad-option', 'numPartitions is 2 but the partitioner has 3'],
    [{ partitioner: 3 }, 'bad-partitioner', 'join: 3 is not a partitioner'],
    [{ partitioner: null }, 'bad-partitioner', 'null is not a partitioner'],
    [{ partitioner: { numPartitions: 3 } }, 'bad-partitioner', 'it needs numPartitions'],
    [{ partitioner: { numPartitions: 0, getPartition: () => 0 } }, 'bad-partitioner', 'of at least 1'],
  ])('%# refuses %j', (options, expected, words) => {
    expect(() => partitionerOf(options as object, 1, 'join')).toThrow(code(expected))
    expect(() => partitionerOf(options as object, 1, 'join')).toThrow(words)
  })
})

test('unknown partition options are refused', () => {
  expect(() => checkPartitionOptions('join', { numPartitions: 2 })).not.toThrow()
  expect(() => checkPartitionOptions('join', { partitions: 2 })).toThrow(code('unknown-option'))
  expect(() => checkPartitionOptions('join', 2)).toThrow(code('not-options'))
})

describe("a user's own partitioner", () => {
  test('is taken at its word within its range', () => {
    expect(['', 'a', 'bb', 'ccc'].map((key) => partitionOf(byLength, key))).toEqual([0, 1, 2, 0])
  })

  test.each([-1, 3, 1.5, NaN, undefined, '1', 1n])('is refused when it gives %s', (partition) => {
    const partitionIt = () => partitionOf(giving(partition), 'k' as Key)
    expect(partitionIt).toThrow(code('bad-partition'))
    expect(partitionIt).toThrow('getPartition("k") of a partitioner gave')
    expect(partitionIt).toThrow('a whole number from 0 to 2')
  })
})

test('two partitioners are the same when they are one or say so', () => {
  const saysYes = { ...byLength, equals: () => true }
  expect(samePartitioner(byLength, byLength)).toBe(true)
  expect(samePartitioner(byLength, { ...byLength })).toBe(false)
  expect(samePartitioner(saysYes, byLength)).toBe(true)
  expect(samePartitioner({ ...saysYes, numPartitions: 2 }, byLength)).toBe(false)
  expect(samePartitioner(new HashPartitioner(2), new HashPartitioner(2))).toBe(true)
  expect(samePartitioner(new HashPartitioner(2), undefined)).toBe(false)
  expect(samePartitioner(undefined, undefined)).toBe(false)
})
