import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

/**
 * Joins and keeps the left values without a partner, after all others: their right side is `undefined`.
 *
 * Law: `leftOuterJoin = join` and the left values whose key the right side does not have, with `undefined`; in some order.
 */
export function leftOuterJoin<K extends Key, V, W>(
  left: Operator<readonly [K, V]>,
  right: Operator<readonly [K, W]>,
  options: PartitionOptions = {},
): Operator<[K, [V, W | undefined]]> {
  return pairwise('leftOuterJoin', left, right, (a, b) => a.leftOuterJoin(b, options))
}
