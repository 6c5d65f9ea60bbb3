import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * Maps the values; keys and their partitions stay.
 *
 * Law: in each batch, `out = in.map(([k, v]) => [k, f(v)])`.
 */
export function mapValues<K extends Key, V, U>(
  parent: Operator<readonly [K, V]>,
  f: (value: V) => U,
): Operator<[K, U]> {
  return eachRDD('mapValues', parent, (rdd) => rdd.mapValues(f), { functions: [f] })
}
