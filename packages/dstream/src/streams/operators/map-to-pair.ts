import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * Maps one record to a pair of key and value, so that TypeScript offers the operators for pairs.
 *
 * Law: the records are those of `map(f)`.
 */
export function mapToPair<T, K extends Key, V>(
  parent: Operator<T>,
  f: (record: T) => readonly [K, V],
): Operator<[K, V]> {
  return eachRDD('mapToPair', parent, (rdd) => rdd.mapToPair(f), { functions: [f] })
}
