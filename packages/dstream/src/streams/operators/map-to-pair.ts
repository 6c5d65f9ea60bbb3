import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'

/**
 * `map` to pairs of key and value, which TypeScript then knows for pairs: the keyed operators are there.
 *
 * Law: the records are those of `map(f)`.
 */
export function mapToPair<T, K extends Key, V>(
  parent: Operator<T>,
  f: (record: T) => readonly [K, V],
): Operator<[K, V]> {
  return eachRDD('mapToPair', parent, (rdd) => rdd.mapToPair(f))
}
