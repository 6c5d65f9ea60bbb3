import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * Maps each value to any number of values under the same key; keys and their partitions stay.
 *
 * Law: in each batch, `out = in.flatMap(([k, v]) => f(v).map(u => [k, u]))`.
 */
export function flatMapValues<K extends Key, V, U>(
  parent: Operator<readonly [K, V]>,
  f: (value: V) => Iterable<U>,
): Operator<[K, U]> {
  return eachRDD('flatMapValues', parent, (rdd) => rdd.flatMapValues(f), { functions: [f] })
}
