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
export const join = <K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V, W]]> => pairwise('join', left, right, (a, b) => a.join(b, options))

/** `join` that keeps the left values without a partner: their right side is `undefined`. */
export const leftOuterJoin = <K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V, W | undefined]]> => pairwise('leftOuterJoin', left, right, (a, b) => a.leftOuterJoin(b, options))

/** `join` that keeps the right values without a partner: their left side is `undefined`. */
export const rightOuterJoin = <K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W]]> => pairwise('rightOuterJoin', left, right, (a, b) => a.rightOuterJoin(b, options))

/** `join` that keeps the values of both sides. */
export const fullOuterJoin = <K extends Key, V, W>(
  left: Side<K, V>,
  right: Side<K, W>,
  options: PartitionOptions = {},
): Operator<[K, [V | undefined, W | undefined]]> =>
  pairwise('fullOuterJoin', left, right, (a, b) => a.fullOuterJoin(b, options))
