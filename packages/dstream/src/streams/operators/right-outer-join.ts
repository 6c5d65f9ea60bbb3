import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

/**
 * Joins and keeps the right values without a partner: their left side is `undefined`.
 *
 * Law: `rightOuterJoin = join` and the right values whose key the left side does not have, with `undefined`; in some order.
 */
export function rightOuterJoin<K extends Key, V, W>(
  left: Operator<readonly [K, V]>,
  right: Operator<readonly [K, W]>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W]]> {
  return pairwise('rightOuterJoin', left, right, (a, b) => a.rightOuterJoin(b, options))
}
