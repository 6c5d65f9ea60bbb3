import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

type Side<K extends Key, V> = Operator<readonly [K, V]>

/**
 * Every pair of values of one key within a batch, in the order of the right side; what an outer join keeps of the left
 * comes last.
 *
 * Law: `join = cogroup` and then, per key, the product of both sides; in some order.
 */
export function join<K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V, W]]> {
  return pairwise('join', left, right, (a, b) => a.join(b, options))
}

/** `join` that keeps the left values without a partner: their right side is `undefined`. */
export function leftOuterJoin<K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V, W | undefined]]> {
  return pairwise('leftOuterJoin', left, right, (a, b) => a.leftOuterJoin(b, options))
}

/** `join` that keeps the right values without a partner: their left side is `undefined`. */
export function rightOuterJoin<K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W]]> {
  return pairwise('rightOuterJoin', left, right, (a, b) => a.rightOuterJoin(b, options))
}

/** `join` that keeps the values of both sides. */
export function fullOuterJoin<K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W | undefined]]> {
  return pairwise('fullOuterJoin', left, right, (a, b) => a.fullOuterJoin(b, options))
}
