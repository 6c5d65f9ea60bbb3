import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Counts the records of each batch; 0 for an empty one.
 *
 * Law: `out = [in.length]`.
 */
export function count<T>(parent: Operator<T>): Operator<number> {
  return eachRDD('count', parent, (rdd) => rdd.counted())
}
