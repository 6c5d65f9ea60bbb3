import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * Maps one record to any number of pairs of key and value.
 *
 * Law: the records are those of `flatMap(f)`.
 */
export function flatMapToPair<T, K extends Key, V>(
  parent: Operator<T>,
  f: (record: T) => Iterable<readonly [K, V]>,
): Operator<[K, V]> {
  return eachRDD('flatMapToPair', parent, (rdd) => rdd.flatMapToPair(f), { functions: [f] })
}
