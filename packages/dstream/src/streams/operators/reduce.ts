import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Reduces each batch to one record, an empty batch to none. `f` is associative and commutative.
 *
 * Law: `out = in.length === 0 ? [] : [in.reduce(f)]`.
 */
export function reduce<T>(parent: Operator<T>, f: (a: T, b: T) => T): Operator<T> {
  return eachRDD('reduce', parent, (rdd) => rdd.reduced(f))
}
