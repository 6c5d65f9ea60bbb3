import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

/**
 * Joins two keyed streams: every pair of values of one key within a batch, in the order of the right side.
 *
 * Law: `join = cogroup` and then, per key, the product of both sides; in some order.
 */
export function join<K extends Key, V, W>(
  left: Operator<readonly [K, V]>,
  right: Operator<readonly [K, W]>,
  options: PartitionOptions = {},
): Operator<[K, [V, W]]> {
  return pairwise('join', left, right, (a, b) => a.join(b, options))
}
