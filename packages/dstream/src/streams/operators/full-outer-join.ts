import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

/**
 * Joins and keeps the values of both sides without a partner; left values without one come last.
 *
 * Law: `fullOuterJoin = join` and the values of either side whose key the other does not have; in some order.
 */
export function fullOuterJoin<K extends Key, V, W>(
  left: Operator<readonly [K, V]>,
  right: Operator<readonly [K, W]>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W | undefined]]> {
  return pairwise('fullOuterJoin', left, right, (a, b) => a.fullOuterJoin(b, options))
}
