import { badPartition, badPartitioner, partitionsDisagree } from '../errors/keys.js'
import { checkOptions, positiveInteger } from '../options.js'
import { hashKey } from './hash.js'
import type { Key } from './key.js'

/** Assigns each key to a partition, from 0 to `numPartitions` − 1, the same for equal keys. */
export interface Partitioner {
  readonly numPartitions: number
  getPartition(key: Key): number
  /** Returns whether `that` assigns every key to the same partition, so that no record need move between the two. */
  equals?(that: unknown): boolean
}

/**
 * Options of keyed operators for the partitions of the result: a number of hash partitions, or a partitioner. The default is
 * the `defaultParallelism` of the context, 1 unless set.
 */
export interface PartitionOptions {
  /** The number of partitions, by hash. */
  numPartitions?: number | undefined
  /** A partitioner; not together with another `numPartitions`. */
  partitioner?: Partitioner | undefined
}

const brand = Symbol.for('dstream.hash-partitioner')

/**
 * Distributes keys by their hash; `null` goes to partition 0. The hash is not Java's. It is the same in every process.
 *
 * @example
 * new HashPartitioner(4).getPartition('a') // a number from 0 to 3
 */
export class HashPartitioner implements Partitioner {
  readonly numPartitions: number

  /** @throws `bad-option` when `numPartitions` is not a whole number of at least 1 */
  constructor(numPartitions: number) {
    this.numPartitions = positiveInteger('HashPartitioner', 'numPartitions', numPartitions)
    Object.freeze(this)
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HashPartitioner) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isHashPartitioner(value)
  }

  /** Returns the partition of a key. @throws `key-not-allowed` */
  getPartition(key: Key): number {
    return this.numPartitions === 1 ? 0 : hashKey(key) % this.numPartitions
  }

  /** Returns whether `that` is a hash partitioner with the same number of partitions. */
  equals(that: unknown): boolean {
    return isHashPartitioner(that) && that.numPartitions === this.numPartitions
  }
}

/**
 * Returns the partitioner of the options, else one by hash with their number of partitions, else with `defaultParallelism`.
 * `where` is the operator as the user wrote it. @throws `bad-option`, `bad-partitioner`
 */
export function partitionerOf(
  options: PartitionOptions | undefined,
  defaultParallelism: number,
  where = 'options',
): Partitioner {
  const { numPartitions, partitioner } = options ?? {}
  if (numPartitions !== undefined) positiveInteger(where, 'numPartitions', numPartitions)
  if (partitioner === undefined) return new HashPartitioner(numPartitions ?? defaultParallelism)
  checkPartitioner(where, partitioner)
  if (numPartitions !== undefined && numPartitions !== partitioner.numPartitions) {
    throw partitionsDisagree(where, numPartitions, partitioner.numPartitions)
  }
  return partitioner
}

/** Returns whether options give a number of partitions or a partitioner. */
export function asksFor(options: PartitionOptions | undefined): boolean {
  return options?.numPartitions !== undefined || options?.partitioner !== undefined
}

/** Checks the options of an operator that takes only PartitionOptions. @throws `unknown-option`, `not-options` */
export function checkPartitionOptions(where: string, options: unknown): void {
  checkOptions(where, options, ['numPartitions', 'partitioner'])
}

/** Checks that a value is a partitioner. @throws `bad-partitioner` */
export function checkPartitioner(where: string, value: unknown): asserts value is Partitioner {
  const { numPartitions, getPartition } = (value ?? {}) as Partial<Partitioner>
  const fits = typeof getPartition === 'function' && Number.isSafeInteger(numPartitions) && (numPartitions ?? 0) >= 1
  if (!fits) throw badPartitioner(where, value)
}

/** Returns the partition of a key, and checks it, since users can write partitioners. @throws `bad-partition`, `key-not-allowed` */
export function partitionOf(partitioner: Partitioner, key: Key): number {
  const partition = partitioner.getPartition(key)
  if (Number.isInteger(partition) && partition >= 0 && partition < partitioner.numPartitions) return partition
  throw badPartition(key, partition, partitioner.numPartitions)
}

/** Returns whether two partitioners assign every key to the same partition: they are one, or `equals` says so. */
export function samePartitioner(a: Partitioner | undefined, b: Partitioner | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || (a.numPartitions === b.numPartitions && a.equals?.(b) === true)
}

function isHashPartitioner(value: unknown): value is HashPartitioner {
  return typeof value === 'object' && value !== null && brand in value
}
