import { COGROUPED } from '../../base/text/groups.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import { pairwise } from './internal/pairwise.js'

/**
 * Groups two keyed streams by key: for every key of either side in a batch, the values of the left and of the right side, in
 * order of arrival. Keys of the left side come first.
 *
 * Law: the values of a key are those of `groupByKey` on each side, `[]` where a side has none.
 */
export function cogroup<K extends Key, V, W>(
  left: Operator<readonly [K, V]>,
  right: Operator<readonly [K, W]>,
  options: PartitionOptions = {},
): Operator<[K, [V[], W[]]]> {
  return { ...pairwise('cogroup', left, right, (a, b) => a.cogroup(b, options)), groups: COGROUPED }
}
