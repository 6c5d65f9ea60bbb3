import { GROUPED_IN_STREAM } from '../../base/text/groups.js'
import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'

/**
 * Groups the values of each key of a batch into one array, in order of arrival.
 *
 * Law: `groupByKey() = combineByKey(v => [v], (c, v) => [...c, v], (a, b) => [...a, ...b])`.
 */
export function groupByKey<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  options: PartitionOptions = {},
): Operator<[K, V[]]> {
  return { ...eachRDD('groupByKey', parent, (rdd) => rdd.groupByKey(options)), groups: GROUPED_IN_STREAM }
}
