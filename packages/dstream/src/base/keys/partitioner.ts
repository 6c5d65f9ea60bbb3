import { badPartition, badPartitioner, partitionsDisagree } from '../errors/keys.js'
import { checkOptions, positiveInteger } from '../options.js'
import { hashKey } from './hash.js'
import type { Key } from './key.js'

/** Says which partition a key belongs to: a whole number from 0 to `numPartitions` − 1, the same for equal keys. */
export interface Partitioner {
  readonly numPartitions: number
  getPartition(key: Key): number
  /** Whether `that` gives every key the same partition, so that nothing need be moved between the two. */
  equals?(that: unknown): boolean
}

/**
 * Where the keys of a result lie: in so many partitions by hash, or as a partitioner says. By default the context's
 * parallelism, 1 unless it is given.
 */
export interface PartitionOptions {
  /** In so many, by hash. */
  numPartitions?: number | undefined
  /** As it says; not together with another `numPartitions`. */
  partitioner?: Partitioner | undefined
}

const brand = Symbol.for('dstream.hash-partitioner')

/**
 * Spreads keys by their hash; `null` goes to partition 0. The hash is this library's own (not Java's) and the same in
 * every process.
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

  /** By brand, not by class: a program can hold the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HashPartitioner) return Function.prototype[Symbol.hasInstance].call(this, value)
    return isHashPartitioner(value)
  }

  /** @throws `key-not-allowed` */
  getPartition(key: Key): number {
    return this.numPartitions === 1 ? 0 : hashKey(key) % this.numPartitions
  }

  /** Whether `that` is a hash partitioner of as many partitions. */
  equals(that: unknown): boolean {
    return isHashPartitioner(that) && that.numPartitions === this.numPartitions
  }
}

/**
 * The partitioner that options ask for, else hash partitions by their number, else `defaultParallelism` of them.
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

/** Whether options say anything of partitions. */
export function asksFor(options: PartitionOptions | undefined): boolean {
  return options?.numPartitions !== undefined || options?.partitioner !== undefined
}

/** {@link checkOptions} for an operator that takes PartitionOptions and nothing else. @throws `unknown-option`, `not-options` */
export function checkPartitionOptions(where: string, options: unknown): void {
  checkOptions(where, options, ['numPartitions', 'partitioner'])
}

/** @throws `bad-partitioner` when `value` has not what a partitioner needs */
export function checkPartitioner(where: string, value: unknown): asserts value is Partitioner {
  const { numPartitions, getPartition } = (value ?? {}) as Partial<Partitioner>
  const fits = typeof getPartition === 'function' && Number.isSafeInteger(numPartitions) && (numPartitions ?? 0) >= 1
  if (!fits) throw badPartitioner(where, value)
}

/** The partition of a key, checked: a partitioner may be the user's own. @throws `bad-partition`, `key-not-allowed` */
export function partitionOf(partitioner: Partitioner, key: Key): number {
  const partition = partitioner.getPartition(key)
  if (Number.isInteger(partition) && partition >= 0 && partition < partitioner.numPartitions) return partition
  throw badPartition(key, partition, partitioner.numPartitions)
}

/** Whether two partitioners give every key the same partition; said by themselves, or because they are one. */
export function samePartitioner(a: Partitioner | undefined, b: Partitioner | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || (a.numPartitions === b.numPartitions && a.equals?.(b) === true)
}

function isHashPartitioner(value: unknown): value is HashPartitioner {
  return typeof value === 'object' && value !== null && brand in value
}
